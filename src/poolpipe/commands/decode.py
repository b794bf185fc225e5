"""`poolpipe decode`: who in the pools, from tables of seats, pools and people."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from poolpipe.accuracy import SENSITIVITY, SPECIFICITY
from poolpipe.commands import masks, options
from poolpipe.commands.cycles import cycle_options, cycles_told, read_with_ct, with_readings
from poolpipe.commands.frames import board, echo_json, read_frame, tell_doubts, write_frame
from poolpipe.commands.options import CHANCE, SHARE
from poolpipe.languages import both, one_language
from poolpipe.messages import in_language
from poolpipe.terminal.console import check_inputs, show, tell

if TYPE_CHECKING:
    import polars as pl

__all__ = ["decode"]

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command(
    name="decode",
    help="Find everybody's probability of infection from all pools together.\n\n"
    "综合所有混管的结果，推算每个人的感染概率。\n\n"
    "SEATS has pool, person; POOLS has pool, call (positive, suspect, negative, invalid or empty) and may have ct, which "
    "counts with --ct; "
    "PEOPLE has person, prior. CSV, NDJSON, Parquet or Arrow.\n\n"
    "Every row says which method found it and how far the probability may be off (error). Pools that cannot be used, because "
    "nobody sits in them, nobody called them or they contradict others, are named.\n\n"
    "SEATS 有 pool、person 列；POOLS 有 pool、call 列（positive、suspect、negative、invalid 或空），可有 ct 列，加 --ct 后计入；PEOPLE 有 "
    "person、prior 列。可为 CSV、NDJSON、Parquet 或 Arrow。\n\n"
    "每行注明所用方法及概率的可能误差（error）。无法采用的混管（无人员、无结果或互相矛盾）逐一列出。\n\n"
    "\b\nExample  例:\n"
    "  poolpipe decode seats.csv pools.csv people.csv --sensitivity 0.9\n"
    "  poolpipe decode seats.csv pools.csv people.csv --ct --ct-mean 26 --ct-sd 4.5\n"
    "  poolpipe decode seats.csv pools.csv people.csv --out who.parquet",
)
@click.argument("seats", type=_FILE)
@click.argument("pools", type=_FILE)
@click.argument("people", type=_FILE)
@click.option(
    "--sensitivity",
    type=CHANCE,
    default=SENSITIVITY,
    show_default=True,
    help="P(detected | infected), undiluted  灵敏度：未稀释时感染者检出的概率",
)
@click.option(
    "--specificity",
    type=CHANCE,
    default=SPECIFICITY,
    show_default=True,
    help="P(not detected | clean)  特异度：未感染者不检出的概率",
)
@click.option(
    "--dilution",
    type=SHARE,
    help="Exponent d of (infected / people) ** d  稀释指数 d：灵敏度按（感染人数／人数）的 d 次方下降",
)
@cycle_options
@click.option(
    "--threads", type=click.IntRange(1, 64), default=2, show_default=True, help="Threads  计算所用线程数"
)
@click.option(
    "--rows", type=click.IntRange(1), default=20, show_default=True, help="Longest list  看板最多显示的行数"
)
@click.option(
    "--out", type=click.Path(path_type=Path), help="Write everybody to this file  将全部人员写入该文件"
)
@masks.mask
@masks.unmasked
@options.as_json("People and components as JSON  以 JSON 输出")
def decode(
    seats: Path,
    pools: Path,
    people: Path,
    *,
    sensitivity: float,
    specificity: float,
    dilution: float | None,
    ct: bool,
    readings: Path | None,
    targets: tuple[str, ...],
    ct_mean: float | None,
    ct_sd: float | None,
    ct_values: Path | None,
    ct_limit: float | None,
    ct_noise: float | None,
    threads: int,
    rows: int,
    out: Path | None,
    mask: bool,
    show_ids: bool,
    as_json: bool,
) -> None:
    """Read the three tables, decode, show the likeliest people and the most surprising components."""
    check_inputs((str(seats), str(pools), str(people)))
    from poolpipe.decode import decode as decode_frames

    called = with_readings(read_with_ct(pools), readings, targets)
    if "day" in called.columns:
        tell(both("the column day of POOLS is not used: all pools count as of one day; "
                  "poolpipe.decode.decode_over_time uses it", "未使用 day 列，各管按同一天计"), err=True)  # fmt: skip
    law = {"mean": ct_mean, "sd": ct_sd, "values": ct_values, "limit": ct_limit, "noise": ct_noise}
    assay: dict[str, Any] = {"sensitivity": sensitivity, "specificity": specificity, "dilution": dilution}
    assay["cycles"] = cycles_told(called, law, wanted=ct or readings is not None)
    found = decode_frames(
        read_frame(seats), called, read_frame(people, ("prior",)), assay=assay, threads=threads
    )
    if out is not None:
        write_frame(found.people, out)
        people_told = both(f"{found.people.height:,} people", f"{found.people.height:,} 人")
        tell(f"{people_told} {both('written to', '已写入')} {out}", err=True)
    tell_doubts(found.doubts)
    fit = found.fit
    for warning in fit.warnings:
        tell(in_language(warning), err=True)
    if as_json:
        tables = {
            "people": found.people,
            "components": found.components,
            "pools": found.pools,
            "doubts": found.doubts,
        }
        judged = {"table": fit.table.to_dicts(), "warnings": list(fit.warnings), "better": dict(fit.better)}
        told = {name: table.to_dicts() for name, table in tables.items()} | {"fit": judged}
        echo_json({"schema": "poolpipe.decode/1", **told})
        return
    likely = found.people.sort("p_infected", descending=True, maintain_order=True)
    odd = found.components.sort("surprise", descending=True, maintain_order=True)
    show(
        [
            board(
                _legible(likely),
                both("Likeliest first", "感染概率由高到低"),
                rows=rows,
                secret=(_NAMES["person"],),
                show_ids=show_ids or not mask,
            ),
            board(_legible(fit.table), both("Line of fit: seen and expected", "拟合：所见与所期")),
            board(
                _legible(odd),
                both("Components, most surprising first", "连通组，最出人意料者在前"),
                rows=min(rows, 10),
            ),
        ]
    )
    for names, meaning in _TERMS:
        tell(f"{both(*names)}: {both(*meaning)}")


_TERMS = (
    (
        ("component", "连通组"),
        ("people whom shared pools link, directly or through others", "因同管直接或间接相连的人员"),
    ),
    (
        ("log_evidence", "对数证据"),
        ("natural logarithm of the probability of all its results", "该组全部结果出现概率的自然对数"),
    ),
    (
        ("surprise", "意外度"),
        (
            "0 is as expected; above 10 look for contamination or swapped tubes",
            "0 属正常；大于 10 请排查污染、换管",
        ),
    ),
)
"""What the boards' terms mean; docs/decode.md has their formulas."""

NOTHING = 1e-7
_LINES = {
    "positives": "positives 阳性管",
    "infected": "infected 感染人数",
    "sensitivity": "sensitivity 灵敏度",
    "specificity": "specificity 特异度",
    "pools_of_two": "pools_of_two 含两名以上感染者之管",
    "household_pairs": "household_pairs 同户感染对",
    "ct": "ct  平均 Ct",
}
_NAMES = {
    "person": "person 人员",
    "p_infected": "p_infected 感染概率",
    "method": "method 方法",
    "error": "error  ± 误差",
    "component": "component 连通组",
    "people": "people 人数",
    "pools": "pools 管数",
    "log_evidence": "log_evidence 对数证据",
    "surprise": "surprise 意外度",
    "what": "what 项目",
    "seen": "seen 所见",
    "expected": "expected 所期",
    "lower": "lower 下限",
    "upper": "upper 上限",
    "z": "z 标准差数",
}


def _legible(frame: pl.DataFrame) -> pl.DataFrame:
    """Name columns in both languages, write probabilities in per cent."""
    import polars as pl

    shares = [name for name in ("p_infected", "error") if name in frame.columns]
    texts = [pl.Series(name, [_percent(value) for value in frame[name]], dtype=pl.String) for name in shares]
    if "what" in frame.columns:
        texts.append(
            frame["what"].cast(pl.String).replace({name: one_language(told) for name, told in _LINES.items()})
        )
    return frame.with_columns(texts).rename(
        {name: told for name, told in _NAMES.items() if name in frame.columns}
    )


def _percent(share: float | None) -> str | None:
    """Three digits, and as many more as keep nearly certain apart from certain."""
    if share is None:
        return None
    if share < NOTHING:
        return "≈ 0%"
    return f"{100 * share:.3g}%" if share < 0.999 or share == 1.0 else f"{100 * share:.7g}%"
