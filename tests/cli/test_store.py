"""A store at the terminal: taken in, concluded, and shown from what was kept exactly as from what is concluded anew."""

from __future__ import annotations

import json
import shutil
import zipfile

import pytest
from click.testing import CliRunner

from cities.files import write_city
from cities.random_city import city
from poolpipe.cli import poolpipe
from poolpipe.errors import InputError
from poolpipe.store import Store
from poolpipe.store.reader import StoreReader
from poolpipe.tables import TABLES


def told(*words, status=0):
    done = CliRunner().invoke(poolpipe, [str(word) for word in words])
    assert done.exit_code == status, (done.output, done.exception)
    return done


@pytest.fixture(scope="module")
def scans(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scans")
    write_city(city(6300, size="small"), folder, 6300)
    return folder


@pytest.fixture(scope="module")
def store(scans, tmp_path_factory):
    path = tmp_path_factory.mktemp("stores") / "city"
    done = told("ingest", path, scans)
    assert "at version 仓库当前版本 1" in done.stdout
    assert "the tables are in the store, at version 2" in done.stderr
    return path


def _shown(store, scans):
    """What every command shows of a store."""
    tube = json.loads(told("show", store, "recalls", "--json").stdout)[0]["tube"]
    first = json.loads(told("show", store, "pools", "--json").stdout)[0]["tube"]
    people = next(path for path in sorted(scans.rglob("*collect*")) if path.is_file())
    lines: list[tuple[object, ...]] = [("show", store, table, "--csv") for table in TABLES]
    lines += [
        ("recalls", store),
        ("recalls", store, "--json"),
        ("recalls", store, "--at-version", 1, "--show-ids"),
    ]
    lines += [
        ("trace", store, "--tube", tube, "--json"),
        ("trace", store, "--tube", tube, "--tube", first, "--csv"),
    ]
    lines += [("trace", store, "--tube", tube, "--hops", 1), ("show", store, "recalls", "--people", people)]
    return {f"{line[0]} {line[2:]}": told(*line).stdout for line in lines}


def test_kept_tables__are_shown_as_concluded_ones(store, scans, monkeypatch):
    mine = _shown(store, scans)
    with monkeypatch.context() as patch:
        patch.setattr(StoreReader, "run", lambda *_, **__: pytest.fail("concluded again"))
        told("recalls", store)
    monkeypatch.setattr(StoreReader, "kept", lambda *_, **__: None)
    monkeypatch.setattr(StoreReader, "run", _run_once(StoreReader.run))
    assert _shown(store, scans) == mine


def _run_once(run):
    """Concludes anew what was not asked for yet: nine commands ask for the same day."""
    days = {}

    def once(reader, **asked):
        asked.pop("progress", None)
        key = repr(sorted(asked.items(), key=lambda each: each[0]))
        if key not in days:
            days[key] = run(reader, **asked)
        return days[key]

    return once


def test_versions__say_which_have_tables(store):
    found = json.loads(told("versions", store, "--json").stdout)["versions"]
    assert [each["tables"] for each in found] == [False, False, True]
    assert "kept" in told("versions", store).stdout
    shown = told("--language", "zh", "versions", store).stdout
    assert "收入" in shown
    assert "conclude" not in shown
    assert "其余" in (few := told("--language", "zh", "recalls", store, "--rows", 1).stdout)
    assert "--rows N" in few


def test_run__keeps_tables_where_nothing_is_said(scans, tmp_path):
    store = tmp_path / "city"
    told("ingest", store, scans, "--no-tables", "--quiet")
    with Store(store) as opened:
        assert opened.kept() is None
    boards = told("run", store)
    assert "the tables are in the store, at version 2" in boards.stdout
    with Store(store) as opened:
        assert opened.kept() is not None
    again = told("run", store)
    assert again.stdout == boards.stdout
    summary = json.loads(told("run", store, "--json").stdout)
    told("run", store, "--out", tmp_path / "out", "--quiet")
    written = json.loads((tmp_path / "out" / "summary.json").read_text("utf-8"))
    assert {name: each for name, each in written.items() if name != "tables"} == summary
    for option in (["--policy", "twenty-in-one"], ["--as-of", "2022-02-10"], ["--at-version", "1"]):
        assert "give --out" in told("run", store, *option, status=2).stderr
    assert "--out" in told("run", scans, status=2).stderr
    assert (
        "is for a store" in told("run", scans, "--at-version", 1, "--out", tmp_path / "no", status=2).stderr
    )


def test_ingest__says_why_records_were_refused_and_what_was_there(tmp_path):
    """A newcomer saw `30 rejected`, and nowhere why or what to do."""
    sheet = tmp_path / "采样登记.csv"
    sheet.write_text("身份证号,未知的列,采样时间\n110105199001011234,T1,2022-04-10 08:00\n", "utf-8")
    store = tmp_path / "city"
    words = ("ingest", store, sheet, "--no-tables")
    first = told(*words)
    assert "missing_value" in first.stdout
    assert "there is no such column" in " ".join(first.stdout.split())
    assert "files of which nothing was accepted (1): 采样登记.csv" in first.stderr
    good = tmp_path / "装箱.csv"
    good.write_text(
        "试管条码,转运箱条码,装箱时间\nT1,B1,2022-04-10 09:00\nT 2,B1,2022-04-10 09:00\n", "utf-8"
    )
    second = told("ingest", store, good, "--no-tables")
    assert "bad_code" in second.stdout
    assert "missing_value" not in second.stdout  # the first file's
    assert "nothing was accepted" not in second.stderr
    again = told("ingest", store, good, "--no-tables")
    assert "taken in before 此前已收入" in again.stdout
    assert "\\n" not in again.stdout
    assert again.stdout.count("装箱.csv") == 1
    assert "Rejected records" not in again.stdout
    assert "Rejected records" not in told(*words[:2], sheet, "--no-tables", "--quiet").stdout


def test_damage__is_named_with_the_way_out_and_repair_tells_of_dropped_tables(store, scans, tmp_path):
    path = tmp_path / "city"
    shutil.copytree(store, path)
    key = store.with_name("city.key")
    part = next((path / "tables" / "pools").glob("*.parquet"))
    part.write_bytes(part.read_bytes()[:-9] + b"damaged!!")
    done = CliRunner().invoke(poolpipe, ["check", str(path), "--key", str(key)], env={"COLUMNS": "80"})
    assert done.exit_code == 1
    assert part.name in "".join(done.stdout.split())
    assert f"`poolpipe repair {path} INPUT…`" in done.stdout
    assert f"`poolpipe run {path}` concludes them again" in told("repair", path, scans, "--key", key).stdout
    assert "sound" in told("check", path, "--key", key).stdout
    told("compact", path, "--key", key, "--keep-days", 0)
    told("run", path, "--key", key, "--quiet")
    told("compact", path, "--key", key, "--keep-days", 0)
    found = json.loads(told("versions", path, "--json").stdout)["versions"]
    assert [each["tables"] for each in found] == [True]  # carried on where older versions are forgotten


def test_ingest__is_acknowledged_where_concluding_fails(scans, tmp_path, monkeypatch):
    def fails(*_):
        raise InputError.of("part_not_written", where="tables", why="no room")

    monkeypatch.setattr(Store, "conclude", fails)
    done = told("ingest", tmp_path / "city", scans, "--json")
    assert json.loads(done.stdout)["version"] == 1
    assert "what was taken in is safe" in done.stderr
    assert "no room" in done.stderr
    with Store(tmp_path / "city") as store:
        assert store.version == 1
        assert store.check() == []


@pytest.fixture(scope="module")
def result(store):
    told("run", store, "--out", store.parent / "result", "--quiet")
    return store.parent / "result"


@pytest.mark.parametrize("form", ["csv", "hl7", "fhir", "xlsx", "csv-list", "html"])
def test_export__writes_what_it_writes_of_the_result(store, result, tmp_path, form):
    ending = {"xlsx": ".xlsx", "html": ".html"}.get(form, "")
    mine, yours, early = (tmp_path / f"{name}{ending}" for name in ("mine", "yours", "early"))
    told("export", store, "--format", form, "--out", mine, "--quiet", "--why", f"for {form}")
    told("export", result, "--format", form, "--out", yours, "--quiet")
    assert _content(mine) == _content(yours)
    told("export", store, "--format", form, "--out", early, "--quiet", "--at-version", 1)
    assert _content(early) == _content(yours)
    with Store(store) as opened:
        assert f"for {form}" in opened.unsealings()["why"].to_list()


def test_export__shows_nobody_without_the_key(store, tmp_path):
    shutil.copytree(store, tmp_path / "city")
    for form in ("csv", "hl7", "xlsx"):
        done = told(
            "export", tmp_path / "city", "--format", form, "--out", tmp_path / f"{form}.xlsx", status=1
        )
        assert "the key is not here" in done.stderr
    page = ("export", tmp_path / "city", "--format", "html", "--out", tmp_path / "page.html")
    assert "the key is not here" in told(*page, "--show-ids", status=1).stderr
    told(*page)
    people = {each["person"] for each in json.loads(told("show", store, "members", "--json").stdout)}
    assert not [each for each in people if each in (tmp_path / "page.html").read_text("utf-8")]


def _content(path):
    """What an export says; workbooks and manifests hold the time at which they were written."""
    if path.suffix == ".xlsx":
        with zipfile.ZipFile(path) as book:
            return {name: book.read(name) for name in book.namelist() if "docProps" not in name}
    if path.is_file():
        return path.read_text("utf-8")
    files = [each for each in sorted(path.rglob("*")) if each.is_file() and "manifest" not in each.name]
    return {each.relative_to(path): each.read_bytes() for each in files}


def test_earlier_version__is_shown_as_it_was(scans, tmp_path):
    store, files = tmp_path / "city", sorted(path for path in scans.rglob("*") if path.is_file())
    told("ingest", store, *files[: len(files) // 2], "--quiet")
    first = {table: told("show", store, table, "--csv").stdout for table in ("pools", "anomalies", "members")}
    told("ingest", store, *files, "--quiet")
    for table, text in first.items():
        assert told("show", store, table, "--csv", "--at-version", 2).stdout == text
        assert told("show", store, table, "--csv", "--at-version", 1).stdout == text
    assert told("show", store, "members", "--csv").stdout != first["members"]
    told("run", store, "--at-version", 1, "--out", tmp_path / "out", "--quiet")
    assert told("show", tmp_path / "out", "members", "--csv").stdout == first["members"]
    assert "sound" in told("check", store, "--at-version", 2).stdout
    assert "no version 9" in told("recalls", store, "--at-version", 9, status=1).stderr


@pytest.fixture
def own(store, tmp_path):
    """The store and its key, in a folder of one's own."""
    shutil.copytree(store, tmp_path / "city")
    shutil.copy(store.with_name("city.key"), tmp_path)
    return tmp_path / "city"


def test_erased__tables_are_concluded_again(own):
    one = json.loads(told("show", own, "members", "--json").stdout)[0]
    done = told("erase", own, "--person", f"{one['person_type']}:{one['person']}")
    assert "the tables are in the store" in done.stderr
    assert one["person"] not in told("show", own, "members", "--csv").stdout
    told("check", own)


def test_without_key__the_board_is_that_of_the_kept_tables(own, tmp_path):
    store = own
    mine = json.loads(told("recalls", store, "--json").stdout)
    (tmp_path / "city.key").rename(tmp_path / "elsewhere")
    yours = json.loads(told("recalls", store, "--json").stdout)
    assert [{**each, "person": None} for each in mine] == [{**each, "person": None} for each in yours]
    assert not {each["person"] for each in mine} & {each["person"] for each in yours}
    assert "sealed" in told("show", store, "rejects", "--csv").stdout or not json.loads(
        told("show", store, "rejects", "--json").stdout
    )
    assert told("show", store, "anomalies", "--csv").stdout


def test_ledger__names_nobody_who_was_asked_for(tmp_path):
    number, phone = "11010119900307109X", "13812345678"
    scan = {"at": "2022-02-10 08:00", "tube": "T1", "person": number, number: 1, f"a {phone}": "x"}
    (tmp_path / "collect.ndjson").write_text(json.dumps(scan))
    path = tmp_path / "city"
    told("ingest", path, tmp_path / "collect.ndjson")
    for words in ([f"--person={number}"], ["--person", number], ["--why", f"of {phone}", "--person", number]):
        told("trace", *words, path)
    told("--debug", "trace", f"--person={number}", path)
    log = Store(path).unsealings()
    assert log["what"].to_list() == ["trace"] * 4
    assert sum("of 138" in why for why in log["why"]) == 1
    held = b"".join(each.read_bytes() for each in path.rglob("*") if each.is_file())
    assert [each for each in (number, phone) if each.encode() in held] == []


def test_wrong_usage__makes_no_store(scans, tmp_path):
    (tmp_path / "columns.toml").write_text("[columns\n")
    for words, status, said in (
        (["--kind", "colect"], 2, "colect"),
        (["--mapping", tmp_path / "columns.toml"], 1, "columns.toml"),
        (["--policy", "nix"], 1, "nix"),
    ):
        assert said in told("ingest", tmp_path / "city", scans, *words, status=status).stderr
        assert not (tmp_path / "city").exists()
        assert not (tmp_path / "city.key").exists()
