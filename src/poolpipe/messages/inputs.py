"""Messages about paths, files, frames and tables that are given as input."""

from __future__ import annotations

from typing import Final

from poolpipe.messages.template import Message

__all__ = ["INPUTS"]

_GIVE_FILE = ("give a file or a folder", "请给出文件或文件夹")
_RIGHT = ("ask its owner for the right to read it", "请向所有者申请读取权限")
_BROKEN = ("{type} cannot be read as a frame: {why}", "{type} 无法作为数据框读取：{why}")

INPUTS: Final = {
    "empty_path": Message("an empty path names nothing", "路径为空", *_GIVE_FILE),
    "no_such_path": Message("there is no such file or folder", "没有这个文件或文件夹"),
    "no_match": Message(
        "no file matches this pattern", "没有与此匹配的文件",
        "quote the pattern, or name a file or a folder", "请给出文件或文件夹",
    ),
    "no_such_file": Message(
        "no such file", "没有这个文件",
        "give a CSV, NDJSON, Parquet or Arrow file", "请给出 CSV、NDJSON、Parquet 或 Arrow 文件",
    ),
    "unreadable": Message("you may not read it", "无读取权限", *_RIGHT),
    "no_file_or_folder": Message("{nature}", "", *_GIVE_FILE),  # a nature is in both languages
    "link_to_nothing": Message(
        "a link to nothing, or to itself", "链接指向的文件不存在，或链接指向自身",
        "mend it, or give the file itself", "请修复链接，或直接给出该文件",
    ),
    "nothing_to_read": Message(
        "there is no event file{left_aside}",
        "没有事件文件{left_aside}",
        "give CSV, NDJSON, Parquet or Arrow files ({endings}, also .gz and .zst)",
        "请给出 CSV、NDJSON、Parquet 或 Arrow 文件（{endings}，亦可为 .gz、.zst）",
    ),
    "no_such_kind": Message("no such kind of event: {kind}", "没有这种事件：{kind}", "{hint}give one of {kinds}", "{hint}可选：{kinds}"),
    "no_choice": Message("unknown {what} {given}", "没有这个{what}：{given}", "{hint}give one of {choices}", "{hint}可选：{choices}"),
    "no_path": Message("{given} is no path", "{given} 不是路径", "give a text or a pathlib.Path", "请给出路径"),
    "no_such_frame": Message(
        "no such kind of event: {kind}", "没有这种事件：{kind}",
        "{hint}name them {kinds}, or one frame 'events' with a column kind", "{hint}请以 {kinds} 命名，或用带 kind 列的 events 表",
    ),
    "no_table_file": Message(
        "{why}", "此文件不能作为表读取：{why}",
        "give a CSV, NDJSON, Parquet or Arrow file", "请给出 CSV、NDJSON、Parquet 或 Arrow 文件",
    ),
    "table_unread": Message(
        "no row of the table {table} can be read: {why}", "基础表 {table} 没有一行可以读取：{why}",
        "export the file again and give it whole", "请重新导出，并给出完整的文件",
    ),
    "table_empty": Message(
        "the file holds no row of the table {table}", "文件中没有基础表 {table} 的任何一行",
        "give the table's header and rows, as docs/tables.md has them, or leave the option away",
        "请给出表头和数据行（见 docs/tables.zh.md），或不用此选项",
    ),
    "table_unclear": Message("{asked}", "", "{answer}", "请按此指明：{answer}"),
    "sheets_alike": Message(
        "several sheets fit the table {table}: {sheets}", "有多个工作表符合基础表 {table}：{sheets}",
        "give one of them alone, as a file of its own", "请将其中一个工作表另存为单独的文件",
    ),
    "pipe_broken": Message(
        "cannot be read to its end: {why}", "管道无法读完：{why}",
        "write it to a file, and give that", "请先写入文件，再给出该文件",
    ),
    "pipe_no_room": Message(
        "cannot be read to its end: {why}", "管道无法读完，临时文件夹空间不足：{why}",
        "set TMPDIR to a folder with more room", "请将 TMPDIR 设为空间更大的文件夹",
    ),
    "no_stdin": Message("there is no standard input", "没有标准输入", "give a file", "请给出文件"),
    "stdin_is_terminal": Message(
        "the standard input is a terminal, and nothing is piped in", "标准输入是终端",
        "give a file, or pipe one in", "请给出文件或用管道输入",
    ),
    "pipe_without_writer": Message(
        "nobody writes into this pipe", "没有程序向此管道写入",
        "start what writes into it, or give a file", "请启动写入程序，或给出文件",
    ),
    "no_time": Message(
        "'{text}' is not a time", "'{text}' 不是有效的时间",
        "write it like 2022-02-10T18:00:00+08:00", "请写作 2022-02-10T18:00:00+08:00",
    ),
    "column_missing": Message(
        "column {columns} is missing; there is {present}", "缺少列 {columns}；现有 {present}",
        "{hint}the table needs {needed}", "{hint}该表须有 {needed}",
    ),
    "too_many_values": Message(
        "more than {most} different values", "不同的值超过 {most} 个",
        "look for garbage in the column", "请检查该列是否混入其他内容",
    ),
    "frame_unreadable": Message(
        "the table cannot be read: {why}",
        "表无法读取：{why}",
        "check the file and its numbers",
        "请检查文件与数值列",
    ),
    "column_twice": Message(
        "two columns are called {name}, and they differ, first in row {row}", "有两列都名为 {name} 而内容不同，首处在第 {row} 行",
        "rename or delete the one that does not count", "请改名或删去不计的一列",
    ),
    "frame_not_written": Message(
        "files ending in {ending} are not written", "不支持写出以 {ending} 结尾的文件",
        "use one of {endings}", "请改用 {endings}",
    ),
    "no_frame": Message(
        "{type} is no frame", "{type} 不是数据框",
        "give a frame of polars, pandas, pyarrow or DuckDB: anything with __arrow_c_stream__; of a list of dicts make one "
        "with polars.DataFrame(...)", "请给出 polars、pandas、pyarrow 或 DuckDB 的数据框",
    ),
    "broken_frame": Message(*_BROKEN, "give every column one type: texts as str, or numbers", "每列请只用一种类型：文字或数字"),
    "broken_query": Message(
        *_BROKEN, "mend its query: frame.collect() tells the whole error", "请修正其查询，frame.collect() 给出完整错误",
    ),
    "broken_names": Message(*_BROKEN, "rename the columns, no two may be called alike", "请改列名，不得重名"),
    "broken_column": Message(
        *_BROKEN, "give a frame with named columns, such as series.to_frame()", "请给出有列名的数据框，如 series.to_frame()",
    ),
    "frame_without_kind": Message(
        "column kind is missing, and nothing else tells what the rows are", "没有 kind 列，无法得知事件种类",
        "add a column kind, name the kind with kind=..., or give a mapping such as {{'collect': frame}}",
        "请增加 kind 列，或以 kind= 或 {{'collect': frame}} 指明",
    ),
    "no_ct": Message(
        "there is no Ct", "没有 Ct 值", "give a column ct, or --readings with pool and ct", "请提供 ct 列或 --readings 文件",
    ),
    "no_single_ct": Message(
        "no column ct, or nothing in it", "无 ct 列或为空", "give one Ct of a single positive a row", "每行一个单检阳性 Ct",
    ),
    "bad_ct": Message(
        "column 'ct', row {row}, is no number of cycles above 0 and up to 100", "`ct` 列第 {row} 行应为大于 0、不超过 100 的循环数",
        "write 31.5, or Undetermined, or nothing", "未检出请填 Undetermined",
    ),
    "late_single_ct": Message(
        "column 'ct', row {row}: {ct} is later than the largest Ct that is detected, {limit}: it is no single positive",
        "`ct` 列第 {row} 行：{ct} 晚于可检出的最大 Ct {limit}，不是单采阳性",
        "leave the row out, or give the limit of the assay with `poolpipe decode --ct-limit`",
        "请删去该行，或以 `poolpipe decode --ct-limit` 指明上限",
    ),
    "bad_prior": Message(
        "prior of person {person} is not between 0 and 1: {prior}", "人员 {person} 的先验概率须在 0 与 1 之间，现为 {prior}",
        "write a probability such as 0.01; fill it from the policy where it is not known", "请填概率，如 0.01",
    ),
    "least_prior": Message(
        "prior of person {person} is below {least}: {prior}", "人员 {person} 的先验概率小于 {least}：{prior}",
        "write 0 for somebody who cannot be infected", "确无感染可能请填 0",
    ),
}  # fmt: skip
