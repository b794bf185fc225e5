"""The catalogue of messages: every code's text and way out, in English and Chinese, with the same fields in both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MESSAGES", "Message", "chinese", "message", "way_out"]


class Message(NamedTuple):
    """Templates of one message; `{name}` stands for a field.

    Attributes
    ----------
    english, chinese : str
        What is wrong.
    way_out, way_out_chinese : str
        What the reader can do; both empty where the code that raises the error gives it.
    """

    english: str
    chinese: str
    way_out: str = ""
    way_out_chinese: str = ""


_OTHER_OUT = ("name another folder with --out", "请用 --out 指定其他文件夹")
_GIVE_FILE = ("give a file or a folder", "请给出文件或文件夹")
_RUN_AGAIN = (
    "run the events again with `poolpipe run --out` and this folder, or give another result",
    "请对该文件夹重新执行 `poolpipe run --out`，或给出其他结果",
)
_RIGHT = ("ask its owner for the right to read it", "请向所有者申请读取权限")
_SETTINGS = ("see docs/policy.md for every setting", "各项设置见 docs/policy.md")

_INPUT: Final = {
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
        "there is no event file{left_aside}", "没有事件文件",
        "give CSV, NDJSON, Parquet or Arrow files ({endings}, also .gz and .zst)", "请给出 CSV、NDJSON、Parquet 或 Arrow 文件",
    ),
    "no_such_kind": Message("no such kind of event: {kind}", "没有这种事件", "{hint}give one of {kinds}", "可选：{kinds}"),
    "no_choice": Message("unknown {what} {given}", "没有这个选项", "{hint}give one of {choices}", "可选：{choices}"),
    "no_path": Message("{given} is no path", "不是路径", "give a text or a pathlib.Path", "请给出路径"),
    "no_such_frame": Message(
        "no such kind of event: {kind}", "没有这种事件",
        "{hint}name them {kinds}, or one frame 'events' with a column kind", "请以 {kinds} 命名，或用带 kind 列的 events 表",
    ),
    "no_table_file": Message(
        "{why}", "此文件不能作为表读取",
        "give a CSV, NDJSON, Parquet or Arrow file", "请给出 CSV、NDJSON、Parquet 或 Arrow 文件",
    ),
    "pipe_broken": Message(
        "cannot be read to its end: {why}", "管道无法读完",
        "write it to a file, and give that", "请先写入文件，再给出该文件",
    ),
    "pipe_no_room": Message(
        "cannot be read to its end: {why}", "临时文件夹空间不足",
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
        "'{text}' is not a time", "不是有效的时间",
        "write it like 2022-02-10T18:00:00+08:00", "请写作 2022-02-10T18:00:00+08:00",
    ),
    "column_missing": Message(
        "column {columns} is missing; there is {present}", "缺少该列",
        "{hint}the table needs {needed}", "该表须有 {needed}",
    ),
    "too_many_values": Message(
        "more than {most} different values", "不同的值过多",
        "look for garbage in the column", "请检查该列是否混入其他内容",
    ),
    "frame_unreadable": Message("the table cannot be read: {why}", "表无法读取", "check the file and its numbers", "请检查文件与数值列"),
    "column_twice": Message(
        "two columns are called {name}, and they differ, first in row {row}", "有两列同名而内容不同",
        "rename or delete the one that does not count", "请改名或删去不计的一列",
    ),
    "frame_not_written": Message(
        "files ending in {ending} are not written", "不支持写出此格式",
        "use one of {endings}", "请改用 {endings}",
    ),
    "no_frame": Message(
        "{type} is no frame", "不是数据框",
        "give a frame of polars, pandas, pyarrow or DuckDB: anything with __arrow_c_stream__; of a list of dicts make one "
        "with polars.DataFrame(...)", "请给出 polars、pandas、pyarrow 或 DuckDB 的数据框",
    ),
    "broken_frame": Message("{type} cannot be read as a frame: {why}", "无法作为数据框读取"),
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
        "column 'ct', row {row}, is no number of cycles above 0 and up to 100", "应为大于 0、不超过 100 的数字",
        "write 31.5, or Undetermined, or nothing", "未检出请填 Undetermined",
    ),
    "late_single_ct": Message(
        "column 'ct', row {row}: {ct} is later than the largest Ct that is detected, {limit}: it is no single positive",
        "晚于 Ct 上限，不是单检阳性",
        "leave the row out, or give the limit of the assay with `poolpipe decode --ct-limit`",
        "请删去该行，或以 `poolpipe decode --ct-limit` 指明上限",
    ),
    "bad_prior": Message(
        "prior of person {person} is not between 0 and 1: {prior}", "先验概率须在 0 与 1 之间",
        "write a probability such as 0.01; fill it from the policy where it is not known", "请填概率，如 0.01",
    ),
    "least_prior": Message(
        "prior of person {person} is below {least}: {prior}", "先验概率过小",
        "write 0 for somebody who cannot be infected", "确无感染可能请填 0",
    ),
}  # fmt: skip

_RESULTS: Final = {
    "out_is_file": Message("{name} is a file, not a folder", "是文件而非文件夹", *_OTHER_OUT),
    "out_not_writable": Message("you may not write there", "无写入权限", *_OTHER_OUT),
    "out_in_use": Message(
        "another run is writing into it", "另一次运行正在写入该文件夹",
        "wait until it is done, or choose another --out", "请等待其完成，或另选 --out",
    ),
    "out_failed": Message(
        "cannot be written: {why}", "无法写入",
        "choose another --out, or make room; what stands there is whole: the result before, or the new one",
        "请另选 --out 或腾出空间；原处的结果仍然完整",
    ),
    "out_holds_others": Message(
        "there is a {name} that poolpipe has not written; nothing is written over it", "同名文件不是 poolpipe 写出的，不予覆盖",
        "move it away, or choose another --out", "请移走该文件，或另选 --out",
    ),
    "no_result": Message("is no folder that poolpipe has written: {why}", "不是 poolpipe 写出的结果文件夹", *_RUN_AGAIN),
    "torn_result": Message(
        "{name} is not the table that {summary} speaks of: {why}; tables and summary of two runs are no result",
        "结果表与 {summary} 不属于同一次运行", *_RUN_AGAIN,
    ),
    "table_not_held": Message(
        "holds no table {name}: it was written before there was one", "写出该结果的版本尚无此表",
        "run the events again", "请重新运行事件文件",
    ),
    "sql_refused": Message("{why}", "查询无法执行", "{hint}the tables are {tables}", "可用的表：{tables}"),
    "sql_not_one": Message("this is not one question", "不是单个查询", "write one SELECT, and nothing else", "请只写一条 SELECT"),
    "no_events_held": Message("holds tables and no events", "只有结果表，没有事件", "run the events again", "请重新运行事件文件"),
    "other_policy": Message(
        "the result was concluded under policy {name} ({version}), and this is {given} ({given_version})", "策略与结果不符",
        "give the policy of the run, so that wells and codes are read alike", "请用 --policy 指定运行时的策略",
    ),
}  # fmt: skip

_POLICY: Final = {
    "no_policy": Message(
        "there is no such policy", "没有这个策略",
        "{nearest}give a TOML file or one of the presets {presets}", "请给出 TOML 文件或预设名 {presets}",
    ),
    "policy_unreadable": Message(
        "cannot be read: {why}", "策略文件无法读取",
        "write it as TOML in UTF-8, see docs/policy.md", "请以 UTF-8 编码的 TOML 书写，见 docs/policy.md",
    ),
    "policy_base": Message("base: {base} is unknown; {hint}give one of {presets}", "base 指定的预设不存在，可选：{presets}"),
    "no_policy_type": Message(
        "{given} is no policy", "不是策略",
        "give a preset, the path of a TOML file, a mapping, or a Policy", "请给出预设名、TOML 文件、设置或 Policy",
    ),
    "settings_broken": Message("{rules}", "", "docs/api.md has every setting", "各项设置见 docs/api.md"),
    "assay_broken": Message("{rules}", "", "see docs/decode.md for the fields of an assay", "检测参数见 docs/decode.md"),
    "policy_broken": Message("{rules}", "", *_SETTINGS),
    "import_broken": Message("{rules}", "", "see docs/instruments/index.md for every setting", "各项设置见 docs/instruments/index.md"),
    "import_no_table": Message("import is no table of settings", "import 不是设置表", "begin it with [import]", "请以 [import] 开头"),
}  # fmt: skip

_SETTING: Final = {
    "setting_gone": Message("there is no such setting any more: {why}", "该项设置已取消"),
    "setting_unknown": Message("there is no such setting", "没有这项设置"),
    "setting_misspelt": Message("there is no such setting, did you mean {near}?", "没有这项设置，是否为 {near}"),
    "setting_yes_or_no": Message("is {value}, and no setting is a yes or no", "设置不能填是或否"),
    "setting_above": Message("must be greater than {least}, not {value}", "须大于 {least}"),
    "setting_at_least": Message("must be greater than or equal to {least}, not {value}", "不得小于 {least}"),
    "setting_below": Message("must be less than {most}, not {value}", "须小于 {most}"),
    "setting_at_most": Message("must be less than or equal to {most}, not {value}", "不得大于 {most}"),
    "setting_finite": Message("must be a finite number, not {value}", "须为有限数值"),
    "setting_number": Message("must be a number, not {value}", "须为数字"),
    "setting_whole": Message("must be a whole number, not {value}", "须为整数"),
    "setting_text": Message("must be a text in quotes, not {value}", "须为带引号的文字"),
    "setting_list": Message("must be a list, as [\"a\", \"b\"], not {value}", "须为列表"),
    "setting_table": Message("must be a table of settings, not {value}", "须为设置表"),
    "setting_time": Message("must be a time, as 2022-02-10T18:00:00+08:00, not {value}", "须为时间，如 2022-02-10T18:00:00+08:00"),
    "setting_choice": Message("must be one of {choices}, not {value}", "只能取 {choices}"),
    "setting_too_few": Message("must have at least {least}, not {value}", "至少须有 {least} 个"),
    "setting_too_many": Message("must have at most {most}, not {value}", "最多只能有 {most} 个"),
    "setting_blank": Message("is nothing but blanks: write a name, or leave the setting out", "不能为空白，请填写或删去该项"),
    "setting_other": Message("{why}", "该项设置的值不可用"),
    "setting_regex": Message("{pattern} is no regular expression that can be used here ({engine}): {why}", "不是可用的正则表达式"),
    "setting_offset": Message("offset of {name} is {offset}; write it as +08:00", "时差 {offset} 请写作 +08:00"),
    "grey_below_detected": Message("grey_ct {grey} lies below detected_ct {detected}", "grey_ct {grey} 低于 detected_ct {detected}"),
    "targets_alike": Message("targets and the internal control must have names of their own", "靶标与内标不得重名"),
    "target_blank": Message(
        "the name of a target begins or ends with a blank: no reading would ever be called so",
        "靶标名首尾不得有空格",
    ),
    "city_clocks": Message("city_all {all} lies below city_half {half}", "city_all {all} 小于 city_half {half}"),
    "prior_tiny": Message(
        "prior {prior} is above 0 and below {least}: write 0 for people who cannot be infected", "prior {prior} 过小，确无感染可能请填 0",
    ),
    "positive_misleads": Message(
        "sensitivity {sensitivity} is below 1 - specificity {complement}: a positive would speak against infection",
        "灵敏度 {sensitivity} 低于 1 - 特异度 {complement}：阳性反而说明未感染",
    ),
}  # fmt: skip

_REJECTS: Final = {
    "kind_unknown": Message("'{kind}' is none of {kinds}", "不是可用的事件种类"),
    "kind_untold": Message(
        "neither a kind column nor the name '{file}' tells which kind of event this is; begin the name with the kind, put "
        "the file into a folder called after it, or give --kind",
        "文件名与 kind 列均未说明事件种类，请在文件名开头写明、放入以种类命名的文件夹，或用 --kind 指定",
    ),
    "loads_without_lab": Message(
        "{count} loads of {file} have no lab and are rejected; set lab under [machines] of --policy FILE, or give it to one "
        "file: poolpipe import FILE --lab LAB --out FOLDER, then run FOLDER",
        "{count} 条上样记录（{file}）未注明检测机构，已拒收；请在 --policy 文件的 [machines] 下设置 lab，或为单个文件指定："
        "poolpipe import 文件 --lab 机构 --out 文件夹，再 run 该文件夹",
    ),
    "loads_without_lab_column": Message(
        "{count} loads of {file} have no lab and are rejected; fill its column lab",
        "{count} 条上样记录（{file}）未注明检测机构，已拒收；请补填 lab 列",
    ),
    "more_without_lab": Message("loads of {count} more files have no lab", "另有 {count} 个文件的上样记录未注明检测机构"),
    "check_character": Message("fails its {rule} check character", "校验码不符"),
    "no_header": Message("there is no header: {why}", "没有表头"),
    "names_are_data": Message(
        "there was no header: the names of the columns are a record; write the file anew from one with a header",
        "缺少表头，列名其实是一条记录，请补上表头后重新生成文件",
    ),
    "columns_alike": Message("{columns}: keep one, or rename the others", "列名重复，请保留一个或改名"),
    "cell_too_long": Message("a cell of more than {most} bytes (files.longest_record of the policy)", "单元格超过允许长度"),
    "no_text": Message("bytes that are no text", "含有不是文字的字节"),
    "file_unreadable": Message("the file cannot be read: {why}", "文件无法读取"),
    "column_damaged": Message("a column of type {type} is damaged", "此列已损坏"),
    "too_many_records": Message(
        "so many records in {size} bytes are no scans: {rest}; if they are, write them to several files",
        "记录多得不合常理，确系扫码请分成多个文件",
    ),
    "too_much_unpacked": Message(
        "{claimed} bytes of values in {size} bytes are no scans; if they are, write them to several files, less compressed",
        "解压后大得不合常理，确系扫码请降低压缩率并分成多个文件",
    ),
    "packed_twice": Message("a {content} file inside {compression}: unpack it", "请先解压"),
    "machine_without_rows": Message(
        "a machine's file without any reading, load or report; poolpipe import FILE --dry-run tells what is made of it",
        "仪器文件中没有读数、上样或报告，可用 poolpipe import 文件 --dry-run 查看",
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
    "breaks_off": Message("the file breaks off: {why}", "文件不完整，请重新复制"),
    "ends_early": Message("the {form} data end before their time", "压缩数据提前结束"),
    "ends_in_zeros": Message("the {form} data end before their time, and zeros stand where more should be", "压缩数据提前结束，其后全为零"),
    "disk": Message("the disk cannot read on", "磁盘无法继续读取"),
    "disk_because": Message("the disk cannot read on: {why}", "磁盘无法继续读取"),
    "archive_damaged": Message(
        "the {form} file is damaged ({why}); what cannot be trusted is left out, copy the file again",
        "压缩文件已损坏，不可信的部分未采用，请重新复制",
    ),
    "bytes_behind": Message("{count} bytes behind the end of the {form} data are none: they are left out", "压缩数据之后另有内容，未采用"),
    "sheet_damaged": Message("the spreadsheet is damaged ({why})", "表格文件已损坏"),
}  # fmt: skip
"""Reasons why a record or a file could not be read that several modules share."""

_USAGE: Final = {
    "usage": Message("wrong usage", "命令用法有误，说明见 --help"),
    "usage_missing": Message("missing {name}", "缺少必填的 {name}，说明见 --help"),
    "usage_value": Message("invalid value of {name}", "{name} 的值不可用，可用的值见 --help"),
    "usage_option": Message("no such option {name}", "没有选项 {name}，全部选项见 --help"),
    "usage_command": Message("no such command {name}", "没有命令 {name}，全部命令见 --help"),
    "usage_option_value": Message("option {name} needs a value", "选项 {name} 须有一个值，或不能有值，说明见 --help"),
    "usage_argument": Message("wrong number of values", "参数个数有误，说明见 --help"),
    "usage_extra": Message("unexpected arguments", "多余的参数，含空格的路径请加引号，说明见 --help"),
}  # fmt: skip
"""Chinese for classes of usage errors; the English is click's own."""

MESSAGES: Final[Mapping[str, Message]] = {**_INPUT, **_RESULTS, **_POLICY, **_SETTING, **_REJECTS, **_USAGE}
"""Code to message. A code is not changed once it has been released."""


def message(code: str, fields: Mapping[str, object]) -> str:
    """Fill in a message in both languages.

    Parameters
    ----------
    code : str
        A key of `MESSAGES`.
    fields : mapping of str to object
        Values of the template's fields.

    Returns
    -------
    str

    Examples
    --------
    >>> message("setting_at_least", {"least": 1, "value": 0})
    'must be greater than or equal to 1, not 0 不得小于 1'
    """
    told = MESSAGES[code]
    return _joined(told.english, told.chinese, fields)


def way_out(code: str, fields: Mapping[str, object]) -> str:
    """Fill in a message's way out in both languages.

    Parameters
    ----------
    code : str
        A key of `MESSAGES`.
    fields : mapping of str to object
        Values of the template's fields.

    Returns
    -------
    str
        Empty where the catalogue has no way out for it.
    """
    told = MESSAGES[code]
    return _joined(told.way_out, told.way_out_chinese, fields)


def chinese(code: str, fields: Mapping[str, object]) -> str:
    """Fill in a message in Chinese alone.

    Parameters
    ----------
    code : str
        A key of `MESSAGES`.
    fields : mapping of str to object
        Values of the template's fields.

    Returns
    -------
    str
    """
    return MESSAGES[code].chinese.format_map(fields)


def _joined(english: str, chinese: str, fields: Mapping[str, object]) -> str:
    return " ".join(text.format_map(fields) for text in (english, chinese) if text)
