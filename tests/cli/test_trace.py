"""`poolpipe trace` as it is typed: tree, table, JSON, identities masked unless asked."""

from __future__ import annotations

import io
import json

import polars as pl
import pytest
from click.testing import CliRunner
from rich.cells import cell_len

from house.rooms import ROOT
from poolpipe import run
from poolpipe.cli import poolpipe
from poolpipe.tables import TABLES

TOWN = ROOT / "data" / "samples" / "town"
PEOPLE = str(TOWN / "reference" / "people.parquet")


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    out = tmp_path_factory.mktemp("town")
    run(TOWN / "events", people=PEOPLE, out=out)
    return out


@pytest.fixture(scope="module")
def traces(result):
    return pl.read_parquet(result / "traces.parquet")


def typed(*words, code=0):
    done = CliRunner().invoke(poolpipe, list(map(str, words)), env={"COLUMNS": "80"})
    assert done.exit_code == code, done.stderr
    return done


def source(traces):
    """A source with links of most kinds."""
    counts = (
        traces.group_by("source_tube")
        .agg(pl.col("kind").n_unique(), pl.len())
        .sort("kind", "len", "source_tube")
    )
    return counts["source_tube"][-1]


def test_trace__draws_a_tree_that_fits_and_masks_people(result, traces):
    tube = source(traces)
    told = typed("trace", result, "--tube", tube, "--rows", 1000).stdout
    assert max(map(cell_len, told.splitlines())) <= 80
    own = traces.filter(source_tube=tube)
    assert not [number for number in own["person"].drop_nulls() if number in told]
    assert all(word in told for word in ("同管", "前后排队"))


def test_trace__shows_people_when_asked(result, traces):
    tube = source(traces)
    told = typed("trace", result, "--tube", tube, "--rows", 1000, "--show-ids", "--language", "zh").stdout
    shown = "".join(told.replace("│", "").split())
    own = traces.filter(source_tube=tube)
    assert all(number in shown for number in own["person"].drop_nulls())


def test_trace__json_and_csv_have_every_link(result, traces):
    tube = source(traces)
    wanted = traces.filter(source_tube=tube)
    told = json.loads(typed("trace", result, "--tube", tube, "--json").stdout)
    assert pl.DataFrame(told["links"], schema=wanted.schema).equals(wanted)
    lines = pl.read_csv(
        io.StringIO(typed("trace", result, "--tube", tube, "--csv").stdout), infer_schema=False
    )
    assert lines.height == wanted.height
    assert lines.columns == [column.name for column in TABLES["traces"]]


def test_trace__counts_communities_and_buildings_and_lists_nobody_of_them(result, traces):
    tube = source(traces)
    told = json.loads(typed("trace", result, "--tube", tube, "--people", PEOPLE, "--json").stdout)
    listed = pl.read_parquet(PEOPLE)
    members = traces.filter(source_tube=tube, kind="member").select("person_type", "person").unique()
    own = listed.join(members, on=["person_type", "person"], how="semi")
    for level in ("community", "building"):
        counts = [row for row in told["neighbourhoods"] if row["level"] == level]
        assert sum(row["people"] for row in counts) == own.height
        there = listed.filter(pl.col(level).is_in(own[level].implode()))
        assert sum(row["residents"] for row in counts) == there.height


def test_trace__of_a_person_is_of_their_tubes(result, traces):
    person = traces.filter(kind="member")["person"][0]
    told = typed("trace", result, "--person", person, "--table", "--rows", 5).stdout
    assert person not in told
    assert "traces" in told


def test_show__masks_those_by_whom_a_link_leads(result, traces):
    told = typed("show", result, "traces", "--columns", "kind,via", "--rows", 5000).stdout
    people = traces.filter(pl.col("person").is_not_null())["via"].drop_nulls().unique()
    assert people.len()
    assert not [via for via in people if via in told]


def test_trace__needs_a_tube_or_a_person(result):
    assert "--tube" in typed("trace", result, code=2).stderr
    told = typed("trace", result, "--tube", "nowhere", code=1).stderr
    assert "nowhere" in told
    assert "无人登记" in told


@pytest.mark.parametrize("name", ["trace.svg", "trace.graphml", "trace.gexf", "contacts"])
def test_trace__is_written_as_a_file_with_people_masked_unless_asked(result, traces, tmp_path, name):
    tube = source(traces)
    people = traces.filter(source_tube=tube)["person"].drop_nulls().unique().to_list()
    for options, shown in (((), False), (("--show-ids",), True)):
        done = typed("trace", result, "--tube", tube, "--out", tmp_path / name, *options)
        assert not done.stdout
        path = tmp_path / name
        text = "".join(
            each.read_text(encoding="utf-8") for each in (path.iterdir() if path.is_dir() else [path])
        )
        assert any(number in text for number in people) == shown


def test_trace__to_a_file_of_another_format_is_refused(result, traces, tmp_path):
    told = typed("trace", result, "--tube", source(traces), "--out", tmp_path / "trace.pdf", code=1)
    assert ".graphml" in told.stderr
