"""Messages about the tables inside a file of an instrument or robot: rows, columns, plates and worklists."""

from __future__ import annotations

from typing import Final

from poolpipe.messages.template import Message

__all__ = ["INSTRUMENT_TABLES"]

_FILE_EACH = ("import them as a file each", "请拆分为单独的文件，逐个导入")
_COPY_FILE = ("copy the file again", "请重新复制该文件")
_COPY_OR_EXPORT = ("copy or export the file again", "请重新复制或导出该文件")
_WORKLIST = ("copy or export the worklist again", "请重新复制或导出工作列表")

_ROWS: Final = {
    "nothing_taken": Message(
        "the table has no row that could be read or was to be taken: {why}", "表中没有可用的行：{why}",
        "look at it with poolpipe import FILE --dry-run, or export it again", "请用 poolpipe import 文件 --dry-run 查看，或重新导出",
    ),
    "second_table": Message(
        "a second table of the same kind, with plate and time of its own", "另有一个同类表，带自己的板号与时间",
        *_FILE_EACH,
    ),
    "channel_twice": Message(
        "several tables of the channel {channel!r} read the same wells: several plates in one file",
        "通道 {channel!r} 的多个表读了相同的孔：一个文件内有多块板",
        *_FILE_EACH,
    ),
    "second_ct_table": Message(
        "a second table of Ct values, with other columns, stands below the first", "下方另有一个列不同的 Ct 值表",
        *_FILE_EACH,
    ),
    "header_again": Message(
        "the table's header stands here again: several exports in one file", "表头重复出现：一个文件内有多次导出",
        *_FILE_EACH,
    ),
    "wells_twice": Message(
        "{count} wells are read twice, for different samples ({well}: {names}): several plates in one table",
        "{count} 个孔有不同样本（{well}：{names}）：一个表内有多块板",
        *_FILE_EACH,
    ),
    "line_cut": Message(
        "the last line has fewer cells than the others: the file was cut short", "末行的单元格较少，文件不完整",
        *_COPY_OR_EXPORT,
    ),
    "line_unended": Message(
        "the last line has no end and may be cut short", "末行没有换行符，可能不完整",
        "copy or export the file again; if it is whole, end its last line with a line break",
        "请重新复制或导出；若确属完整，请在末行后加换行",
    ),
    "closing_missing": Message("the closing line of the file is missing: it was cut short", "缺少结束行，文件不完整", *_COPY_FILE),
}  # fmt: skip

_COLUMNS: Final = {
    "decimals_unread": Message(
        "the column {column!r} holds numbers with decimals, as results do, and no layout reads it",
        "{column!r} 列像是检测结果，但没有适用的版式",
        "export the table of Ct values, or take the column out of the plate map",
        "请导出 Ct 值表，或从板布局中删去该列",
    ),
    "results_unread_in_map": Message(
        "the column {column!r} holds results, and no layout reads it", "{column!r} 列是检测结果，但没有适用的版式",
        "export the table of results, or take the column out of the plate map", "请导出结果表，或从板布局中删去该列",
    ),
    "comma_and_point": Message(
        "the Ct {comma!r} has a comma, {point!r} in the same file a point", "同一文件的 Ct 既有逗号（{comma!r}）又有小数点（{point!r}）",
        "the file was edited or mixed: export it again from the instrument's software", "文件经过编辑或拼接，请从仪器软件重新导出",
    ),
    "point_in_commas": Message(
        "the Ct {point!r} has a point, but {comma!r} shows that the file writes decimal commas",
        "该文件以逗号作小数点（{comma!r}），此 Ct 却用了点（{point!r}）",
        "export the file again with one number format",
        "请以统一的数字格式重新导出",
    ),
    "header_unnamed": Message(
        "{names} names in the header and a column of values without one: names may stand one column too far to a side",
        "表头有 {names} 个列名，另有一列没有列名，列名可能错位一列",
        "name every column, or take the unnamed one out", "请补齐列名，或删去无名列",
    ),
    "header_shorter": Message(
        "the header has {names} names and the rows {cells} cells: each name may stand one column too far to the left",
        "表头有 {names} 个列名，数据有 {cells} 格，列名可能左移一列",
        "export it again, or complete the header", "请重新导出，或补全表头",
    ),
    "columns_differ": Message(
        "two columns for the {role} differ: {values}", "用作{role}的两列内容不同：{values}",
        "remove one, or set duplicate_columns in the policy to first or last",
        "请删去一列，或在判读规则中将 duplicate_columns 设为 first 或 last",
    ),
}  # fmt: skip

_PLATES: Final = {
    "plates_drawn": Message("several plates are drawn in this file", "此文件画有多块板", *_FILE_EACH),
    "results_drawn": Message(
        "results drawn as a plate: a plate map has a tube in each cell", "以板图形式给出的结果；板布局每格应为一支样本管",
        "export the table of Ct values, one row a well and target", "请导出 Ct 值表，每孔每靶标一行",
    ),
    "map_rows": Message(
        "a map of {size} wells has rows A to {last}, here {rows}", "{size} 孔板布局应有 A 至 {last} 行，现有 {rows}",
        "restore the missing rows", "请补全缺少的行",
    ),
    "map_cut": Message("the last row is cut short", "末行不完整", *_COPY_FILE),
    "map_empty": Message(
        "the map holds no tube{first}", "板布局中没有样本管{first}",
        "format the cells as text, or check the file", "请将单元格设为文本格式，或检查文件",
    ),
    "map_shifted": Message(
        "row {row} has {cells} cells, the row of column numbers {width}: tubes have moved",
        "第 {row} 行有 {cells} 格，列号行有 {width} 格，样本管已错位",
        "restore the row",
        "请恢复该行",
    ),
}  # fmt: skip

_WORKLISTS: Final = {
    "worklist_empty": Message(
        "no worklist records", "没有工作列表记录",
        "export the worklist again; its lines begin with A, D or W", "请重新导出工作列表，各行以 A、D 或 W 开头",
    ),
    "dispenses_unread": Message("no dispense record could be read", "没有可用的加样记录", "check the tube ids", "请检查样本管号"),
    "labwares_unnamed": Message(
        "{count} labwares have no id ({labels}), the import names one plate", "{count} 个耗材没有编号（{labels}），导入只给了一个板号",
        "leave --plate out, or write a worklist a plate", "请去掉 --plate，或每板写一份工作列表",
    ),
    "rack_of_two_sizes": Message(
        "the rack {rack!r} is one of 96 and one of 384 wells", "板架 {rack!r} 既为 96 孔又为 384 孔",
        "give the rack one type, or export the worklist again", "请统一其类型，或重新导出工作列表",
    ),
    "no_record": Message(
        "{text!r} is no record of a worklist: its lines begin with A, D, W, B, C, S, F or R",
        "{text!r} 不是工作列表记录，各行应以 A、D、W、B、C、S、F 或 R 开头",
        "take the line out, or export the worklist again",
        "请删去该行，或重新导出工作列表",
    ),
    "record_fields": Message(
        "record {kind} has {cells} fields of {fields}: a field is missing, or one too many",
        "{kind} 记录有 {cells} 个字段，应有 {fields} 个",
        *_WORKLIST,
    ),
    "record_position": Message(
        "record {kind} has {text!r} where its position stands: fields have moved", "{kind} 记录的孔位字段为 {text!r}，字段已错位",
        *_WORKLIST,
    ),
    "record_volume": Message(
        "record {kind} has {text!r} where its volume stands: fields have moved", "{kind} 记录的体积字段为 {text!r}，字段已错位",
        *_WORKLIST,
    ),
}  # fmt: skip

INSTRUMENT_TABLES: Final = {**_ROWS, **_COLUMNS, **_PLATES, **_WORKLISTS}
