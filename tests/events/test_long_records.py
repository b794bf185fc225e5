"""Records of any length: one that is too long is one reject, and neither memory nor time grows with it."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from events.memory import memory_of_reading
from events.scans import ROWS, TUBES, codes, column, counts, csv_text, read, read_text, tubes
from poolpipe.events.isolation import Isolated
from poolpipe.policy import Policy
from poolpipe_kernels import framing

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np

CASES = Path(__file__).parents[1] / "cases"
SHORT = 1 << 12
POLICY = Policy().model_copy(update={"files": Policy().files.model_copy(update={"longest_record": SHORT})})
AT = "2022-02-10T08:00:00Z"
ZEROS = 40 << 20


@pytest.fixture(name="child", scope="module")
def _child() -> Iterator[Isolated]:
    isolated = Isolated(memory=64 << 30, seconds=300)
    yield isolated
    isolated.close()


def _object(tube: str, **more: Any) -> str:
    return json.dumps({"at": AT, "tube": tube, "person": "H1", **more}) + "\n"


@pytest.mark.parametrize("size", [SHORT + 1, 100_000, 20 << 20])
@pytest.mark.parametrize("form", ["csv", "ndjson"])
def test_line__that_is_too_long_is_one_reject_and_spares_its_neighbours(
    form: str, size: int, tmp_path: Path
) -> None:
    if form == "csv":
        lines = csv_text(ROWS[:3]).splitlines(keepends=True)
        lines[2] = "x" * size + "\n"
    else:
        lines = ["\n", *(_object(tube) for tube in TUBES[:3])]
        lines[2] = _object("T", name="x" * size)
    events = read_text(tmp_path, "".join(lines), f"collect.{form}", policy=POLICY)
    assert tubes(events) == [TUBES[0], TUBES[2]]
    assert codes(events) == [(3, "not_parseable")]
    assert "files.longest_record" in events.rejects["detail"][0]
    assert len(events.rejects["raw"][0]) == 1000


@pytest.mark.parametrize("block", [1 << 16, 70_001, 1 << 24])
@pytest.mark.parametrize("form", ["csv", "ndjson"])
def test_line__that_is_too_long_is_the_same_wherever_blocks_end(
    form: str, block: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("poolpipe.events.streams.BLOCK", block)
    good = [f"{AT},T{n},H{n},\n" if form == "csv" else _object(f"T{n}") for n in range(2000)]
    good[700] = "y" * 200_000 + "\r\n"
    good[1500] = "z" * (SHORT + 1) + "\n"
    good[1990] = "0" * SHORT + "\n"  # as long as may be: no record for another reason
    head = "at,tube,person,name\n" if form == "csv" else "\n"
    events = read_text(tmp_path, head + "".join(good), f"collect.{form}", policy=POLICY)
    assert tubes(events) == sorted(f"T{n}" for n in range(2000) if n not in (700, 1500, 1990))
    assert codes(events) == [(702, "not_parseable"), (1502, "not_parseable"), (1992, "not_parseable")]
    told = events.rejects.sort("line")["detail"].to_list()
    assert ["longest_record" in detail for detail in told] == [True, True, False]


@pytest.mark.parametrize("form", ["csv", "ndjson", "csv.gz"])
def test_zeros__behind_the_data_cost_no_record_before_them_and_little_memory(
    form: str, tmp_path: Path, child: Isolated
) -> None:
    text = csv_text() if form != "ndjson" else "".join(_object(tube) for tube in TUBES)
    content = text.encode() + bytes(ZEROS)
    path = tmp_path / f"collect.{form}"
    path.write_bytes(gzip.compress(content, 1) if form == "csv.gz" else content)
    told, megabytes = child.call(memory_of_reading, str(path))
    assert told == (5, 4, 0, 1)
    assert megabytes < 350


def test_zeros__are_framed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every block was framed again together with all before it: 300 MB took 46 s."""
    framed: list[int] = []

    def counted(text: np.ndarray[Any, np.dtype[np.uint8]], *rest: Any) -> Any:
        framed.append(len(text))
        return framing.frame(text, *rest)

    monkeypatch.setattr("poolpipe.events.streams.BLOCK", 1 << 16)
    counted_by = type(
        "Records", (), {"frame": staticmethod(counted), "LONG": framing.LONG, "FINE": 0, "STRAY": 1}
    )
    monkeypatch.setattr("poolpipe.events.csv_records.framing", counted_by)
    content = csv_text().encode() + bytes(4 << 20)
    read_text(tmp_path, content, policy=POLICY)
    assert sum(framed) < 1.5 * len(content)


def test_file__of_nothing_but_zeros_is_one_reject(tmp_path: Path) -> None:
    for size in (100, 100_000):
        events = read_text(tmp_path, bytes(size), f"collect-{size}.csv", policy=POLICY)
        assert counts(events) == (1, 0, 0, 1), size


def test_bomb__of_gzip_is_one_reject_within_bounded_memory(child: Isolated) -> None:
    told, megabytes = child.call(memory_of_reading, str(CASES / "torture" / "gzip-bomb"))
    assert told == (1, 0, 0, 1)
    assert megabytes < 350


def test_header__of_a_hundred_thousand_names_is_one(tmp_path: Path) -> None:
    names = [f"c{number}" for number in range(100_000)]
    cells = ["x"] * len(names)
    names[70_000:70_003] = ["at", "tube", "person"]
    lines = [names]
    for tube in TUBES[:2]:
        lines.append([*cells[:70_000], AT, tube, "H1", *cells[70_003:]])
    events = read_text(tmp_path, "".join(",".join(line) + "\n" for line in lines))
    assert tubes(events) == TUBES[:2]
    assert len(events.left_out["collect.csv"]) == len(names) - 3


@pytest.mark.parametrize("quote", ["", '"'])
def test_header__with_a_name_of_a_megabyte_is_one(quote: str, tmp_path: Path) -> None:
    long = quote + "n" * (1 << 20) + quote
    events = read_text(tmp_path, f"at,tube,person,{long}\n{AT},T1,H1,x\n")
    assert tubes(events) == ["T1"]


def test_header__that_is_too_long_leaves_every_line_named(tmp_path: Path) -> None:
    text = csv_text(header=("at", "tube", "person", "site", "n" * SHORT))
    events = read_text(tmp_path, text, policy=POLICY)
    assert codes(events) == [(line, "not_parseable") for line in range(1, 6)]
    assert all("no header" in detail for detail in events.rejects["detail"])


def test_cell__within_the_bound_is_read(tmp_path: Path) -> None:
    name = "n" * 60_000
    events = read_text(tmp_path, f'at,tube,person,name\n{AT},T1,H1,"{name}"\n{AT},T2,H2,{name * 60}\n')
    assert column(events, "name") == [name, name * 60]


def test_nesting__without_end_is_one_reject(tmp_path: Path) -> None:
    deep = [
        '{"at":' + "[" * 100_000 + "]" * 100_000 + "}",
        '{"x":' * 50_000 + "1" + "}" * 50_000,
        "[" * 1_000_000,
    ]
    text = "".join([_object("T1"), *(line + "\n" for line in deep), _object("T2", x=[[[1]]])])
    events = read_text(tmp_path, text, "collect.ndjson")
    assert tubes(events) == ["T1", "T2"]
    assert codes(events) == [(line, "not_parseable") for line in (2, 3, 4)]
    assert all("inside one another" in detail for detail in events.rejects["detail"])


def test_brackets__by_the_hundred_are_no_nesting(tmp_path: Path) -> None:
    text = _object("T1", x=[[n] for n in range(500)]) + _object("T2", name="[" * 500)
    assert tubes(read_text(tmp_path, text, "collect.ndjson")) == ["T1", "T2"]


def test_deep_json__of_the_case_is_one_reject() -> None:
    assert codes(read(CASES / "torture" / "deep-json")) == [(1, "not_parseable")]
