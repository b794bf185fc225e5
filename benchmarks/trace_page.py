"""The section of docs/benchmarks.md about traces, from what `benchmarks.trace_speed` measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    Table = Callable[[Sequence[str], Iterable[Sequence[str]]], str]

INDEX_S, ROUND_S, ONE_HOP_S, TWO_HOPS_S, ONE_MS, COMMAND_S, GIGABYTES = 3.0, 2.0, 0.5, 2.0, 2.0, 1.0, 2.5

HEAD = """A city of {people:,} people with one round ({seats_1:,} seats) and with three ({seats_3:,} seats), made by `poolpipe simulate
--preset shanghai`; measured on {measured} by `python -m benchmarks.trace_speed`, on two cores of which other work took the
most (load 8 to 15): the fastest of ten times, of a single tube its least of ten, whole commands the fastest of three; Polars
and DuckDB on the same machine when it was quiet. The index is built from the coded events; what is kept beside a result is
mapped, and each stretch of 64 KiB proved when it is first looked at. Walks end with scored links. A tube's code is asked in
all rounds: of three rounds that is three tubes a call. Wider queues (300 and 700 scans, six hours) give the sources as many
links as those of a denser city."""

PEERS = """The same {sources:,} sources, one hop, one round, on the same coded frames; poolpipe finds wells, too, and scores every link.
scipy.sparse multiplies the matrices of tubes with people and with boxes with their transposes; rustworkx makes a graph of them, which
is most of its time, and lists the neighbours of neighbours. Neither knows times: answers to a recall are among their other tubes,
and all journeys of a box among its tubes."""


RUN = """What the tables `traces`, `clusters` and `false_alarms` cost the day of one round: the least CPU time of three runs each, in
turns, and the highest peak. The index of a result is made by its first trace, not by the run."""


def section(figures: dict[str, Any], table: Table) -> list[str]:
    """The section; nothing where traces were not measured."""
    if "trace" not in figures:
        return []
    told = figures["trace"]
    one, three = told["1"], told["3"]
    memory = {name: told[name]["in_memory"] for name in "13"}
    head = HEAD.format(
        people=told["people"],
        measured=told["measured"],
        seats_1=memory["1"]["seats"],
        seats_3=memory["3"]["seats"],
    )
    peers = memory["1"]["peers"]
    beside = [
        (
            name,
            each["kinds"],
            f"{each['wall_s']:.2f}",
            f"{each['wall_s'] / memory['1']['hops_1_s']:.1f}",
            "yes" if each["equal"] else "no",
        )
        for name, each in peers.items()
    ]
    ours = ("**poolpipe**", "all", f"{memory['1']['hops_1_s']:.2f}", "1.0", "")
    head_of_run = ("`poolpipe run`", "CPU, s", "wall, s", "peak, GB", "others' CPU, s")
    told_run = [RUN, table(head_of_run, _run(told["run"]))] if "run" in told else []
    return [
        "## Traces of a city",
        head,
        table(("target", "asked", "one round", "three rounds", ""), list(_targets(one, three))),
        PEERS.format(sources=memory["1"]["sources"]),
        table(("who", "kinds of links", "wall, s", "x poolpipe", "the same links"), [ours, *beside]),
        *told_run,
    ]


def _run(runs: dict[str, Any]) -> list[tuple[str, ...]]:
    """What the main job pays."""
    names = {"with": "as it is", "without": "without traces, clusters and false alarms"}
    rows = [
        (
            names[name],
            *(
                f"{run[key] / unit:.1f}"
                for key, unit in (("cpu_s", 1), ("wall_s", 1), ("peak_bytes", 1e9), ("others_s", 1))
            ),
        )
        for name, run in runs.items()
    ]
    share = 1 - runs["without"]["cpu_s"] / runs["with"]["cpu_s"]
    more = (runs["with"]["peak_bytes"] - runs["without"]["peak_bytes"]) / 1e9
    return [*rows, ("their share", f"{share:.0%}", "", f"{more:+.1f}", "")]


def _targets(one: dict[str, Any], three: dict[str, Any]) -> Iterable[tuple[str, ...]]:
    """What is asked, what one round and three took, and whether three rounds meet it."""
    memory = [each["in_memory"] for each in (one, three)]
    sources, links = (
        memory[0]["sources"],
        [[each[f"hops_{hops}_links"] for each in memory] for hops in (1, 2)],
    )
    yield _row("the index", INDEX_S, "s", [each["index_s"] for each in memory])
    yield _row("the index of one round, from its events as they come", ROUND_S, "s", [memory[0]["index_s"]])
    yield ("the index, extended by the third round", "", "", f"{memory[1]['extended_s']:.2f} s", "")
    for hops, most in ((1, ONE_HOP_S), (2, TWO_HOPS_S)):
        told = " and ".join(f"{each:,}" for each in links[hops - 1])
        what = f"{('one hop', 'two hops')[hops - 1]} from {sources:,} sources, {told} links"
        yield _walk_row(what, most, memory, f"hops_{hops}")
    per_source = " and ".join(f"{each['wide_links'] / sources:,.0f}" for each in memory)
    what = f"two hops from {sources:,} sources in wider queues, {per_source} links a source"
    yield _walk_row(what, TWO_HOPS_S, memory, "wide")
    yield _row(
        "arrays of the index, beside the coded day",
        GIGABYTES,
        "GB",
        [each["index_bytes"] / 1e9 for each in memory],
    )
    for name, what in (("tube", "no source"), ("source", "a source")):
        for turn, when in (("first", "first look"), ("again", "once loaded")):
            taken = [each["one_by_one"][f"{name} {turn}"] for each in (one, three)]
            asked = ONE_MS if turn == "again" else None
            row = _row(
                f"`poolpipe.trace` of a tube, {what}, {when}: 99th percentile",
                asked,
                "ms",
                [each["p99"] for each in taken],
            )
            middle = [
                f"{cell} (median {each['p50']:.2f})" for cell, each in zip(row[2:4], taken, strict=True)
            ]
            yield (*row[:2], *middle, row[4])
    homes = [each["with_homes"] for each in (one, three)]
    row = _row(
        "the same with households of a list of residents, kept, once loaded: 99th percentile",
        None,
        "ms",
        [each["p99"] for each in homes],
    )
    yield (
        *row[:2],
        *(f"{cell} (median {each['p50']:.2f})" for cell, each in zip(row[2:4], homes, strict=True)),
        "",
    )
    for name, what in (("tube", "no source"), ("source", "a source")):
        taken = [each[name]["wall_s"] for each in (one, three)]
        yield _row(f"`poolpipe trace RESULT --tube T`, {what}, from a kept index", COMMAND_S, "s", taken)
    first = [
        f"{each['first']['wall_s']:.1f} s, {each['first']['peak_bytes'] / 1e9:.1f} GB"
        for each in (one, three)
    ]
    yield ("the first such call, which makes the index", "", *first, "")
    yield ("the first call with a list of residents", "", *(f"{each['first_s']:.1f} s" for each in homes), "")
    yield ("the kept index on disk", "", *(f"{each['bytes'] / 1e9:.2f} GB" for each in (one, three)), "")
    yield ("its households", "", *(f"{each['bytes'] / 1e9:.2f} GB" for each in homes), "")


def _walk_row(what: str, most: float, memory: list[dict[str, Any]], name: str) -> tuple[str, ...]:
    """A walk, with the CPU time of both cores: other work takes of the one and not of the other."""
    row = _row(what, most, "s", [each[f"{name}_s"] for each in memory])
    cells = (
        f"{cell} (CPU {each[f'{name}_cpu_s']:.2f} s)" for cell, each in zip(row[2:4], memory, strict=True)
    )
    return (*row[:2], *cells, row[4])


def _row(what: str, most: float | None, unit: str, taken: list[float]) -> tuple[str, ...]:
    cells = [f"{each:.2f} {unit}" for each in taken]
    asked = "" if most is None else f"<= {most:g} {unit}"
    verdict = "" if most is None else "met" if max(taken) <= most else "**not met**"
    return (what, asked, *cells, *[""] * (2 - len(cells)), verdict)
