"""Nobody's number, name or telephone leaves a run but in the tables: not in the summary, on no board, in no message."""

from __future__ import annotations

import json
import random
import string

import polars as pl
import pytest
from click.testing import CliRunner

from cli.scans import write_scans
from house.rooms import ROOT
from poolpipe.cli import poolpipe

CASES = ROOT / "tests" / "cases"
SURNAMES = "赵钱孙欧阳诸葛司徒"
GIVEN = "龘骉麤靐鱻犇猋羴"
COLUMNS = ("at", "tube", "person", "person_type", "name", "phone")
ELSEWHERE = ("at", "mode", "capacity", "sent_at", "recall_of", "person_type")
"""Columns in which a person's data that slipped into them is refused."""


WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def resident_id(rng):
    region = rng.choice(("360781", "110101", "310115"))
    born = f"{rng.randint(1931, 2012)}{rng.randint(1, 12):02}{rng.randint(1, 28):02}"
    number = f"{region}{born}{rng.randint(0, 999):03}"
    total = sum(int(digit) * weight for digit, weight in zip(number, WEIGHTS, strict=True))
    return number + "10X98765432"[total % 11]


class Somebody:
    """An invented person, every fact of whom is unlike all others'."""

    def __init__(self, rng):
        self.number = resident_id(rng)
        self.passport = "E" + "".join(rng.choices(string.digits, k=8))
        self.phone = f"1{rng.choice('3578')}{rng.randint(10**8, 10**9 - 1)}"
        self.name = rng.choice(SURNAMES) + "".join(rng.sample(GIVEN, 2))
        self.latin = (
            "".join(rng.sample("BCDFGHKLMNPQ", 4)).title()
            + " "
            + "".join(rng.sample("bcdfghklmnpq", 6)).title()
        )

    @property
    def facts(self):
        return {self.number, self.passport, self.phone, self.name, self.latin}


def good(someone, rng):
    document = rng.choice((("RIC", someone.number), ("PASSPORT", someone.passport)))
    return {
        "at": f"2022-04-04T08:{rng.randint(0, 59):02}:00+08:00",
        "tube": f"T{rng.randint(1, 3)}",
        "person_type": document[0],
        "person": document[1],
        "name": rng.choice((someone.name, someone.latin)),
        "phone": someone.phone,
    }


def slipped(someone, rng):
    """A row with a fact of the person in a column where it makes no sense."""
    row = good(someone, rng)
    fact = rng.choice(
        (
            someone.name,
            someone.latin,
            f"{someone.phone} {someone.name}",
            f"{someone.number}（{someone.name}）",
        )
    )
    row[rng.choice(ELSEWHERE[:-1])] = fact
    return row


def csv_text(rows, columns=None):
    columns = columns or list(dict.fromkeys(name for row in rows for name in row))
    lines = [",".join(columns), *(",".join(str(row.get(name, "")) for name in columns) for row in rows)]
    return "\n".join(lines) + "\n"


def write_odd_files(folder, people, rng):
    rows = [good(someone, rng) for someone in people]
    odd = [slipped(someone, rng) for someone in people]
    files = {
        "collect-good.csv": csv_text(rows),
        "collect-slipped.csv": csv_text(odd),
        "collect-no-header.csv": csv_text(rows, list(COLUMNS)).split("\n", 1)[1],
        "collect-wide.csv": csv_text(rows).replace("\n", f",{people[0].name},{people[0].phone}\n").replace(",", ",", 1),
        "collect-broken.csv": csv_text(rows)[:-20] + '"' + people[1].name,
        "collect.ndjson": "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in (*rows, *odd)),
        "collect-nested.ndjson": "".join(
            json.dumps({"at": row["at"], "tube": row["tube"], "person": {"id": row["person"], "name": row["name"]}}) + "\n"
            for row in rows
        ),
        "collect-keys.ndjson": json.dumps({people[2].number: people[2].name, "at": rows[2]["at"], "tube": "T1"}) + "\n",
        "collect-cut.ndjson": json.dumps(rows[3], ensure_ascii=False)[:-9] + "\n",
        "events.csv": csv_text([{"kind": people[4].name, **rows[4]}, {"kind": people[4].number, **rows[4]}]),
        "report.csv": csv_text([{"at": rows[0]["at"], "tube": "T1", "call": people[5].name, "lab": "L1"}]),
        "report-good.csv": csv_text(
            [{"at": "2022-04-04T20:00:00+08:00", "tube": f"T{n}", "call": "positive", "lab": "L1"} for n in (1, 2, 3)]
        ),
        "load.csv": csv_text(
            [
                {"at": rows[0]["at"], "plate": "P1", "well": people[5].phone, "lab": "L1", "tube": "T1"},
                {"at": rows[0]["at"], "plate": "P1", "well": "A01", "lab": "L1", "tube": people[5].latin, "role": ""},
                {"at": rows[0]["at"], "plate": "P1", "well": "A02", "lab": "L1", "tube": "T2", "role": people[5].name},
            ]
        ),
        "read.csv": csv_text([{"at": rows[0]["at"], "plate": "P1", "well": "A01", "target": "N", "ct": people[5].name}]),
        "receive.csv": csv_text(
            [
                {"at": f"2022-04-04T1{n}:00:00+08:00", "box": "B1", "giver": people[6].name, "receiver": people[7].latin,
                 "lab": "L1", "tubes": people[6].phone if n else 3}
                for n in range(2)
            ]
        ),
        "void.csv": csv_text([{"at": rows[0]["at"], "event": people[6].phone, "reason": people[6].name}]),
    }  # fmt: skip
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    frame = pl.DataFrame(rows)
    frame.with_columns(pl.col("tube") + pl.lit(f" {people[7].name}")).write_parquet(
        folder / "collect-frame.parquet"
    )
    frame.rename({"phone": people[7].phone, "name": people[7].name}).write_ipc(folder / "collect-frame.arrow")


def typed(*arguments):
    return CliRunner().invoke(poolpipe, [str(each) for each in arguments])


def leaked(people, *texts):
    facts = {fact for someone in people for fact in someone.facts}
    return sorted({fact for fact in facts for text in texts if fact in text})


@pytest.mark.parametrize("seed", range(3))
def test_run__keeps_every_identity_out_of_summary_boards_and_messages(tmp_path, seed):
    rng = random.Random(seed)
    people = [Somebody(rng) for _ in range(8)]
    write_odd_files(tmp_path / "scans", people, rng)
    reference = tmp_path / "people.csv"
    reference.write_text(
        csv_text(
            [
                {"person": each.number, "name": each.name, "phone": each.phone, "community": "象湖"}
                for each in people
            ]
        ),
        encoding="utf-8",
    )
    out = tmp_path / "out"
    told = typed("run", tmp_path / "scans", "--out", out, "--people", reference)
    assert told.exit_code == 0, told.output
    summary = (out / "summary.json").read_text(encoding="utf-8")
    assert leaked(people, told.stdout, told.stderr, summary) == []
    assert json.loads(summary)["rows"]["rejects"] > 10, "there was something to tell"
    raw = "".join(pl.read_parquet(out / "rejects.parquet")["raw"].drop_nulls())
    assert leaked(people, raw), "the rejects keep what came"
    whole = typed("run", tmp_path / "scans", "--out", tmp_path / "out2", "--show-ids")
    assert leaked(people, whole.stdout), "whoever asks sees them"
    again = typed("diff", out, tmp_path / "out2")
    assert leaked(people, again.output, typed("run", tmp_path / "scans", "--out", out, "--json").output) == []


def test_run__of_files_without_a_header_or_with_slipped_columns_names_nobody(tmp_path):
    told = typed("run", CASES / "torture" / "privacy-headerless", "--out", tmp_path / "out")
    assert told.exit_code == 0, told.output
    seen = told.output + (tmp_path / "out" / "summary.json").read_text(encoding="utf-8")
    there = ("110101199003070038", "110101199003070046", "110101199003070054", "110101199003070062", "E12345678",
             "E87654321", "13800138000", "13900139000", "13712345678", "13600000000", "张三丰", "李四光", "王小明",
             "赵六六", "钱七七", "孙八八", "郑十一", "周九九", "吴十十")  # fmt: skip
    assert [fact for fact in there if fact in seen] == []


def test_reference__without_a_header_names_nobody(tmp_path):
    rng = random.Random(9)
    people = [Somebody(rng) for _ in range(3)]
    reference = tmp_path / "people.csv"
    reference.write_text(
        "".join(f"{each.number},{each.name},{each.phone}\n" for each in people), encoding="utf-8"
    )
    told = typed("run", write_scans(tmp_path / "scans"), "--out", tmp_path / "out", "--people", reference)
    assert leaked(people, told.output) == []


def test_export__names_nobody_in_readings_that_it_does_not_understand(tmp_path):
    rng = random.Random(11)
    people = [Somebody(rng) for _ in range(3)]
    typed("run", write_scans(tmp_path / "scans"), "--out", tmp_path / "out", "--quiet")
    readings = [
        {"at": "2022-02-10T13:00:00", "plate": "P1", "well": fact, "target": "N", "ct": other}
        for fact, other in (
            (people[0].name, 20),
            ("A01", people[1].name),
            (people[2].phone, people[2].number),
        )
    ]
    (tmp_path / "read.csv").write_text(csv_text(readings), encoding="utf-8")
    arguments = ("--format", "csv", "--out", tmp_path / "told", "--readings", tmp_path / "read.csv")
    told = typed("export", tmp_path / "out", *arguments)
    assert "not understood" in told.stderr
    assert leaked(people, told.output) == []


@pytest.mark.parametrize("command", ["decode", "screen", "prevalence", "assign"])
def test_tables_of_the_caller__name_nobody_in_what_is_wrong_with_them(tmp_path, command):
    rng = random.Random(10)
    people = [Somebody(rng) for _ in range(4)]

    def written(name, rows, header):
        path = tmp_path / name
        path.write_text(
            "".join(",".join(map(str, row)) + "\n" for row in ([header] if header else []) + rows),
            encoding="utf-8",
        )
        return path

    seats = [("A", each.number) for each in people]
    masked = () if command == "prevalence" else ("--mask",)
    tables = {
        "unseated": (seats, ("pool", "person")),
        "no header": (seats, None),
    }
    for rows, header in tables.values():
        seat = written("seats.csv", rows, header)
        pools = written("pools.csv", [("A", "positive")], ("pool", "call"))
        for who in (
            [(people[0].number, 0.1)],
            [(each.number, each.name) for each in people],
            [(people[0].number, 0.1)] * 2,
            [(each.number, 7) for each in people],
        ):
            known = written("people.csv", who, ("person", "prior"))
            arguments = {
                "decode": ("decode", seat, pools, known),
                "screen": ("design", "screen", seat, pools),
                "prevalence": ("design", "prevalence", seat),
                "assign": ("design", "assign", known, "array"),
            }[command]
            told = typed(*arguments)
            wrong = (
                told.output if told.exit_code else told.stderr
            )  # boards name people by the caller's own codes
            assert leaked(people, wrong) == [], wrong
            assert leaked(people, typed(*arguments, *masked).output) == []


@pytest.mark.parametrize("word", ["混合", "混合采", "pooled", "singel", "单样单采"])
def test_words__spelt_otherwise_are_told_on_the_board_and_names_are_not(word, tmp_path):
    rows = [
        f"2022-04-04T08:00:0{n}+08:00,T{n},X{n},{mode}" for n, mode in enumerate((word, "单雄信", "单雄"))
    ]
    for kept, told in ((rows[:1], True), (rows[1:2], False), (rows[2:], False)):
        (tmp_path / "collect.csv").write_text("\n".join(["at,tube,person,mode", *kept, ""]), encoding="utf-8")
        shown = CliRunner().invoke(
            poolpipe, ["run", str(tmp_path / "collect.csv"), "--out", str(tmp_path / "o")]
        )
        given = kept[0].rpartition(",")[2]
        assert (f"mode '{given}'" in shown.stdout) == told, shown.stdout


def test_kind__spelt_otherwise_is_told(tmp_path):
    (tmp_path / "events.csv").write_text("kind,at\ncolect,2022-04-04T08:00:00Z\n", encoding="utf-8")
    shown = CliRunner().invoke(poolpipe, ["run", str(tmp_path), "--out", str(tmp_path / "o")])
    assert "'colect' is none of" in " ".join(shown.stdout.split())
