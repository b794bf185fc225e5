"""A night's file: days stay, the same again is the same, killed it stays whole, and a store gives what its files give."""

from __future__ import annotations

import shutil
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import polars as pl
import pytest

import poolpipe
from nightly.town_night import DAYS, FILES, TOWN, first_night, known, night, result, rows, unlisted
from poolpipe.errors import InputError
from poolpipe.nightly import read_table, run_night, tables_shown
from poolpipe.nightly.database import NightDatabase
from poolpipe.nightly.marts import mart_files
from poolpipe.nightly.residents import plain_residents
from poolpipe.store import Store

SHOWN = {"nightly": {"small_cell": 0}}


@pytest.mark.parametrize("day", [date(1, 1, 1), date(1900, 1, 2), date(9999, 12, 31)])
def test_day__beyond_the_calendar_is_refused(day, tmp_path):
    with pytest.raises(InputError, match="no day before 1900"):
        run_night(result(), day, tmp_path / "night.duckdb", days=3)
    assert not [*tmp_path.iterdir()]


def test_night__goes_into_a_folder_that_is_named_from_here(tmp_path, monkeypatch):
    (tmp_path / "nights [1]").mkdir()
    monkeypatch.chdir(tmp_path)
    out = Path("nights [1]", "夜 间.duckdb")
    run_night(result(), DAYS[0], out)
    assert read_table(out, "nights")["date"].to_list() == [DAYS[0]]
    assert [path.name for path in out.parent.iterdir()] == [out.name]


def content(path, day=None):
    return {name: read_table(path, name, day) for name in tables_shown()}


def same(one, other, *, but=()):
    for name, told in one.items():
        if name not in but:
            assert told.equals(other[name]), name


def test_days__one_by_one_are_the_days_at_once(tmp_path):
    out = tmp_path / "night.duckdb"
    for day in DAYS[:2]:
        run_night(result(), day, out, policy=SHOWN, reference=known())
    whole = content(night())
    apart = content(out)
    for name in (name for name, mart in mart_files().items() if mart.by_day):
        wanted = whole[name].filter(pl.col("date").is_in(DAYS[:2]))
        assert apart[name].equals(wanted), name
    assert apart["nights"]["date"].to_list() == list(DAYS[:2])


def test_day__counted_again_changes_nothing(tmp_path):
    out = tmp_path / "night.duckdb"
    shutil.copy(night(), out)
    run_night(result(), DAYS[1], out, policy=SHOWN, reference=known())
    same(content(night()), content(out))


def test_day__counted_again_after_late_results_shows_no_small_change(tmp_path):
    out, early = tmp_path / "night.duckdb", tmp_path / "early"
    poolpipe.run(TOWN / "events", reference=known(), as_of="2022-04-04T15:00:00+08:00", out=early)
    files = []
    for tables in (early, result()):
        told = run_night(tables, DAYS[0], out, reference=known())
        files.append(
            read_table(out, "positivity").filter(
                pl.col("level").is_in(["city", "lab", "township", "community"])
            )
        )
    assert "nightly_counted_again" in told["notes"]
    key = ["mode", "level", "township", "community", "lab"]
    both = files[1].join(files[0], on=key, nulls_equal=True, suffix="_before")
    changed = both.filter(pl.col("positive") != pl.col("positive_before"))
    assert changed.height, "nothing came late"
    by_place = both.filter(pl.col("level").is_in(["township", "community"]))
    assert not by_place.filter((pl.col("positive") - pl.col("positive_before")).is_between(1, 4)).height
    assert not by_place.filter(pl.col("positive").is_not_null(), pl.col("positive_before").is_null()).height
    fresh = tmp_path / "fresh.duckdb"
    run_night(result(), DAYS[0], fresh, reference=known())
    hidden = [read_table(path, "positivity")["is_hidden"].sum() for path in (fresh, out)]
    assert hidden[0] < hidden[1]
    assert read_table(out, "reconciliation")["agrees"].all()


def test_dimension__keeps_what_this_night_did_not_meet(tmp_path):
    out = tmp_path / "night.duckdb"
    run_night(result(), DAYS[0], out, policy=SHOWN, reference=known())
    run_night(result(), DAYS[2], out, policy={"clocks": {"pickup": 3}})
    told = read_table(out, "dim_laboratory")
    assert told["lab"].n_unique() == told.height
    assert read_table(out, "dim_policy")["policy_version"].n_unique() == 2
    assert read_table(out, "dim_area").height > 1, "areas of the earlier night"
    assert read_table(out, "dim_time").height == 48


def test_night__that_fails_leaves_the_file_before(tmp_path, monkeypatch):
    out = tmp_path / "night.duckdb"
    shutil.copy(night(), out)
    before = out.read_bytes()
    write = NightDatabase.write

    def fails(self, mart):
        write(self, mart)
        if mart.name == "losses":
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(NightDatabase, "write", fails)
    with pytest.raises(OSError, match="No space left"):
        run_night(result(), DAYS[0], out)
    assert out.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["night.duckdb"]


def test_leftovers__of_a_killed_night_are_removed(tmp_path):
    out = tmp_path / "night.duckdb"
    left = tmp_path / ".night.duckdb.writing-abc"
    left.mkdir()
    (left / "night.duckdb").write_bytes(b"half")
    run_night(result(), DAYS[1], out)
    assert [each.name for each in tmp_path.iterdir()] == ["night.duckdb"]


def test_file__that_is_not_ours_is_never_written_over(tmp_path):
    out = tmp_path / "mine.duckdb"
    with duckdb.connect(str(out)) as connection:
        connection.execute("create table mine (a int)")
    with pytest.raises(InputError, match="no database that the night wrote"):
        run_night(result(), DAYS[0], out)
    text = tmp_path / "text.duckdb"
    text.write_text("not a database, but somebody's notes " * 1000, encoding="utf-8")
    with pytest.raises(InputError, match="no database that the night wrote"):
        run_night(result(), DAYS[0], text)
    with duckdb.connect(str(night())) as connection:
        connection.execute("checkpoint")
    other = tmp_path / "other.duckdb"
    shutil.copy(night(), other)
    with duckdb.connect(str(other)) as connection:
        connection.execute("alter table losses drop column oldest_h")
    with pytest.raises(InputError, match="its table losses is of another version"):
        run_night(result(), DAYS[0], other)


def test_reference__that_is_missing_is_told_and_nothing_invented():
    out = unlisted()
    codes = set(read_table(out, "notes")["code"])
    assert {"nightly_no_people", "nightly_no_sites", "nightly_no_labs"} <= codes
    for name in ("coverage", "release", "home_visits", "city_clocks"):
        assert read_table(out, name).is_empty()
    load = read_table(out, "laboratory_load")
    assert load["received"].sum() > 0
    notes = read_table(out, "notes")
    assert notes["chinese"].str.contains("未提供人员名册").any()
    assert read_table(out, "throughput")["township"].null_count() == read_table(out, "throughput").height


def test_day__without_any_event_is_counted_only_beside_others(tmp_path):
    """In the town nothing happens on some day between the first and the last: alone it is refused, in a row it is noted."""
    out, quiet = tmp_path / "night.duckdb", date(2022, 4, 10)
    shutil.copy(first_night(), out)
    before = out.read_bytes()
    with pytest.raises(InputError, match=r"nothing happened on 2021-01-01.*2022-04-04, 2022-04-05") as told:
        run_night(result(), date(2021, 1, 1), out, reference=known())
    assert told.value.code == "nightly_quiet"
    assert out.read_bytes() == before
    notes = run_night(result(), quiet, out, days=3, reference=known())["notes"]
    assert "nightly_quiet_day" in notes
    told_of = read_table(out, "notes").filter(pl.col("code") == "nightly_quiet_day")["date"].to_list()
    swabbed = {moment.astimezone(ZoneInfo("Asia/Shanghai")).date() for moment in times_of(rows("pools"))}
    assert told_of == [day for day in (date(2022, 4, 8), date(2022, 4, 9), quiet) if day not in swabbed]
    assert read_table(out, "throughput", quiet)["people"].sum() == 0


def times_of(pools):
    """Every moment of every tube."""
    return [value for tube in pools for value in tube.values() if isinstance(value, datetime)]


def test_unfinished_day__and_another_policy_are_told(tmp_path):
    told = run_night(result(), DAYS[-1], tmp_path / "a.duckdb", policy={"assay": {"grey_ct": 39}})
    assert {"nightly_unfinished_day", "nightly_other_policy"} <= set(told["notes"])


def test_list__is_read_alike_where_it_needs_cleaning_and_where_not(tmp_path):
    people = pl.read_parquet(FILES["people"])
    twice = pl.concat([people, people.head(3).with_columns(pl.lit("elsewhere").alias("township"))])
    odd = people.with_columns(
        pl.when(pl.int_range(pl.len()) % 7 == 0)
        .then(pl.lit(" ") + pl.col("person"))
        .otherwise("person")
        .alias("person")
    )
    wanted = content(night(), DAYS[2])
    for name, told in {"plain": people, "twice": twice, "odd": odd}.items():
        told.write_parquet(tmp_path / f"{name}.parquet")
        assert (plain_residents(tmp_path / f"{name}.parquet") is not None) == (name != "odd")
        out = tmp_path / f"{name}.duckdb"
        given = poolpipe.read_reference(sites=FILES["sites"], labs=FILES["labs"])
        run_night(result(), DAYS[2], out, policy=SHOWN, reference=given, people=tmp_path / f"{name}.parquet")
        for mart in ("coverage", "release", "home_visits", "city_clocks"):
            assert read_table(out, mart).equals(wanted[mart]), (name, mart)
    people.write_csv(tmp_path / "people.csv")
    assert plain_residents(tmp_path / "people.csv") is None
    assert plain_residents(tmp_path / "nowhere.parquet") is None


def test_settings__have_their_effect(tmp_path):
    out = tmp_path / "night.duckdb"
    shutil.copy(night(), out)
    rules = {
        "small_cell": 2, "samplers_per_point": 3, "people_per_sampler_h": 30, "shift_h": 4, "forecast_days": 1,
    }  # fmt: skip
    run_night(result(), DAYS[-1], out, policy={"nightly": rules}, reference=known())
    worked = read_table(out, "throughput", DAYS[-1]).drop_nulls("hour")
    assert worked["plan_people"].unique().to_list() == [90.0]
    assert (worked["shift"] == worked["hour"] // 4).all()
    assert read_table(out, "forecast", DAYS[-1])["days"].unique().to_list() == [1]
    shown = read_table(out, "positivity", DAYS[-1])
    assert shown["is_hidden"].any()
    assert not read_table(night(), "positivity", DAYS[-1])["is_hidden"].any()


def test_store__gives_what_its_files_give_and_devices_too(tmp_path):
    with Store(tmp_path / "campaign") as store:
        store.ingest(TOWN / "events")
    out = tmp_path / "night.duckdb"
    told = run_night(tmp_path / "campaign", DAYS[0], out, policy=SHOWN, reference=known())
    assert "nightly_no_devices" not in told["notes"]
    from_store, from_files = content(out, DAYS[0]), content(night(), DAYS[0])
    other = {"scan_errors", "nights", "notes", "expected_positives", "suspected_false_alarms"}
    other |= {name for name in from_files if name.startswith("dim_")} | {"control_charts", "westgard"}
    # a store's tables are concluded without the table of sites and labs
    same(from_files, from_store, but=other | {"reconciliation"})
    assert from_store["reconciliation"]["agrees"].all()
    by_site = pl.col("faults").sum()
    wanted = from_files["scan_errors"].group_by("code", "site").agg(by_site).sort(pl.all())
    assert from_store["scan_errors"].group_by("code", "site").agg(by_site).sort(pl.all()).equals(wanted)
    assert from_store["scan_errors"]["device"].null_count() < from_store["scan_errors"].height
    (tmp_path / "campaign.key").rename(tmp_path / "elsewhere")
    told = run_night(tmp_path / "campaign", DAYS[0], out, reference=known())
    assert "nightly_people_sealed" in told["notes"]
    assert read_table(out, "coverage").is_empty()


def test_store_that_a_service_holds__gives_what_it_gives_afterwards(tmp_path):
    with Store(tmp_path / "campaign") as store:
        store.ingest(TOWN / "events")
        with store.serving():
            told = run_night(
                tmp_path / "campaign", DAYS[0], tmp_path / "1.duckdb", policy=SHOWN, reference=known()
            )
            assert not store.conclusions().height
    run_night(tmp_path / "campaign", DAYS[0], tmp_path / "2.duckdb", policy=SHOWN, reference=known())
    assert told["version"] == "version 1"
    assert told["rows"]["coverage"]
    same(content(tmp_path / "1.duckdb"), content(tmp_path / "2.duckdb"), but={"nights"})


def test_file__holds_no_identity():
    people = pl.read_parquet(FILES["people"])
    numbers = people["person"].head(300).to_list()
    texts = [
        value
        for rows in content(night(4)).values()
        for column in rows.iter_columns()
        if column.dtype == pl.String
        for value in column.drop_nulls().unique().to_list()
    ]
    whole = "\n".join(texts)
    assert not [number for number in numbers if number in whole]
    assert not [name for name in people["name"].unique().head(50).to_list() if name in whole]
    assert b"99900" not in night(4).read_bytes(), "a number lies in a block of the file"
