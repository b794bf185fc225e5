"""`poolpipe export`: results of a run for the city's platform (CSV, HL7 v2.5.1, FHIR R4), lists to carry out, a page to read."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from poolpipe.commands import options
from poolpipe.commands.lists import LIST_FORMS, write_lists
from poolpipe.commands.options import ZONE
from poolpipe.commands.stores import only_of_store, result_of_store, store_among
from poolpipe.details import reject_text
from poolpipe.display import number_of
from poolpipe.errors import InputError
from poolpipe.languages import both, language
from poolpipe.messages import in_language, message_in_language
from poolpipe.progress import Steps
from poolpipe.terminal.console import check_inputs, check_out, tell

if TYPE_CHECKING:
    from collections.abc import Iterable

    from poolpipe.exchange.source import ResultFolder
    from poolpipe.exchange.telling import ExportCounts

__all__ = ["export"]


@click.command(
    help="Write the results of a run (the folder RUN of `poolpipe run`), or of a store, for others.\n\n"
    "将 `poolpipe run` 的结果或数据仓库输出给市级平台：CSV、HL7 v2.5.1 ORU^R01 或 FHIR R4；或输出复采名单等名单；"
    "或输出一页网页供阅读、打印。\n\n"
    "xlsx and csv-list are lists: whom to sample again, with names and telephones from --people, missing tubes, positive "
    "tubes, anomalies, rejected records, a summary; OUT is a workbook, or a folder of CSV files, that its owner alone may read.\n\n"
    "xlsx 与 csv-list 为名单：复采人员（姓名、电话来自 --people）、缺失样本、阳性管、异常、拒收记录与汇总；"
    "OUT 为工作簿或 CSV 文件夹，仅所有者可读。\n\n"
    "html is one page to read and print, in Chinese and English: OUT is a file, which needs nothing else and loads nothing.\n\n"
    "html 为一页网页，供阅读与打印，可切换中英文：OUT 为单个文件，无需其他文件，也不联网。\n\n"
    "The other formats: "
    "only tubes that have a call are written: nobody is told a result of a tube that was not tested. OUT is an outbox: "
    "it is written whole or not at all, with a manifest, and exporting into it again replaces it; a result that was told "
    "from it before and is another now, or none, is told as corrected or withdrawn.\n\n"
    "只写出已有结论的样本管，未检测的不报结果。OUT 为发件文件夹：要么完整写出，要么不写，并附清单；再次导出即替换；此前报过而现已改变或"
    "不再成立的结果，报为更正或撤回。"
    "\n\n\b\nExamples  例:\n"
    "  poolpipe export result --format xlsx --people 居民名册.xlsx --out 复采.xlsx\n"
    "  poolpipe export result --format html --out page.html\n"
    "  poolpipe export result --format csv --language zh --out platform\n"
    "  poolpipe export result --format csv --for-spreadsheet --out office\n"
    "  poolpipe export result --format hl7 --call positive --out messages",
)
@click.argument("run", metavar="RUN|STORE", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice([*LIST_FORMS, "csv", "html", "hl7", "fhir"]),
    required=True,
    help="Format  输出格式",
)
@click.option(
    "--out",
    required=True,
    metavar="OUT",
    type=click.Path(path_type=Path),
    help="Outbox; of xlsx and html the file  输出文件夹；xlsx、html 为文件",
)
@click.option("--call", "calls", multiple=True, type=click.Choice(["positive", "suspect", "negative", "invalid"]),
              help="Only these calls are told anew; default all  只新报这些结果，可重复给出；默认全部")  # fmt: skip
@click.option("--readings", multiple=True, metavar="FILE", type=click.Path(path_type=Path),
              help="Read events in the place of the run's own, for Ct values  代替结果中的扩增结果事件")  # fmt: skip
@click.option("--policy", metavar="POLICY", help="The run's policy, with --readings  运行时所用的判读规则")
@click.option(
    "--zone",
    type=ZONE,
    metavar="ZONE",
    default="Asia/Shanghai",
    show_default=True,
    help="Zone of the times  所写时间的时区",
)
@click.option(
    "--language",
    type=click.Choice(["zh", "en", "both"]),
    show_default="csv: en, else zh",
    help="Of the lists and the CSV; in which the page opens  名单与 CSV 的语言；网页打开时的语言",
)
@click.option("--people", multiple=True, metavar="FILE", type=click.Path(path_type=Path),
              help="Roster or registrations, for lists; may be repeated  名册或采样登记，供名单取姓名电话，可多次给出")  # fmt: skip
@click.option("--for-spreadsheet", is_flag=True,
              help="CSV that a spreadsheet opens without losing digits  供表格软件打开，不丢位数")  # fmt: skip
@click.option(
    "--sender", default="POOLPIPE", show_default=True, help="Sending facility (HL7)  HL7 报文的发送机构"
)
@click.option(
    "--receiver", default="CITY", show_default=True, help="Receiving facility (HL7)  HL7 报文的接收机构"
)
@options.key
@options.why
@options.at_version
@options.show_ids
@options.quiet("No progress  不显示进度")
def export(
    run: Path,
    *,
    form: str,
    out: Path,
    calls: tuple[str, ...],
    readings: tuple[Path, ...],
    policy: str | None,
    zone: str,
    language: str | None,
    people: tuple[Path, ...],
    for_spreadsheet: bool,
    sender: str,
    receiver: str,
    key: str | None,
    why: str | None,
    at_version: int | None,
    show_ids: bool,
    quiet: bool,
) -> None:
    """Write results in one format and say how many."""
    store = store_among([str(run)])
    only_of_store(store, at_version)
    if people and form not in LIST_FORMS:
        raise click.UsageError(message_in_language("people_of_lists", {"form": form}))
    if language == "both" and form not in LIST_FORMS:
        raise click.UsageError(message_in_language("both_of_lists", {"form": form}))
    check_inputs((str(run), *map(str, (*readings, *people))))
    if form not in (*LIST_FORMS, "html"):
        check_out(out)
    with ExitStack() as last:
        if store is not None:
            shows_people = form != "html" or show_ids
            asked = result_of_store(store, key, why, at_version, shows_people=shows_people, quiet=quiet)
            run = last.enter_context(asked)
        if form == "html":
            _export_page(run, out, zone=zone, opening=language, show_ids=show_ids, quiet=quiet)
        elif form in LIST_FORMS:
            write_lists(run, out, form, people, zone=zone, language=language, show_ids=show_ids, quiet=quiet)
        else:
            _export_calls(
                run, out, form, zone=zone, language=language, for_spreadsheet=for_spreadsheet, sender=sender,
                receiver=receiver, readings=readings, policy=policy, calls=calls, quiet=quiet,
            )  # fmt: skip


def _export_calls(
    run: Path,
    out: Path,
    form: str,
    *,
    zone: str,
    language: str | None,
    for_spreadsheet: bool,
    sender: str,
    receiver: str,
    readings: tuple[Path, ...],
    policy: str | None,
    calls: tuple[str, ...],
    quiet: bool,
) -> None:
    """Write the tubes that have a call for the city's platform."""
    from poolpipe.exchange import telling
    from poolpipe.exchange.source import result_folder

    formats: dict[str, telling.Form] = {
        "csv": telling.Csv(zone, language or "en", for_spreadsheet=for_spreadsheet),
        "hl7": telling.Hl7(zone, sender, receiver),
        "fhir": telling.Fhir(zone),
    }
    with Steps(quiet=quiet) as steps, result_folder(run) as source:
        if readings:
            _take_readings(source, readings, policy, steps)
        told = telling.tell(source, out, formats[form], calls=calls, progress=steps)
    for line in _told_lines(told, out, source.waiting):
        tell(line, err=True)


def _export_page(
    run: Path, out: Path, *, zone: str, opening: str | None, show_ids: bool, quiet: bool
) -> None:
    """Write the page of a day, and say how large it is."""
    from poolpipe.pages.day_page import day_page
    from poolpipe.pages.source import source_of_result
    from poolpipe.pages.writing import check_page_path, write_page
    from poolpipe.results.written import opened

    check_inputs((str(run),))
    check_page_path(out)
    with Steps(quiet=quiet) as steps, opened(run) as written:
        steps("drawing the page", 0, 1)
        chosen = opening or ("en" if language() == "en" else "zh")
        page = day_page(source_of_result(written), zone=zone, language=chosen, show_ids=show_ids)
        written.check()
    write_page(out, page, private=show_ids)
    size = f"{len(page.encode()) / 1e6:.1f} MB"
    tell(both(f"page in {out}: {size}", f"页面已写入 {out}：{size}"), err=True)


def _take_readings(source: ResultFolder, paths: tuple[Path, ...], policy: str | None, steps: Steps) -> None:
    """Read other read-outs under the run's policy, and say what of them was not understood."""
    from datetime import datetime

    from poolpipe.exchange.readings import read_readings
    from poolpipe.policy import load_policy
    from poolpipe.terminal.troubles import withheld_detail

    rules = load_policy(policy)
    if rules.version != source.about["policy"]["version"]:
        theirs = source.about["policy"]
        raise InputError.of(
            "other_policy",
            where="--policy",
            name=theirs["name"],
            version=theirs["version"],
            given=rules.name,
            given_version=rules.version,
        )
    as_of = source.about["as_of"]
    given = read_readings(
        paths, rules, None if as_of is None else datetime.fromisoformat(as_of), progress=steps
    )
    for row in given.rejects.head(5).iter_rows(named=True):
        place = f"{row['file']}:{row['line']}" if row["line"] is not None else row["file"]
        detail = withheld_detail(row["detail"] or "", row["file"])
        tell(f"{both('not understood', '未能识别')}: {place} {row['code']}: {reject_text(detail)}", err=True)
    if given.rejects.height > 5:
        more = given.rejects.height - 5
        tell(both(f"and {more} more", f"另有 {more} 条"), err=True)
    for name, why in given.skipped.items():
        tell(f"{both('left aside', '未读取')}: {name}: {in_language(why)}", err=True)
    source.take_readings(given.readings)


def _told_lines(told: ExportCounts, out: Path, waiting: int) -> Iterable[str]:
    """Print what was written, and what the sender should know."""
    from poolpipe.exchange.codings import STATUSES

    counted = ((STATUSES[status], count) for status, count in sorted(told.statements.items()))
    kinds = ", ".join(f"{count} {both(status.english, status.chinese)}" for status, count in counted)
    files = f"{told.files} file{'' if told.files == 1 else 's'}"
    done = f"已写出 {told.files} 个文件" + (f"至 {out}" if language() == "zh" else "")
    yield f"{both(f'{files} in {out}', done)}: {kinds or both('nothing to tell', '无可报告')}"
    yield both(f"{waiting} tubes without a call are not sent", f"{waiting} 管尚无结论，未输出", "  ")
    if told.unmeasured:
        yield both(
            f"{told.unmeasured} tubes are told without Ct values: no reading of the well that gave the call is there; "
            "`poolpipe run --readings all` keeps those of negative tubes, too",
            f"{told.unmeasured} 管无 Ct 值：结果中没有对应的扩增结果，`poolpipe run --readings all` 可全部保留",
            "  ",
        )
    if told.early:
        tubes = ", ".join("/".join(part for part in tube if part) for tube in told.early[:5])
        several = ", …" if len(told.early) > 5 else ""
        yield both(
            f"{number_of(len(told.early), 'result')} dated at or before a swab of the tube, which receivers may refuse; was a "
            f"device's clock wrong? {tubes}{several}",
            "结果时间不晚于采样时间" + (f"：{tubes}{several}，请核对设备时钟" if language() == "zh" else ""),
            "  ",
        )
