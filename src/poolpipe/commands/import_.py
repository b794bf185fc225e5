"""`poolpipe import`: instrument and robot files in, event files out (docs/tables.md)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from poolpipe.commands import options
from poolpipe.commands.frames import echo_json
from poolpipe.commands.options import ZONE, Number
from poolpipe.display import withheld
from poolpipe.languages import both
from poolpipe.messages import message_in_language
from poolpipe.messages.phrases import import_word
from poolpipe.terminal.console import check_inputs, tell
from poolpipe.terminal.documentation import page_lines
from poolpipe.words import EVENT_WORDS, SEVERITY_WORDS, word_of

if TYPE_CHECKING:
    from datetime import datetime

    import polars as pl

    from poolpipe.errors import PoolpipeError
    from poolpipe.instruments.batch import Imported
    from poolpipe.instruments.model import InstrumentFile

__all__ = ["import_command"]

MOST_PLACES = 8  # places of a question shown to people; programs get all of them


@click.command(
    "import",
    help="Read what PCR machines, pipetting robots and labs write, and write it as event files into OUT.\n\n"
    "读取 PCR 仪、移液工作站与检验机构的文件，转换为事件文件写入 OUT。\n\n"
    "The format is recognised by content, never by name. --dry-run shows what each file means without writing: machine, "
    "time, plate, wells, controls, targets, what counts as undetermined and why, every ambiguity with its decision, and "
    "what was not understood. Exit status 1 when a file could not be imported, or with --dry-run would not be; the others are written.\n\n"
    "格式按内容识别，与文件名无关。--dry-run 只说明每个文件的含义而不写入：仪器、时间、板号、孔位、质控、靶标、何为未检出及原因、每处疑问"
    "如何处理、哪些未读懂。有文件未能导入时退出码为 1，其余文件照常写出。"
    "\n\n\b\nExamples  例:\n"
    "  poolpipe import run.xlsx --dry-run\n"
    "  poolpipe import run.txt --plate P0001 --out events\n"
    "  poolpipe import map.csv --lab CDC1 --at 2022-02-10T08:00:00Z --out events",
)
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
@click.option(
    "--out",
    metavar="OUT",
    type=click.Path(path_type=Path),
    help="Folder for the events  写入事件文件的文件夹",
)
@click.option("--dry-run", is_flag=True, help="Show the meaning, write nothing  只显示含义，不写入")
@options.as_json("The meaning as JSON  以 JSON 输出")
@click.option(
    "--policy",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Import or campaign policy, TOML  导入规则或筛查的判读规则",
)
@click.option("--plate", metavar="BARCODE", help="Plate of a file that names none  文件未写板号时的板号")
@click.option("--lab", metavar="LAB", help="Lab of loads and reports  上机与报告的检测机构")
@click.option(
    "--at", metavar="TIME", help="Time of a file that has none, RFC 3339  文件未写时间时的时间，RFC 3339 格式"
)
@click.option(
    "--zone",
    type=ZONE,
    metavar="ZONE",
    help="Zone of times without one; default Asia/Shanghai  未写时差的时间所用时区，默认 Asia/Shanghai",
)
@click.option(
    "--date-order",
    type=click.Choice(["mdy", "dmy"]),
    help="Order of 03-10-2024  03-10-2024 一类日期中月、日的先后",
)
@click.option(
    "--no-call-ct",
    type=Number(),
    multiple=True,
    metavar="CT",
    help="Number written for no amplification  文件中表示无扩增的数值",
)
@click.option(
    "--target",
    "targets",
    multiple=True,
    metavar="NAME=TARGET",
    help="Dye or name to target  通道或名称所对应的靶标，可重复给出",
)
@click.option(
    "--round",
    "screening_round",
    metavar="ROUND",
    help="Screening round of the events  这些事件所属的筛查轮次",
)
@click.option("--loads", multiple=True, metavar="FILE", type=click.Path(path_type=Path),
              help="Plate maps or load events to check plates against  用于核对各板的板图或上机记录")  # fmt: skip
@click.option("--stamp", metavar="FILE", type=click.Path(path_type=Path),
              help="CSV source_plate,quadrant,plate: 4 x 96 into 384"
              "  合板表（CSV，列为 source_plate、quadrant、plate）：4 块 96 孔板合为 384 孔板")  # fmt: skip
@click.option(
    "--layouts",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="The lab's own layouts  本机构自定义版式的文件夹",
)
def import_command(
    files: tuple[Path, ...],
    *,
    out: Path | None,
    dry_run: bool,
    as_json: bool,
    policy: Path | None,
    plate: str | None,
    lab: str | None,
    at: str | None,
    zone: str | None,
    date_order: str | None,
    no_call_ct: tuple[float, ...],
    targets: tuple[str, ...],
    screening_round: str | None,
    loads: tuple[Path, ...],
    stamp: Path | None,
    layouts: Path | None,
) -> None:
    """Read files, show what they mean, and write their events."""
    if out is None and not dry_run:
        raise click.UsageError(message_in_language("no_out", {}))
    if plate is not None and len(files) > 1:
        raise click.UsageError(message_in_language("one_plate", {}))
    from poolpipe.instruments.batch import import_files, load_import_policy, write_events

    named = _pairs(targets)
    given = (*files, *loads, *(each for each in (policy, stamp) if each))
    check_inputs(map(str, given))
    rules = load_import_policy(
        policy, plate=plate, lab=lab, at=at, zone=zone, date_order=date_order, no_call_ct=no_call_ct,
        targets=named, round=screening_round,
    )  # fmt: skip
    imported = import_files(
        files, rules, known_loads=_known_loads(loads, out, rules.max_bytes), stamping=stamp, layouts=layouts
    )
    if not dry_run and out is not None:
        write_events(imported, out)
    if as_json:
        echo_json([item.to_dict() for item in imported])
    else:
        lines = [line for item in imported for line in _lines(item, rules.zone)]
        for line in (*lines, *page_lines(lines)):
            tell(line)
    if any(item.error is not None for item in imported):
        raise click.exceptions.Exit(1)


def _pairs(texts: tuple[str, ...]) -> dict[str, str]:
    for text in texts:
        if "=" not in text:
            raise click.BadParameter(
                message_in_language("target_text", {"text": text}), param_hint="--target"
            )
    parted = [text.partition("=") for text in texts]
    return {name.strip(): target.strip() for name, _, target in parted}


def _known_loads(paths: tuple[Path, ...], out: Path | None, most: int) -> pl.DataFrame | None:
    """Plate and well of loads from maps, event files, and earlier imports into the same folder."""
    import polars as pl

    from poolpipe.instruments import ImportPolicy, read, recognise

    earlier = sorted((out / "load").glob("*.ndjson")) if out is not None and (out / "load").is_dir() else []
    frames = []
    for path in (*earlier, *paths):
        if path.suffix == ".ndjson":
            frames.append(pl.read_ndjson(path).select(pl.col("plate", "well").cast(pl.String)))
        elif path.suffix == ".parquet":
            frames.append(pl.read_parquet(path).select(pl.col("plate", "well").cast(pl.String)))
        elif recognise(path) is not None:
            frames.append(read(path, policy=ImportPolicy(max_bytes=most)).loads.select("plate", "well"))
        else:
            frames.append(pl.read_csv(path, infer_schema=False).select("plate", "well"))
    return pl.concat(frames) if frames else None


def _lines(item: Imported, zone: str) -> list[str]:
    """What a file means, for people; times are shown in a zone."""
    lines = [item.path]
    if item.file is not None:
        lines += _meaning(item, item.file, zone)
    if item.error is not None:
        lines.append(f"  {both('not imported', '未导入')}: {_told(item.error)}")
    lines += [f"  {both('missing', '缺少')}: {import_word(text)}" for text in item.missing]
    lines += [f"  {import_word(state)} {path}" for path, state in item.written.items()]
    return lines


def _meaning(item: Imported, file: InstrumentFile, zone: str) -> list[str]:
    from poolpipe.instruments.answers import answer

    known = file.recognised
    machine = " ".join(
        part for part in (known.vendor, known.instrument, known.serial, known.software) if part
    )
    wells = file.readings["well"].n_unique() if file.readings.height else file.loads["well"].n_unique()
    undetermined = file.readings["ct"].null_count()
    words = ", ".join(import_word(each) for each in known.undetermined) or "-"
    why = both(f"as {words}", f"写作 {words}") + f"; {import_word(known.undetermined_why)}"
    lines = [
        f"  {both('format', '格式')}: {known.format}  {machine}",
        f"  {both('time', '时间')}: {_local(known.run_time, zone)} ({import_word(known.time_of) or '-'}; {import_word(known.zone) or '-'})",
        (
            f"  {both('plate', '板号')}: {known.plate or '-'} ({import_word(known.plate_from) or both('unknown', '未知')})  "
            f"{both('wells', '孔数')}: {wells}"
        ),
        f"  {both('targets', '靶标')}: {', '.join(known.targets) or '-'}",
        f"  {both('controls', '质控')}: {', '.join(known.controls) or '-'}",
        (
            f"  {both('readings', '扩增结果')}: {file.readings.height}  "
            f"{both('undetermined', '未检出')}: {undetermined} ({why})"
        ),
        f"  {both('events', '事件')}: "
        + (
            ", ".join(f"{word_of(EVENT_WORDS, kind)} {frame.height}" for kind, frame in item.events.items())
            or "-"
        ),
    ]
    if file.pools.height:
        lines.append(_pools(file.pools["pool"].n_unique(), file.pools.height))
    for question in (*file.questions, *item.questions):
        places = ", ".join(question.where[:MOST_PLACES]) + (
            " ..." if len(question.where) > MOST_PLACES else ""
        )
        lines.append(
            f"  ? {question.code}: {import_word(question.what)} [{places}] -> {import_word(question.decided)} "
            f"({both('answer', '由此决定')}: {import_word(answer(question.setting))})"
        )
    for finding in file.not_understood:
        line = both(f"line {finding.line}", f"第 {finding.line} 行") if finding.line else ""
        where = f"{finding.sheet} {line}".strip()
        grave, what = word_of(SEVERITY_WORDS, finding.severity), import_word(finding.what)
        lines.append(f"  ! {grave} {finding.code} {where}: {what} '{withheld(finding.text)}'")
    return lines


def _told(error: PoolpipeError) -> str:
    told = "; ".join(filter(None, error.in_language()))
    return f"{error.where}: {told}" if error.where else told


def _pools(pools: int, samples: int) -> str:
    return f"  {both('pools', '混管')}: " + both(
        f"{pools} of {samples} samples (no events)", f"{pools} 管，含样本 {samples} 份（无事件）"
    )


def _local(moment: datetime | None, zone: str) -> str:
    """A moment in local time with its offset."""
    if moment is None:
        return both("unknown", "未知")
    return f"{moment.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M:%S %z} {zone}"
