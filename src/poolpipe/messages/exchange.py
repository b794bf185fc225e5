"""Messages of exports: a message that its standard does not allow, and an outbox that may not be replaced."""

from __future__ import annotations

from typing import Final

from poolpipe.messages.template import Message

__all__ = ["EXCHANGE"]

_ANOTHER = ("name another folder with --out", "请用 --out 指定其他文件夹")

EXCHANGE: Final = {
    "no_fhir": Message("no valid FHIR R4: {why}", "不符合 FHIR R4：{why}", "correct the element it names", "请更正所指的元素"),
    "no_hl7": Message("no valid HL7 v2.5.1: {why}", "不符合 HL7 v2.5.1：{why}", "correct the field it names", "请更正所指的字段"),
    "outbox_in_use": Message("another export is writing it", "另一导出正在写入", "wait until it is done", "请稍候再试"),
    "outbox_failed": Message("cannot be written: {why}", "无法写入：{why}", *_ANOTHER),
    "outbox_of_others": Message(
        "holds files that no export of poolpipe has written: {names}",
        "内有并非 poolpipe 导出的文件：{names}",
        *_ANOTHER,
    ),
    "outbox_with_others": Message(
        "holds files beside the exported ones, which would be lost: {names}", "内有其他文件，覆盖后将丢失：{names}",
        "move them elsewhere, or name another folder with --out", "请移走这些文件，或用 --out 指定其他文件夹",
    ),
    "outbox_of_another": Message("is an outbox whose {what} is {before}, not {now}", "此文件夹的{what}为 {before}，不是 {now}", *_ANOTHER),
    "told_lost": Message(
        "{told}, the record of what was told from here, is missing or damaged", "已报告记录 {told} 缺失或损坏",
        "without it nothing can be corrected: restore it from a copy, or name another folder with --out",
        "缺少该记录无法更正：请从备份恢复，或用 --out 指定其他文件夹",
    ),
    "told_newer": Message(
        "told a result as of {before} already, and this one is as of {now}", "此前已报告截至 {before} 的结果，现为 {now}",
        "export the newer result, or name another folder with --out", "请导出较新的结果，或用 --out 指定其他文件夹",
    ),
    "manifest_damaged": Message("{manifest} is damaged, or of another version", "清单 {manifest} 损坏或版本不符", *_ANOTHER),
    "told_nothing": Message(
        "the result has no event at all, so everything told before would be withdrawn", "结果中没有任何事件，此前的报告将全部撤回",
        "look at the result's summary.json: was anything read?", "请查看结果的 summary.json，确认是否读到了事件",
    ),
    "mounted": Message(
        "a file system is mounted there, which cannot be replaced as a whole", "此处为挂载点，无法整体替换",
        "name a folder inside it", "请指定其中的子文件夹",
    ),
    "trace_ending": Message(
        "a trace is written to files that end in {endings}, or to a folder, whose name has no ending",
        "关联只能写入以 {endings} 结尾的文件，或名称不带扩展名的文件夹",
        "name such a file with --out", "请用 --out 指定这样的文件",
    ),
    "trace_empty": Message(
        "there is no link to write", "没有可写出的关联",
        "name a collected tube or a person of the result", "请指定结果中已采样的样本管或人员",
    ),
    "list_to_folder": Message(
        "{name} is a folder, not a workbook", "{name} 是文件夹而非工作簿",
        "name a file that ends in .xlsx with --out", "请用 --out 指定以 .xlsx 结尾的文件",
    ),
    "list_ending": Message(
        "{name} does not end in .xlsx, and a spreadsheet would refuse it", "{name} 须以 .xlsx 结尾，否则表格软件无法打开",
        "name a file that ends in .xlsx with --out", "请用 --out 指定以 .xlsx 结尾的文件",
    ),
    "list_of_others": Message(
        "{name} is no list that poolpipe has written; nothing is written over it", "{name} 不是 poolpipe 写出的名单，不予覆盖",
        "move it away, or name another file with --out", "请移走该文件，或用 --out 指定其他文件",
    ),
    "list_changed": Message(
        "{name} was changed after it was written: what was typed into it would be lost", "{name} 写出后已被修改，覆盖将丢失所填内容",
        "move it away, or name another file with --out", "请移走该文件，或用 --out 指定其他文件",
    ),
    "export_to_file": Message("{name} is a file, not a folder", "{name} 是文件而非文件夹", "name another folder", "请指定其他文件夹"),
}  # fmt: skip
