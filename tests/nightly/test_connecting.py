"""Marts as views: what the night's file has, counted when it is read, of a result, a store and a file; nobody is in them."""

from __future__ import annotations

import json

import duckdb
import polars as pl
import pytest
import python_calamine
from click.testing import CliRunner
from scripts.write_mart_types import FILE, types_of

import poolpipe
from cities.files import write_city
from cities.random_city import city
from nightly.town_night import DAYS, FILES, known, night, result, unlisted
from poolpipe import cli
from poolpipe.errors import InputError
from poolpipe.nightly import connecting, on_demand, read_table, tables_shown
from poolpipe.nightly.marts import mart_files, mart_headings
from poolpipe.nightly.on_demand import mart_types
from poolpipe.store import Store
from poolpipe.tables import TABLES
from poolpipe.words import COLUMN_WORDS

COUNTED = [name for name in tables_shown() if name not in {"nights", "notes"}]


def rows(connection, name):
    return connection.sql(f"from {name} order by all").pl()


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A small random city, concluded at its first version and again at its second, with its key."""
    folder = tmp_path_factory.mktemp("connecting")
    write_city(city(6400, size="small"), folder / "scans", 6400)
    files = sorted(path for path in (folder / "scans").rglob("*") if path.is_file())
    with Store(folder / "city") as store:
        store.ingest(files[::2])
        store.conclude()
        store.ingest(files)
        store.conclude()
    return folder / "city"


def test_marts__of_a_result_are_those_of_its_night():
    with poolpipe.connect(result(), days=DAYS[:2], reference=known()) as connection:
        for name in ("coverage", "positivity", "release", "forecast", "reconciliation", "dim_area", "losses"):
            wanted = read_table(night(4), name)
            if "date" in wanted.columns:
                wanted = wanted.filter(pl.col("date").is_in(DAYS[:2]))
            assert rows(connection, name).equals(wanted), name


def test_every_mart__can_be_read_for_a_day():
    with poolpipe.connect(result(), days=DAYS[:1]) as connection:
        told = {row[0] for row in connection.execute("show tables").fetchall()}
        assert {*tables_shown(), "pools", "members"} <= told
        for name in ("nights", "notes", "turnaround", "scan_errors", "lab_drift", "dim_time"):
            assert (
                rows(connection, name)
                .drop("version", strict=False)
                .equals(read_table(unlisted(), name).drop("version", strict=False))
            ), name


def test_types__are_those_of_a_nights_file():
    assert types_of(unlisted()) == FILE.read_text(encoding="utf-8"), "run scripts/write_mart_types.py"
    assert {*json.loads(FILE.read_text(encoding="utf-8"))} == {*tables_shown()}


def test_nothing__is_counted_before_it_is_read_and_then_once(monkeypatch):
    asked: list[str] = []
    count = on_demand.MartsOnDemand._count

    def counting(self, name):
        asked.append(name)
        return count(self, name)

    monkeypatch.setattr(on_demand.MartsOnDemand, "_count", counting)
    with poolpipe.connect(result(), days=DAYS[:1]) as connection:
        connection.sql("describe losses").pl()
        connection.sql("select count(*) from pools").pl()
        assert asked == []
        connection.sql("select sum(tubes) from losses").pl()
        connection.sql("select one.tubes from losses as one join losses as other using (lab)").pl()
    assert asked == ["losses"]


def test_a_mart__is_made_with_no_more_than_it_reads(monkeypatch):
    def never(*_):
        raise AssertionError("the list of residents is not needed, and the charts are not")

    monkeypatch.setattr("poolpipe.nightly.night.lay_out_drift", never)
    with poolpipe.connect(result(), days=DAYS[:1]) as connection:
        assert rows(connection, "losses").height == read_table(unlisted(), "losses").height


def test_store__has_the_marts_of_each_version(store):
    sums = {}
    for version in (None, 2):
        with poolpipe.connect(store, version=version) as connection:
            pools = connection.sql(
                "select (first_collected at time zone 'Asia/Shanghai')::date as date, count(*) as tubes "
                "from pools where first_collected is not null group by 1 order by 1"
            ).pl()
            marts = connection.sql(
                "select date, sum(tubes)::bigint as tubes from losses where outcome <> 'orphan' group by 1 order by 1"
            ).pl()
        assert marts.equals(pools)
        sums[version] = marts["tubes"].sum()
    assert sums[2] < sums[None]


def test_store__shows_residents_only_to_whoever_has_its_key(store):
    with poolpipe.connect(store) as connection:
        busiest = "select first_collected::date from pools group by 1 order by count(*) desc limit 1"
        day = connection.sql(busiest).pl().item()
    with poolpipe.connect(store, days=[day]) as connection:
        people = connection.sql("select distinct person from collect").pl()
        assert people.height
        marts = "\n".join(
            str(value)
            for name in COUNTED
            for column in rows(connection, name).iter_columns()
            for value in column.cast(pl.String).drop_nulls().unique().to_list()
        )
    assert not [person for person in people["person"].to_list() if person in marts]
    with Store(store, create=False) as opened:
        day = opened.kept()
        assert day is not None
        numbers = day.members["person"].unique().to_list()
    assert not [number for number in numbers if len(number) > 4 and number in marts]
    listed = pl.DataFrame({"person": numbers, "township": "T", "community": "C"})
    listed.write_parquet(store.parent / "people.parquet")
    reference = poolpipe.read_reference(people=store.parent / "people.parquet")
    query = "select sum(people) from coverage where level = 'city'"
    with Store(store, create=False) as opened, poolpipe.connect(opened, reference=reference) as connection:
        assert connection.execute(query).fetchall()[0][0] is not None
    key = store.parent / "city.key"
    key.rename(store.parent / "elsewhere")
    try:
        without = poolpipe.connect(store, reference=reference)
        with without as connection:
            assert connection.execute(query).fetchall()[0][0] is None
    finally:
        (store.parent / "elsewhere").rename(key)


def test_small_counts__stay_hidden():
    with poolpipe.connect(result()) as connection:
        told = rows(connection, "positivity")
    wanted = read_table(night(4), "positivity").filter(pl.col("township").is_not_null())
    assert wanted["is_hidden"].any()
    assert told.filter(pl.col("is_hidden"))["positive"].null_count() == told["is_hidden"].sum() > 0
    assert not told.filter(pl.col("township").is_not_null(), pl.col("positive").is_between(1, 4)).height


def test_version_without_conclusions__has_no_marts(tmp_path):
    write_city(city(6401, size="small"), tmp_path / "scans", 6401)
    with Store(tmp_path / "city") as store:
        store.ingest(tmp_path / "scans")
    with poolpipe.connect(tmp_path / "city") as connection, pytest.raises(duckdb.Error, match="losses"):
        connection.execute("from losses")
    with pytest.raises(InputError, match="no tables are kept of version 1"):
        connecting.query(tmp_path / "city", "from losses")


def test_file__is_read_and_nothing_else(tmp_path):
    with poolpipe.connect(night(4)) as connection:
        for name in ("losses", "positivity", "nights"):
            assert rows(connection, name).equals(read_table(night(4), name))
        for bad in (
            "create table mine (a int)", f"attach '{tmp_path}/x'", f"copy losses to '{tmp_path}/x.csv'",
            f"from '{FILES['people']}'", "set enable_external_access = true",
        ):  # fmt: skip
            with pytest.raises(duckdb.Error):
                connection.execute(bad)
    with pytest.raises(InputError, match="no versions"):
        poolpipe.connect(night(4), version=1)
    with duckdb.connect(str(tmp_path / "mine.duckdb")) as other:
        other.execute("create table nights (a int)")
    for path in (tmp_path / "mine.duckdb", FILES["people"]):
        with pytest.raises(InputError, match="no database that the night wrote"):
            poolpipe.connect(path)


def told(*words, status=0):
    done = CliRunner().invoke(cli.poolpipe, ["sql", *map(str, words)])
    assert done.exit_code == status, done.output
    return done.stdout if not status else done.stderr


def test_command__answers_from_marts_and_tables_together(store):
    found = json.loads(
        told(store, "select sum(tubes)::int as n from losses where outcome <> 'orphan'", "--json")
    )
    wanted = json.loads(
        told(store, "select count(*) as n from pools where first_collected is not null", "--json")
    )
    assert found == wanted
    joined = "select count(*) as n from losses join pools using (round) where losses.tubes < 0"
    assert json.loads(told(store, joined, "--json")) == [{"n": 0}]
    shown = told(result(), "select name from dim_policy")
    assert "ten-in-one" in shown, "a policy's name is nobody's"
    assert "agrees" in told(night(4), "from reconciliation", "--csv")


@pytest.mark.parametrize("ending", ["csv", "parquet", "xlsx", "arrow", "ndjson"])
def test_command__writes_any_table_or_mart(store, tmp_path, ending):
    for source, name in ((night(4), "losses"), (store, "pools")):
        to = tmp_path / f"{name}.{ending}"
        told(source, f"from {name} order by all", "--to", to, "--zone", "UTC")
        wanted = connecting.query(source, f"from {name} order by all")
        if ending in {"parquet", "arrow"}:
            found = pl.read_parquet(to) if ending == "parquet" else pl.read_ipc(to)
            assert found.equals(wanted)
            continue
        if ending == "xlsx":
            lines = python_calamine.load_workbook(str(to)).get_sheet_by_index(0).to_python()
            assert "round 轮次" in lines[0] or "round 筛查轮次" in lines[0]
            places = [heading.split(" ")[0] for heading in map(str, lines[0])]
            assert places == wanted.columns
            counts = [row[places.index("people")] for row in lines[1:]]
        else:
            found = pl.read_csv(to) if ending == "csv" else pl.read_ndjson(to)
            assert found.columns == wanted.columns
            counts = found["people"].to_list()
        assert [int(float(str(each))) for each in counts] == wanted["people"].to_list()
    assert "ends in one of" in told(store, "from pools", "--to", tmp_path / "pools.docx", status=2)


@pytest.mark.parametrize("name", [*tables_shown(), *TABLES])
def test_headings__are_those_of_the_table_asked(name):
    """A column of one name is something else in another table: `outcome` of `losses` is no result of a recall."""
    if name in TABLES:
        wanted = {column.name: f"{column.name} {COLUMN_WORDS[column.name]}" for column in TABLES[name]}
    else:
        wanted = mart_headings(name, mart_types(name).names)
    assert connecting.headings_asked(f"select * from {name}", [*wanted, "alias"]) == wanted


def test_headings__that_two_tables_tell_differently_are_left_out():
    told = connecting.headings_asked("from losses join recalls using (round)", ["outcome", "state", "due_at"])
    assert told == {"state": "state 最后已知环节", "due_at": f"due_at {COLUMN_WORDS['due_at']}"}
    assert connecting.headings_asked("from losses", ["person"]) == {}


def test_command__heads_a_mart_by_its_own_words():
    done = CliRunner().invoke(
        cli.poolpipe, ["--language", "zh", "sql", str(night(4)), "select outcome, tubes from losses"]
    )
    assert "去向" in done.stdout
    assert "复采结果" not in done.stdout


def test_command__suggests_marts(store):
    assert "did you mean 'losses'" in told(night(4), "from lossez", status=1)
    assert "did you mean 'losses'" in told(store, "from lossez", status=1)


def test_names__of_marts_are_no_names_of_tables():
    from poolpipe.tables import KINDS, TABLES

    assert not {*mart_files(), "nights", "notes"} & {*TABLES, *KINDS, "concluded"}
