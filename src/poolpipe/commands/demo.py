"""`poolpipe demo`: the sample town, from its scan files to the boards, held against its truth."""

from __future__ import annotations

from pathlib import Path

import click

from poolpipe.commands import options
from poolpipe.commands.run import files_written
from poolpipe.languages import both
from poolpipe.progress import Steps
from poolpipe.terminal.console import check_inputs, check_out, show, tell
from poolpipe.terminal.loading import loading

__all__ = ["demo"]

EXPLAINED: dict[str, str] = {}
"""Codes that the sample town shows without having planted them, and why; the README says so, too."""


@click.command(
    help="Run the sample town: 5,000 invented people with every trouble of a real campaign. Shows the boards, then checks "
    "that every planted trouble was found and none that was not planted.\n\n"
    "运行示例镇：5000 名虚构居民，含真实筛查中的各种差错；显示看板，并核对植入的差错是否全部发现、有无误报。\n\n"
    "The exit status is 1 if the check fails.\n\n核对不通过时退出码为 1。"
    "\n\n\b\nExample  例:\n"
    "  poolpipe demo --out demo\n"
    "  poolpipe simulate city --people 20000\n  poolpipe demo --town city --out city-result"
)
@options.out_folder("demo")
@click.option(
    "--town",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Another simulated city  另一模拟城市的文件夹",
)
@options.rows
@options.quiet("No progress and only the check  仅显示核对结果")
def demo(*, out: Path, town: Path | None, rows: int, quiet: bool) -> None:
    """Run a simulated city and hold the result against its truth."""
    town = town or _sample_town(out)
    events, reference, truth = (town / name for name in ("events", "reference", "truth"))
    check_inputs(map(str, (town, events, reference, truth / "troubles.parquet")))
    check_out(out)
    with loading():
        import polars as pl

        from poolpipe.events.reference import read_reference
        from poolpipe.pipeline import run
        from poolpipe.policy import load_policy
        from poolpipe.simulate.check import busiest_moment, check_planted
        from poolpipe.terminal.boards import day_boards, recall_board, truth_board

    zone = load_policy().time_zone
    known = read_reference(**{name: _table_in(reference, name) for name in ("people", "sites", "labs")})
    with Steps(quiet=quiet) as steps:
        day = run(events, people=known.people, sites=known.sites, labs=known.labs, progress=steps)
        day.write(out)
    check = check_planted(
        pl.read_parquet(truth / "troubles.parquet"),
        pl.read_parquet(truth / "rejects.parquet"),
        day.anomalies,
        day.rejects,
        explained=EXPLAINED,
    )
    if not quiet:
        campaign, *others = day_boards(day, zone=zone, people=known.people, rows=rows)
        busiest = busiest_moment(day.recalls)
        then = day.view(as_of=busiest).recalls
        show(
            [campaign, recall_board(then, as_of=busiest, zone=zone, people=known.people, rows=rows), *others]
        )
    show([truth_board(check, rows=rows)])
    tell(f"{both('Scan files', '扫码文件')} {events}; {both('truth', '真值')} {truth}")
    tell(files_written(out))
    if not check.passed:
        raise click.exceptions.Exit(1)


def _sample_town(out: Path) -> Path:
    """The town that the repository ships; beside the result of an installed package, one is simulated."""
    shipped = Path(__file__).parents[3] / "data" / "samples" / "town"
    if shipped.is_dir():
        return shipped.relative_to(Path.cwd()) if shipped.is_relative_to(Path.cwd()) else shipped
    town = out.with_name(f"{out.name}-town")
    if not (town / "truth" / "troubles.parquet").exists():
        from poolpipe.simulate import simulate

        tell(
            f"{both('Simulating a town of 5,000 invented people into', '正在模拟一座 5000 人的虚构城镇')} {town}"
        )
        simulate(town, preset="town", seed=0, format="mixed")  # the very town that the repository ships
    return town


def _table_in(folder: Path, name: str) -> str | None:
    """The reference table of that name, in whatever format it is."""
    return next((str(path) for path in sorted(folder.glob(f"{name}.*"))), None)
