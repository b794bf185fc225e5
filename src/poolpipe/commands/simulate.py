"""`poolpipe simulate`: a seeded city with every trouble of a real campaign, and the truth about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from poolpipe.choices import suggestion
from poolpipe.display import json_text
from poolpipe.languages import both
from poolpipe.messages import message_in_language
from poolpipe.terminal.console import tell

if TYPE_CHECKING:
    from collections.abc import Callable

    from poolpipe.simulate import Summary

__all__ = ["simulate"]

_EXAMPLE = """

\b
Example  例:
  poolpipe simulate demo-city --people 20000 --seed 7
  poolpipe simulate day --preset shanghai --no-troubles --pieces 8
  poolpipe simulate odd --format csv.gz --trouble overfull_pool=0.05
"""


@click.command(
    name="simulate",
    help="Write a simulated city's scans, reference tables and truth into DIR.\n\n"
    "模拟一座城市的混采筛查:扫码事件、基础表与真值写入 DIR。所有人物均为虚构。\n\n"
    "DIR/events holds the event files by kind, DIR/reference the tables people, sites and labs, DIR/truth "
    "who was infected and which trouble was planted where. The same people, seed and options give the same city, "
    "whatever the format and the number of pieces.\n\n"
    "DIR/events 按种类存放事件文件，DIR/reference 存放人员、采样点与检测机构表，DIR/truth 记录谁被感染、何处植入了何种差错。"
    "人数、种子与选项相同，则城市相同，与格式和分块数无关。" + _EXAMPLE,
)
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False))
@click.option(
    "--people",
    type=click.IntRange(100, 100_000_000),
    help="Residents; default: the preset's.  居民人数，默认依预设",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Random seed.  随机种子，相同则城市相同",
)
@click.option(
    "--preset",
    type=click.Choice(["town", "ruijin", "shanghai"]),
    default="town",
    show_default=True,
    help="town 5,000 people, two rounds; ruijin 700,000; shanghai 25,665,000, lean columns."
    "  town 5000 人、两轮；ruijin 70 万人；shanghai 2566.5 万人、列较少",
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(
        ["parquet", "arrow", "csv", "csv.gz", "csv.zst", "ndjson", "ndjson.gz", "ndjson.zst", "mixed"]
    ),
    default="parquet",
    show_default=True,
    help="Format and compression of the event files.  事件文件的格式与压缩方式",
)
@click.option(
    "--pieces",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Files per kind.  每类事件分成几个文件",
)
@click.option(
    "--rounds",
    type=click.IntRange(1, 30),
    help="Screening rounds; default: the preset's.  筛查轮次数，默认依预设",
)
@click.option(
    "--trouble",
    "troubles",
    multiple=True,
    metavar="NAME=RATE",
    help="Share of carriers a trouble befalls, e.g. overfull_pool=0.01; may be repeated; NAME `all` sets every "
    "rate.  发生某种差错的比例，如 overfull_pool=0.01，可重复给出；NAME 为 `all` 时为全部差错",
)
@click.option(
    "--spread",
    is_flag=True,
    help="Infections spread by household, queue and building from day to day; the truth tells who infected whom.  "
    "感染在户内、队列与楼栋间逐日传播，真值中记明谁传给谁",
)
@click.option(
    "--splash",
    type=click.FloatRange(0, 1),
    default=0.0,
    help="Share of wells around a strong one that it splashes into.  强阳性孔的样本溅入邻孔的比例",
)
@click.option(
    "--bad-lot",
    type=click.FloatRange(0, 1),
    default=0.0,
    help="Share of wells that one of six lots of reagent makes positive.  六个试剂批号之一使检测孔呈假阳性的比例",
)
@click.option("--no-troubles", is_flag=True, help="A city where nothing goes wrong.  不植入任何差错")
@click.option("--force", is_flag=True, help="Overwrite an earlier city in DIR.  覆盖 DIR 中先前的城市")
@click.option("--json", "as_json", is_flag=True, help="Summary as JSON on stdout.  以 JSON 输出")
def simulate(
    folder: str,
    *,
    people: int | None,
    seed: int,
    preset: str,
    format_: str,
    pieces: int,
    rounds: int | None,
    troubles: tuple[str, ...],
    spread: bool,
    splash: float,
    bad_lot: float,
    no_troubles: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Hand the options to `poolpipe.simulate.simulate` and tell what was written."""
    from poolpipe.simulate import LabFaults
    from poolpipe.simulate import simulate as simulate_city

    rates = _rates(troubles, none=no_troubles)
    summary = simulate_city(
        folder,
        people=people,
        seed=seed,
        preset=preset,
        format=format_,
        pieces=pieces,
        rounds=rounds,
        troubles=rates,
        spread=spread,
        faults=LabFaults(splash=splash, bad_lot=bad_lot) if splash or bad_lot else None,
        force=force,
        progress=_progress(),
    )
    _tell(summary, as_json=as_json)


def _rates(troubles: tuple[str, ...], *, none: bool) -> dict[str, float]:
    from poolpipe.simulate import TROUBLES

    rates = dict.fromkeys(TROUBLES, 0.0) if none else {}
    for given in troubles:
        name, separator, rate = given.partition("=")
        try:
            share = float(rate)
        except ValueError:
            separator = ""
            share = 0.0
        if not separator:
            raise click.BadParameter(
                message_in_language("rate_text", {"text": given}), param_hint="--trouble"
            )
        if name == "all":
            rates |= dict.fromkeys(TROUBLES, share)
        elif name in TROUBLES:
            rates[name] = share
        else:
            raise click.BadParameter(
                message_in_language(
                    "no_trouble",
                    {"name": name, "hint": suggestion(name, TROUBLES), "troubles": ", ".join(TROUBLES)},
                ),
                param_hint="--trouble",
            )
    return rates


def _progress() -> Callable[[int, int], None]:
    """A line on stderr for every tenth of the townships."""

    def told(done: int, townships: int) -> None:
        if done == townships or done % max(1, townships // 10) == 0:
            tell(f"{both('townships', '乡镇')} {done}/{townships}", err=True)

    return told


def _tell(summary: Summary, *, as_json: bool) -> None:
    written = {"events": summary.events, "reference": summary.references, "truth": summary.truth}
    if as_json:
        told = {
            "schema": "poolpipe.simulate/1",
            "folder": str(summary.folder),
            "seed": summary.seed,
            **written,
        }
        click.echo(json_text(told, indent=None))
        return
    tell(f"{summary.folder}: {summary.settings.people:,} {both('simulated people', '名模拟居民')}")
    for group, tables in written.items():
        for name, rows in tables.items():
            if rows:
                tell(f"  {group}/{name}: {rows:,}")
    here = summary.folder
    tell(
        f"{both('next', '下一步')}: poolpipe run {here / 'events'} --out {here / 'result'} "
        f"--sites {here / 'reference' / 'sites.parquet'}"
    )
