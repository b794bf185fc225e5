"""`poolpipe design`: what a pooling design costs and finds, prevalence from pools, seats and worklists."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from poolpipe.commands import masks, options
from poolpipe.commands.frames import board, echo_json, read_frame, tell_doubts, write_frame, written
from poolpipe.commands.options import CHANCE, POSITIVE, SHARE, Number
from poolpipe.commands.prevalences import prevalence_board
from poolpipe.commands.rounding import few_digits, groups
from poolpipe.languages import both
from poolpipe.messages import message_in_language
from poolpipe.terminal.console import check_inputs, show, tell

if TYPE_CHECKING:
    import polars as pl

    from poolpipe.design import Characteristics

__all__ = ["design"]

_FILE = click.Path(path_type=Path, dir_okay=False)
_SCHEMES = click.Choice(["dorfman", "hierarchical", "array", "array_master"])
_json = options.as_json()
_se = click.option(
    "--se",
    type=CHANCE,
    default=1.0,
    show_default=True,
    help="Sensitivity; 1 is a perfect test  灵敏度，1 为无误差",
)
_sp = click.option(
    "--sp",
    type=CHANCE,
    default=1.0,
    show_default=True,
    help="Specificity; 1 is a perfect test  特异度，1 为无误差",
)
_out = click.option(
    "--out", type=click.Path(path_type=Path), help="Write the table to this file  将结果表写入该文件"
)


@click.group(
    name="design",
    help="Pooling designs: cost and accuracy, best sizes, prevalence, noise-free decoding, seats and worklists.\n\n"
    "混采方案：检测量与准确度、最优混样比例、流行率估计、无误差判定、混样分配方案与机器人加样单。",
)
def design() -> None:
    """Group the design commands."""


@design.command(
    help="Expected tests, sensitivity, specificity and predictive values of a design.  方案的检测量与准确度\n\n"
    "SIZES: 10 for pools of ten or a 10 x 10 array, 9,3,1 for stages.  SIZES：10 为十合一或 10×10 矩阵，9,3,1 为分级混样\n\n"
    "\b\nExample  例:\n  poolpipe design characteristics dorfman 10 --p 0.01 --se 0.99 --sp 0.99",
)
@click.argument("scheme", type=_SCHEMES)
@click.argument("sizes")
@click.option("--p", type=SHARE, required=True, help="P(infected) of everybody  每个人的感染概率")
@_se
@_sp
@_json
def characteristics(scheme: Any, sizes: str, *, p: float, se: float, sp: float, as_json: bool) -> None:
    """Show what one design promises."""
    from poolpipe.design import characteristics as work_out

    _tell(
        [work_out(scheme, _sizes(sizes), p, se, sp)],
        both("Characteristics", "方案特征"),
        test=(se, sp),
        as_json=as_json,
    )


@design.command(
    help="The sizes with the fewest tests per person; single tests where no pool saves any.  "
    "人均检测量最少的混样比例；混采不省时为单采\n\n"
    "\b\nExample  例:\n  poolpipe design best dorfman --p 0.01 --se 0.99 --sp 0.99\n"
    "  poolpipe design best dorfman --p 0.001 --people 700000 --tests 60000",
)
@click.argument("scheme", type=_SCHEMES)
@click.option("--p", type=SHARE, required=True, help="P(infected) of everybody  每个人的感染概率")
@_se
@_sp
@click.option(
    "--sizes",
    "choices",
    multiple=True,
    help="A size to choose from; may be repeated  备选的混样比例，可重复给出",
)
@click.option(
    "--people", type=click.IntRange(1), help="People to screen, with --tests  应筛查人数，与 --tests 同用"
)
@click.option(
    "--tests",
    type=click.IntRange(1),
    help="Tests the labs can run, with --people  各检测机构可完成的检测数，与 --people 同用",
)
@_json
def best(
    scheme: Any,
    *,
    p: float,
    se: float,
    sp: float,
    choices: tuple[str, ...],
    people: int | None,
    tests: int | None,
    as_json: bool,
) -> None:
    """Show the cheapest sizes."""
    from poolpipe.design import best as cheapest

    if (people is None) != (tests is None):
        raise click.UsageError(message_in_language("people_and_tests", {}))
    chosen = [_sizes(each) for each in choices] or None
    found = cheapest(scheme, p, se, sp, chosen, most_tests=tests, people=people)
    _tell([found], both("Best sizes", "最优混样比例"), test=(se, sp), as_json=as_json)
    if not as_json and found.tests_per_person >= 1:
        tell(both("pooling does not pay here: test everybody singly", "混采不省检测，请逐人单采"))


@design.command(
    help="Prevalence with a confidence interval from pooled results.  由混采结果估计流行率\n\n"
    "POOLS has people (or size) and call (or positive), a row per pool; a result folder will do: its pools count, and "
    "not the singles of its recalls. What is left out is counted.  POOLS 每管一行，有 people（或 size）与 call（或 positive）列；也可"
    "给结果文件夹：计入其混管，不计复采的单采管；未计入的给出数目\n\n"
    "\b\nExample  例:\n  poolpipe design prevalence result --by site",
)
@click.argument("pools", type=click.Path(path_type=Path))
@click.option(
    "--method",
    type=click.Choice(["exact", "score", "likelihood"]),
    default="exact",
    show_default=True,
    help="Kind of interval  置信区间的计算方法",
)
@_se
@_sp
@click.option(
    "--confidence",
    type=Number(0, 1, min_open=True, max_open=True),
    default=0.95,
    show_default=True,
    help="Coverage  区间的置信度",
)
@click.option(
    "--by",
    multiple=True,
    help="Column of strata, such as community; may be repeated  分层所依的列，如 community，可重复给出",
)
@click.option(
    "--singles",
    is_flag=True,
    help="Count single tubes, too: those of a recall bias it  也计入单采管；复采的单采管会使估计偏高",
)
@_out
@_json
def prevalence(
    pools: Path,
    *,
    method: Any,
    se: float,
    sp: float,
    confidence: float,
    by: tuple[str, ...],
    singles: bool,
    out: Path | None,
    as_json: bool,
) -> None:
    """Estimate from a table of pools."""
    check_inputs((str(pools),))
    from poolpipe.design import prevalence as estimate

    table = pools / "pools.parquet" if pools.is_dir() else pools
    frame = read_frame(table, ("people", "size"))
    found = estimate(frame, method, se=se, sp=sp, confidence=confidence, by=by, singles=singles)
    if out is not None:
        write_frame(found, out)
        tell(written(found.height, out), err=True)
    if as_json:
        echo_json(found.to_dicts())
    else:
        show([prevalence_board(found, by, confidence)])


@design.command(
    help="Who is infected if tests do not err: COMP, DD or SCOMP.  假定检测无误时的判定\n\n"
    "SEATS has pool, person; POOLS has pool, call.  SEATS 有 pool、person 列；POOLS 有 pool、call 列\n\n"
    "\b\nExample  例:\n  poolpipe design screen seats.csv pools.csv --method scomp",
)
@click.argument("seats", type=_FILE)
@click.argument("pools", type=_FILE)
@click.option(
    "--method",
    type=click.Choice(["comp", "dd", "scomp"]),
    default="scomp",
    show_default=True,
    help="comp misses nobody, dd accuses nobody, scomp lies between  comp 不漏一人，dd 不冤一人，scomp 介于两者之间",
)
@masks.mask
@masks.unmasked
@_out
@_json
def screen(
    seats: Path, pools: Path, *, method: str, mask: bool, show_ids: bool, out: Path | None, as_json: bool
) -> None:
    """Decode without noise."""
    check_inputs((str(seats), str(pools)))
    from poolpipe import design as designs

    decoder = {"comp": designs.comp, "dd": designs.dd, "scomp": designs.scomp}[method]
    tables = read_frame(seats), read_frame(pools)
    found = decoder(*tables).sort("infected", descending=True, maintain_order=True)
    tell_doubts(designs.screen_doubts(*tables))
    _result(
        found,
        f"{method.upper()} {both('result', '判定')}",
        out,
        as_json=as_json,
        secret=("person",),
        show_ids=show_ids or not mask,
    )


@design.command(
    help="Seat people in overlapping pools; with --worklist also what the robot pipettes.  混样分配方案与加样单\n\n"
    "PEOPLE has person.  PEOPLE 有 person 列\n\n"
    "\b\nExample  例:\n  poolpipe design assign people.csv array --size 10 --worklist steps.csv",
)
@click.argument("people", type=_FILE)
@click.argument("scheme", type=click.Choice(["array", "column_weight", "rounds"]))
@click.option(
    "--size", type=click.IntRange(1), default=10, show_default=True, help="People in a pool  每管人数"
)
@click.option(
    "--weight", type=click.IntRange(1), default=2, show_default=True, help="Pools of a person  每人分入几管"
)
@click.option(
    "--pools", type=click.IntRange(1), help="Pools in all, for column_weight  总管数，用于 column_weight"
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Random seed  随机种子，相同则结果相同",
)
@click.option(
    "--worklist",
    type=click.Path(path_type=Path),
    help="Write the robot's transfers here  将移液工作站的加样单写入该文件",
)
@click.option(
    "--volume",
    type=POSITIVE,
    default=50.0,
    show_default=True,
    help="Microlitres a transfer  每次加样体积（微升）",
)
@click.option(
    "--available",
    type=POSITIVE,
    default=500.0,
    show_default=True,
    help="Microlitres of a sample  每份样本的可用体积（微升）",
)
@masks.mask
@masks.unmasked
@_out
@_json
def assign(
    people: Path,
    scheme: Any,
    *,
    size: int,
    weight: int,
    pools: int | None,
    seed: int,
    worklist: Path | None,
    volume: float,
    available: float,
    mask: bool,
    show_ids: bool,
    out: Path | None,
    as_json: bool,
) -> None:
    """Make seats and, if wanted, the worklist."""
    check_inputs((str(people),))
    from poolpipe import design as designs
    from poolpipe.decode.keys import clean_keys

    frame = clean_keys(read_frame(people), str(people), ("person",))
    seats = designs.assign(frame["person"], scheme, size=size, weight=weight, pools=pools, seed=seed)
    if worklist is not None:
        steps = designs.worklist(seats, volume_ul=volume, available_ul=available)
        write_frame(steps, worklist)
        tell(written(steps.height, worklist, ("transfer", "加样步骤")), err=True)
    _result(
        seats,
        both("Seats", "混样分配"),
        out,
        as_json=as_json,
        secret=("person",),
        show_ids=show_ids or not mask,
    )


def _sizes(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise click.BadParameter(
            message_in_language("sizes_text", {"text": text}), param_hint="SIZES"
        ) from None


_CHINESE = {
    "scheme": "方案",
    "sizes": "混样比例",
    "expected_tests": "每组预计检测数",
    "tests_per_person": "人均检测数",
    "pooling_sensitivity": "总灵敏度",
    "pooling_specificity": "总特异度",
    "ppv": "阳性预测值",
    "npv": "阴性预测值",
}
_TESTS = ("expected_tests", "tests_per_person")


def _tell(found: list[Characteristics], title: str, *, test: tuple[float, float], as_json: bool) -> None:
    """Show what a design promises and which test it assumes."""
    import polars as pl

    names = (
        "scheme", "sizes", "expected_tests", "tests_per_person", "pooling_sensitivity", "pooling_specificity",
        "ppv", "npv",
    )  # fmt: skip
    rows = [{name: getattr(each, name) for name in names} for each in found]
    if as_json:
        told = ({"note": each.note, "groups": groups(each.people)} for each in found)
        echo_json([few_digits(row) | more for row, more in zip(rows, told, strict=True)])
        return
    figure, value = both("figure", "指标"), both("value", "数值")
    facts = [{figure: both(name, _CHINESE[name]), value: _legible(name, rows[0][name])} for name in names]
    show([board(pl.DataFrame(facts), title)])
    perfect = f" ({both('a perfect test', '假定检测无误')})" if test == (1.0, 1.0) else ""
    tell(
        f"{both('assumed for every test', '所有检测均按')}: {both('sensitivity', '灵敏度')} {test[0]:.4g}, "
        f"{both('specificity', '特异度')} {test[1]:.4g}{perfect}; {both('no dilution in large pools', '不计稀释')}"
    )
    if found[0].note:
        tell(both(found[0].note, "已达搜索上限，更大者或许更省"))


def _legible(name: str, value: object) -> str:
    """A figure as people read it: probabilities in per cent, numbers of tests with few digits, sizes as they are typed."""
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    if not isinstance(value, float):
        return str(value)
    if math.isnan(value):
        return f"- ({both('nobody', '无人')})"
    if name in _TESTS:
        return f"{value:.4g}"
    return f"{value:.2%}" if value <= 0.9999 or value == 1.0 else f"{value:.6%}"


def _result(
    frame: pl.DataFrame,
    title: str,
    out: Path | None,
    *,
    as_json: bool,
    secret: tuple[str, ...] = (),
    show_ids: bool = False,
) -> None:
    if out is not None:
        write_frame(frame, out)
        tell(written(frame.height, out), err=True)
    if as_json:
        echo_json(frame.to_dicts())
    else:
        show([board(frame, title, secret=secret, show_ids=show_ids)])
