"""`poolpipe nightly`: the marts of a day in a DuckDB file for analysts, and the report of the morning beside it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from poolpipe.commands import options
from poolpipe.commands.frames import board, echo_json
from poolpipe.commands.row_files import FORMATS, plain_rows, write_rows
from poolpipe.commands.stores import store_among, store_policy
from poolpipe.errors import InputError
from poolpipe.languages import both, language
from poolpipe.messages import message_in_language
from poolpipe.nightly.marts import mart_headings
from poolpipe.progress import Steps
from poolpipe.terminal.console import check_inputs, show, tell
from poolpipe.terminal.loading import loading

if TYPE_CHECKING:
    import polars as pl

    from poolpipe.report import ReportFiles

__all__ = ["nightly"]


_AGO = {"yesterday": 1, "today": 0}


class _DateParam(click.ParamType[date | str]):
    """A date of the calendar, or a word for one, which is known when the time zone is."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date | str:
        """Read a date as ISO 8601 writes it, or fail as wrong usage."""
        if isinstance(value, date) or value in _AGO:
            return value  # type: ignore[no-any-return]  # a key of _AGO
        try:
            return date.fromisoformat(str(value))
        except ValueError:
            self.fail(message_in_language("nightly_no_date", {"given": value}), param, ctx)


@click.command(
    help="Count the marts of a day into a DuckDB file, and write its report as HTML and PDF beside it: "
    "coverage, throughput, turnaround, breaches, positivity, recalls, losses, load and forecast, and more. "
    "No identity is in it, and small counts by place are hidden.\n\n"
    "将某日的统计表写入 DuckDB 文件，并在旁边写出 HTML 与 PDF 报告：覆盖率、采样通量、周转时间、超时、阳性率、复采、流失、负荷与预测等；"
    "不含任何身份信息，按地点的小数予以隐去。\n\n"
    "The first argument is a result (a folder that `run` wrote) or a store; or a file that this command wrote, which is read and not "
    "written: with --mart a table of it is shown, otherwise the report of the day is made anew beside it. "
    "Days that stand in the file already stay; "
    "the day asked for is counted anew, and the file is replaced in one move. What is not there (--people, --sites, --labs) is "
    "told in the table `notes`, never invented. The report (night.html and night.pdf of night.duckdb) is in Chinese and English "
    "and loads nothing; with --mart none is written. docs/nightly.md says how to read the tables and the report.\n\n"
    "第一个参数为结果文件夹（`run` 所写）或数据仓库；也可为本命令写出的文件，只读取而不重算：用 --mart 时显示其中一张表，"
    "否则在其旁重新生成该日报告。"
    "文件中已有的其他日期保留，所求之日重新统计，文件一步替换。"
    "缺少的资料（--people、--sites、--labs）在表 `notes` 中说明，绝不臆造。报告（night.duckdb 旁的 night.html 与 night.pdf）含中英两种"
    "文字，不联网；用 --mart 时不写报告。各表与报告的读法见 docs/nightly.zh.md。"
    "\n\nA day on which nothing happened is refused, and days with events are named; where it is called yesterday or today that is told, "
    "nothing is written, and the exit status is 0.\n\n"
    "没有任何事件的日期不予统计，并列出有事件的日期；以 yesterday、today 指定时仅作提示，不写任何文件，退出码为 0。"
    "\n\n\b\nExamples  例:\n"
    "  poolpipe nightly result --date 2022-04-04 --people people.csv\n"
    "  poolpipe nightly campaign --date 2022-04-04 --days 3 --json\n"
    "  poolpipe nightly night.duckdb --date 2022-04-04 --mart losses --to out.csv\n"
    "  poolpipe nightly night.duckdb --date 2022-04-04"
)
@click.argument("source", metavar="STORE|RESULT|NIGHT", type=click.Path(path_type=Path))
@click.option(
    "--date", "day", required=True, metavar="DATE", type=_DateParam(),
    help="The day, as 2022-04-04, yesterday or today, in the policy's time zone  "
    "统计日期，如 2022-04-04、yesterday（昨日）或 today（今日），按判读规则的时区",
)  # fmt: skip
@click.option(
    "--out", metavar="FILE", type=click.Path(path_type=Path), default="night.duckdb", show_default=True,
    help="The database  写入的数据库文件",
)  # fmt: skip
@click.option(
    "--days", default=1, show_default=True, type=click.IntRange(1, 366),
    help="Days up to this one that are counted anew  连同之前若干日一并重新统计",
)  # fmt: skip
@click.option(
    "--policy",
    metavar="POLICY",
    help="Preset or TOML file; default a store's own, else ten-in-one  判读规则：预设名或 TOML 文件；默认取数据仓库的，否则为 ten-in-one",
)
@click.option(
    "--people", metavar="FILE", help="Residents with communities and households  人员表：社区、住户"
)
@click.option(
    "--sites", metavar="FILE", help="Sampling sites with their areas  采样点表：乡镇、社区、是否优先"
)
@click.option("--labs", metavar="FILE", help="Testing labs  检测机构表：检测能力")
@click.option("--mart", metavar="TABLE", help="Show this table of the day  显示当日的这张表")
@click.option(
    "--to", metavar="FILE", type=click.Path(path_type=Path),
    help="Write that table as .csv, .parquet, .xlsx, .arrow or .ndjson  将该表写成 .csv、.parquet、.xlsx、.arrow 或 .ndjson",
)  # fmt: skip
@click.option(
    "--no-report",
    is_flag=True,
    help="The database alone, no HTML and no PDF  只写数据库，不写 HTML 与 PDF 报告",
)
@click.option(
    "--map", "outlines", metavar="FILE", type=click.Path(path_type=Path),
    help="The city's GeoJSON: townships or communities, for the report's maps  本市 GeoJSON（乡镇或社区边界），用于报告地图",
)  # fmt: skip
@click.option(
    "--font", metavar="FILE", type=click.Path(path_type=Path),
    help="Font for rare characters of the PDF, .otf or .ttf  PDF 中生僻字所用的字体，.otf 或 .ttf",
)  # fmt: skip
@options.key
@options.rows
@options.as_json(
    "What was counted as JSON, with --mart its rows  以 JSON 输出统计概要；用 --mart 时输出该表各行"
)
@options.quiet("No progress and no boards  不显示进度与看板")
def nightly(
    source: Path,
    *,
    day: date | str,
    out: Path,
    days: int,
    policy: str | None,
    people: str | None,
    sites: str | None,
    labs: str | None,
    mart: str | None,
    to: Path | None,
    no_report: bool,
    outlines: Path | None,
    font: Path | None,
    key: str | None,
    rows: int,
    as_json: bool,
    quiet: bool,
) -> None:
    """Count a night and show what was counted."""
    check_inputs([str(source)])
    check_inputs(str(each) for each in (people, sites, labs, key, outlines, font) if each)
    if to is not None and (mart is None or to.suffix.lower() not in FORMATS):
        raise click.BadParameter(
            message_in_language("nightly_no_format", {"formats": ", ".join(FORMATS)}), param_hint="--to"
        )
    with loading():
        from poolpipe.events.reference import read_reference
    # what is loaded above is never collected, and DuckDB complains at the end of a process in which it was not
    from poolpipe.nightly import read_table, run_night, tables_shown
    from poolpipe.nightly.days import check_counted
    from poolpipe.report import report_beside, report_files, write_report

    if mart is None and source.is_file() and no_report:
        raise click.UsageError(message_in_language("nightly_file_without_mart", {"file": str(source)}))
    if mart is not None and mart not in tables_shown():
        raise InputError.of("nightly_no_mart", where=mart, marts=", ".join(tables_shown()))
    by_clock = not isinstance(day, date)
    day = _day_meant(day, source, policy, key)
    told: dict[str, Any] = {}
    drawn: dict[str, Any] = {
        "outlines": outlines,
        "font": font,
        "language": "en" if language() == "en" else "zh",
    }
    if source.is_file():
        out = source
        if mart is None:
            with Steps(quiet=quiet or as_json) as steps:
                made = write_report(source, day, **drawn, progress=steps)
            told = {"date": f"{day}", "report": _named(made)}
    else:
        known = read_reference(sites=sites, labs=labs)
        listed = Path(people) if people else None
        files = report_files(out)
        reported = not no_report and mart is None
        if reported and out in files:
            raise click.UsageError(message_in_language("report_same_file", {"file": str(out)}))
        with Steps(quiet=quiet or as_json) as steps:
            beside = None
            if reported and out.parent.is_dir():
                beside = report_beside(day, files, name=out.name, **drawn, progress=steps)
            try:
                told = run_night(
                    source, day, out, days=days, policy=policy, reference=known, people=listed, key=key,
                    progress=steps, beside=beside,
                )  # fmt: skip
            except InputError as error:
                if error.code != "nightly_quiet" or not by_clock:
                    raise
                _tell_quiet(error, day, quiet=quiet, as_json=as_json)
                return
            told["report"] = _named(files) if reported else None
    table = None if mart is None else read_table(out, mart, day)
    if table is not None and not told and "date" in table.columns:
        check_counted(read_table(out, "nights")["date"], day, out)
    if table is not None and to is not None:
        write_rows(table, to, mart or "", mart_headings(mart or "", table.columns))
    if as_json:
        echo_json(_summary(told) if table is None or to is not None else plain_rows(table).to_dicts())
    elif not quiet:
        _show(told, table if to is None else None, mart or "", rows)
        if told or to is not None:
            report = (told.get("report") or {}).values()
            written = [str(each) for each in ("rows" in told and out, *report, to) if each]
            tell(f"{both('Written:', '已写入')} {' '.join(written)}")


def _day_meant(day: date | str, source: Path, policy: str | None, key: str | None) -> date:
    """The date that a word stands for, by the clock of this machine and the time zone of the policy."""
    if isinstance(day, date):
        return day
    from poolpipe.policy import load_policy

    store = store_among([str(source)])
    rules = load_policy(policy) if policy is not None or store is None else store_policy(store, key)
    return datetime.now(ZoneInfo(rules.time_zone)).date() - timedelta(days=_AGO[day])


def _named(files: ReportFiles) -> dict[str, str]:
    return {"html": str(files.html), "pdf": str(files.pdf)}


def _tell_quiet(error: InputError, day: date, *, quiet: bool, as_json: bool) -> None:
    """Say that nothing happened on the days that a word stood for: nothing is counted, and what stands stays.

    That is no failure: a line of cron is not wrong where nobody works on Sundays.
    """
    if as_json:
        note = {"code": error.code, "told": error.in_language()[0]}
        echo_json(
            {"schema": "poolpipe.nightly/1", "date": f"{day}", "rows": {}, "notes": [note], "report": None}
        )
    elif not quiet:
        tell(f"{both('note', '提示')}: {error.in_language()[0]}")


def _summary(told: dict[str, Any]) -> dict[str, Any]:
    if "notes" not in told:  # the report alone
        return {"schema": "poolpipe.nightly/1", **told}
    notes = [{"code": code, "told": message_in_language(code, {})} for code in told["notes"]]
    return {"schema": "poolpipe.nightly/1", **told, "as_of": told["as_of"].isoformat(), "notes": notes}


def _show(told: dict[str, Any], table: pl.DataFrame | None, mart: str, rows: int) -> None:
    """Show the tables with their rows and what is missing, or the one asked for."""
    import polars as pl

    if table is not None:
        other = (
            {"zh": ["english 英文"], "en": ["chinese 中文"]}.get(language(), []) if mart == "notes" else []
        )
        answers = pl.col(pl.Boolean).replace_strict({True: both("yes", "是"), False: both("no", "否")})
        shown = plain_rows(table).with_columns(answers).rename(mart_headings(mart, table.columns)).drop(other)
        show([board(shown, f"{mart} · {table.height:,}", rows=rows)])
    if "rows" not in told or table is not None:
        return
    counted = pl.DataFrame(
        {"table 表": list(told["rows"]), "rows 行数": list(told["rows"].values())},
        schema_overrides={"rows 行数": pl.Int64},
    )
    title = both("Marts of", "统计表")
    show([board(counted, f"{title} {told['date']}", rows=counted.height)])
    for code in told["notes"]:
        tell(f"{both('note', '提示')}: {message_in_language(code, {})}")
