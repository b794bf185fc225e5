"""Swabs as numbers: row groups of rounds that are asked for are read, and no others; tables of two runs are refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import duckdb
import polars as pl
import pytest

from nightly.town_night import known, result
from poolpipe.errors import InputError
from poolpipe.nightly.sources import TableFiles
from poolpipe.nightly.swabs import lay_out_people
from poolpipe.nightly.views import lay_out_views

if TYPE_CHECKING:
    from pathlib import Path

ROUNDS = ("2022-04-04", "2022-04-07")


def laid_out(folder, members, pools, begins, ends):
    """Pool, person and moment of each swab as they are laid out, and the number of residents."""
    tables = {"pools": pools, "members": members}
    files: dict[str, list[Path]] = {}
    for name, parts in tables.items():
        files[name] = [folder / f"{name}-{i}.parquet" for i in range(len(parts))]
        for path, part in zip(files[name], parts, strict=True):
            part.write_parquet(path, row_group_size=37)
    summary = json.loads((result() / "summary.json").read_text(encoding="utf-8"))
    source = TableFiles("town", "1", files, summary)
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        lay_out_views(connection, source)
        connection.execute("set variable asked_begins = ?", [begins])
        connection.execute("set variable asked_ends = ?", [ends])
        listed, missing = lay_out_people(connection, source, known())
        assert not missing
        return connection.sql("select * from swabs").pl(), len(listed.area)


def table(name):
    return pl.read_parquet(result() / f"{name}.parquet")


def cut(frame, *places):
    return [frame[a:b] for a, b in zip((0, *places), (*places, frame.height), strict=True)]


@pytest.mark.parametrize("asked", [0, 1, 2])
def test_swabs__are_those_of_the_rounds_asked_for(asked, tmp_path):
    pools, members = table("pools"), table("members")
    days = [datetime(2022, 4, day, tzinfo=UTC) for day in (3, 6, 9, 12)]
    rounds, begins, ends = [
        (ROUNDS[:1], days[0], days[1]), (ROUNDS[1:], days[1], days[2]), (ROUNDS, days[0], days[2])
    ][asked]  # fmt: skip
    found, residents = laid_out(tmp_path, cut(members, 1000, 1001, 7000), cut(pools, 5, 1200), begins, ends)
    people = known().people["person"].unique(maintain_order=True)
    assert residents == len(people)
    tubes = {tube: row for row, tube in enumerate(pools.select("round", "tube").rows())}
    seats = [
        (tubes[told, tube], person, at)
        for told, tube, person, at in members.select("round", "tube", "person", "collected_at").rows()
        if told in rounds
    ]
    told = found.filter(pl.col("pool").is_in([tube for tube, _, _ in seats])).rows()
    assert [(tube, at) for tube, _, at in told] == [(tube, at) for tube, _, at in seats]
    assert found.height - len(seats) < 2 * 37, "more was read than the row groups at the ends"
    numbers = {one: number for number, one in enumerate(people)}
    pairs = {(person, number) for (_, person, _), (_, number, _) in zip(seats, told, strict=True)}
    assert len(pairs) == len({person for person, _ in pairs}) == len({number for _, number in pairs})
    listed = {(person, number) for person, number in pairs if number < residents}
    assert listed == {(person, numbers[person]) for person, _ in pairs if person in numbers}


def test_tables__of_two_runs_are_refused(tmp_path):
    moment = datetime(2022, 4, 4, tzinfo=UTC)
    with pytest.raises(InputError, match="members has 10,232 rows, but pools tells of 10,233 people"):
        laid_out(tmp_path, [table("members")[:-1]], [table("pools")], moment, moment)
