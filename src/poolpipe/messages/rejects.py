"""Reasons why a record or a file could not be read that several modules share."""

from __future__ import annotations

from typing import Final

from poolpipe.messages.template import Message

__all__ = ["REJECTS"]

REJECTS: Final = {
    "kind_unknown": Message("'{kind}' is none of {kinds}", "不是可用的事件种类，可选：{kinds}"),
    "kind_untold": Message(
        "neither a kind column nor the name '{file}' nor a header with all columns of one kind tells which kind of event this "
        "is; begin the name with the kind in English, put the file into a folder called after it, or give --kind: `poolpipe "
        "check` then asks for the columns that are missing",
        "文件名 '{file}'、kind 列与表头均未说明事件种类（表头须含某一种类的全部必填列），请在文件名开头写英文种类名、"
        "放入以种类命名的文件夹，或用 --kind 指定；`poolpipe check` 随后会问及所缺的列",
    ),
    "loads_without_lab": Message(
        "{count} loads of {file} have no lab and are rejected; set lab under [machines] of --policy FILE, or give it to one "
        "file: poolpipe import FILE --lab LAB --out FOLDER, then run FOLDER",
        "{count} 条上机记录（{file}）未注明检测机构，已拒收；请在 --policy 文件的 [machines] 下设置 lab，或为单个文件指定："
        "poolpipe import 文件 --lab 机构 --out 文件夹，再 run 该文件夹",
    ),
    "loads_without_lab_column": Message(
        "{count} loads of {file} have no lab and are rejected; fill its column lab",
        "{count} 条上机记录（{file}）未注明检测机构，已拒收；请补填 lab 列",
    ),
    "more_without_lab": Message("loads of {count} more files have no lab", "另有 {count} 个文件的上机记录未注明检测机构"),
    "check_character": Message("fails its {rule} check character", "{rule} 校验码不符"),
    "no_header": Message("there is no header: {why}", "没有表头：{why}"),
    "names_are_data": Message(
        "there was no header: the names of the columns are a record; write the file anew from one with a header",
        "缺少表头，列名其实是一条记录，请补上表头后重新生成文件",
    ),
    "columns_alike": Message("{columns}: keep one, or rename the others", "列名重复：{columns}，请保留一个或改名"),
    "left_out_by_mapping": Message("left out by the mapping (kind = \"skip\")", "按列对应文件不予读取"),
    "machine_left_out": Message("the machine's file lacks a fact, and nothing of it is read", "仪器文件缺少必要信息，未读取"),
    "mostly_refused": Message(
        "half of the records or more would be rejected, {code}: {detail}",
        "半数以上的记录将被拒收，{code}：{detail}",
    ),
    "facts_untold": Message(
        "loads of this file lack {facts} and are rejected: which is it?", "本文件的上机记录缺少 {facts}，已拒收，请指明",
    ),
    "columns_for_one": Message(
        "the columns {names} all stand for {column}: which of them is meant? leave the others out",
        "列 {names} 含义相同（{column}），请指明采用哪一列，其余列不计",
    ),
    "columns_called_alike": Message(
        "in the file itself give these columns different headers, or delete the one that does not count",
        "请在文件中给同名的列改用不同的表头，或删去不用的一列",
    ),
    "column_untold": Message(
        "a {kind} must have {column}, and no column is known to be it: which of {others} is it?",
        "缺少 {column} 列（{kind} 必有），请指明是哪一列：{others}",
    ),
    "sheet_without_header": Message(
        "a sheet without a header of events: none of its first lines names the columns of a kind of event",
        "工作表中没有事件表头，未作为事件读取",
    ),
    "table_without_header": Message(
        "no sheet has a header with the column {key}", "工作簿中没有表头含 {key} 列（证件号、采样点或检测机构）的工作表",
    ),
    "workbook_locked": Message("the workbook is protected by a password", "工作簿有密码保护", "save it without one", "请取消密码后另存"),
    "kinds_alike": Message(
        "the columns of {file} fit several kinds of event: {kinds}; which is it?", "{file} 的列符合多种事件（{kinds}），请指明是哪一种",
    ),
    "cell_too_long": Message(
        "a cell of more than {most} bytes (files.longest_record of the policy)",
        "单元格超过 {most} 字节（判读规则的 files.longest_record）",
    ),
    "no_text": Message("bytes that are no text", "含有不是文字的字节"),
    "file_unreadable": Message("the file cannot be read: {why}", "文件无法读取：{why}"),
    "column_damaged": Message("a column of type {type} is damaged", "类型为 {type} 的列已损坏"),
    "too_many_records": Message(
        "so many records in {size} bytes are no scans: {rest}; if they are, write them to several files",
        "{size} 字节中的记录多得不合常理：{rest}；确系扫码请分成多个文件",
    ),
    "too_much_unpacked": Message(
        "{claimed} bytes of values in {size} bytes are no scans; if they are, write them to several files, less compressed",
        "{size} 字节解压后为 {claimed} 字节，不合常理；确系扫码请降低压缩率并分成多个文件",
    ),
    "packed_twice": Message("a {content} file inside {compression}: unpack it", "{compression} 内是 {content} 文件，请先解压"),
    "machine_without_rows": Message(
        "a machine's file without any reading, load or report; poolpipe import FILE --dry-run tells what is made of it",
        "仪器文件中没有扩增结果、上机或报告，可用 poolpipe import 文件 --dry-run 查看",
    ),
    "json_damaged": Message(
        "this JSON cannot be read, up to the next object that begins a line", "此处 JSON 有误，至下一个行首的对象为止未读取",
    ),
    "json_rest": Message(
        "this JSON cannot be read, and what follows is left out: write one object {{…}} a line, or export it again",
        "此处 JSON 有误，其后均未读取：请每行写一个 {{…}} 对象，或重新导出",
    ),
    "json_open": Message("the JSON breaks off: its last list or object is not closed", "JSON 不完整，最后的列表或对象没有结束"),
    "line_breaks_off": Message("the file breaks off in this line", "文件在本行中断"),
    "breaks_off": Message("the file breaks off: {why}", "文件不完整（{why}），请重新复制"),
    "ends_early": Message("the {form} data end before their time", "{form} 压缩数据提前结束"),
    "ends_in_zeros": Message(
        "the {form} data end before their time, and zeros stand where more should be",
        "{form} 压缩数据提前结束，其后全为零",
    ),
    "disk": Message("the disk cannot read on", "磁盘无法继续读取"),
    "disk_because": Message("the disk cannot read on: {why}", "磁盘无法继续读取：{why}"),
    "archive_damaged": Message(
        "the {form} file is damaged ({why}); what cannot be trusted is left out, copy the file again",
        "{form} 压缩文件已损坏（{why}），不可信的部分未采用，请重新复制",
    ),
    "bytes_behind": Message(
        "{count} bytes behind the end of the {form} data are none: they are left out",
        "{form} 压缩数据之后另有 {count} 字节，未采用",
    ),
    "sheet_damaged": Message("the spreadsheet is damaged ({why})", "表格文件已损坏（{why}）", "export it again", "请重新导出"),
    "sheet_reader_failed": Message(
        "the spreadsheet is damaged ({why})", "表格文件已损坏（{why}）", "export it again, as xlsx or CSV", "请重新导出为 xlsx 或 CSV",
    ),
}  # fmt: skip
