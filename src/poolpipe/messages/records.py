"""Why a record is rejected: the rule and the way out of each column and line. A refused value stands before the reason."""

from __future__ import annotations

from typing import Final

from poolpipe.messages.template import Message

__all__ = ["RECORDS"]

_WRITE_TIME: Final = "write 2022-02-10T08:00:00+08:00 or 2022/2/10 8:00"
_WRITE_TIME_CHINESE: Final = "请写作 2022/2/10 8:00（年在前）"

_CODES: Final = {
    "digits_lost": Message(
        "its digits are lost (a spreadsheet keeps 15, floats are exact below 2^53): format the column as text, "
        "export it again from the original numbers",
        "末位数字已丢失（表格软件只保留 15 位），请将该列设为文本格式后从原始数据重新导出",
    ),
    "object_no_code": Message("an object or a list is no code: send the number alone", "对象或列表不是号码，请只填号码"),
    "spreadsheet_error": Message(
        "an error of a spreadsheet is no code: mend the formula or widen the column; where the formula has no result yet "
        "(#FORMULA!), open the workbook in Excel or WPS and save it",
        "表格错误值不是号码，请修正公式或加宽列后重新导出；公式尚无结果（#FORMULA!）时，用 Excel 或 WPS 打开后保存",
    ),
    "truth_no_number": Message(
        "true or false is nobody's number: send the document's number", "真假值不是证件号码，请填写证件号码",
    ),
    "placeholder_no_number": Message(
        "a word for an unknown number is nobody's: with it several people would become one; find the document's number, or "
        "give each a number of their own under another person_type",
        "这是“不详”一类的填充词，不是证件号码，会把几个人并成一人；请补填证件号码，或用其他证件类型为每人各编一个号码",
    ),
    "length_rule": Message(
        "empty, or longer than {most} characters: send the code alone", "为空或超过 {most} 个字符，请只填号码",
    ),
    "after_arrival": Message("over {hours} h after its arrival", "晚于到达时间 {hours} 小时以上"),
    "outside_pattern": Message("outside the pattern {pattern}", "不符合编码规则 {pattern}"),
    "no_such_well": Message("no such well on a plate of {wells}, such as A01", "该 {wells} 孔板无此孔位，孔位如 A01"),
    "none_of_words": Message("one of {words}", "不在可用词之列：{words}"),
    "no_cycles": Message(
        "not a number of cycles from 0 to 100: write 31.5, or Undetermined", "应为 0 至 100 的数字，未检出请填 Undetermined",
    ),
    "no_whole_number": Message(
        "not a whole number of at least 0: write digits alone, as 10", "应为不小于 0 的整数，请只填数字，如 10",
    ),
}  # fmt: skip

_MISSING: Final = {
    "sample_without_tube": Message("a sample well must name its tube", "样本孔须填样本管条码"),
    "load_without_lab": Message(
        "every load must have it: fill it in, or for machines' files set lab under [machines] of --policy FILE",
        "上机须注明检测机构：请补填；仪器文件可在 --policy 文件的 [machines] 下设置 lab",
    ),
    "value_missing": Message(
        "every {kind} must have it: fill it in and send the record again", "{kind}事件必填，现为空，请补填后重新提供",
    ),
    "column_absent": Message(
        "every {kind} must have it, and there is no such column{hint}", "{kind}事件必填，而文件中没有该列{hint}",
    ),
}  # fmt: skip

_TIMES: Final = {
    "time_outside": Message("outside the years 1970 to 2199 (UTC): correct the date", "超出 1970 至 2199 年（UTC），请更正日期"),
    "time_skipped": Message(
        "the policy's zone set its clocks forward over this time: write it with its offset, as 2022-02-10T08:00:00+08:00",
        "该时区当日拨快时钟，无此时刻，请写明时差，如 2022-02-10T08:00:00+08:00",
    ),
    "time_bare_number": Message(
        "a bare number is no time: format a spreadsheet's column as yyyy-mm-dd hh:mm:ss and export it again",
        "纯数字不是时间，请将该列设为日期时间格式（yyyy-mm-dd hh:mm:ss）后重新导出",
    ),
    "time_without_year": Message(f"the year is missing: {_WRITE_TIME}", f"未写年份，{_WRITE_TIME_CHINESE}"),
    "time_day_first": Message(
        f"day and month cannot be told apart: the year comes first; {_WRITE_TIME}", f"日与月无法区分，{_WRITE_TIME_CHINESE}",
    ),
    "time_24": Message("there is no 24:00: write 0:00 of the next day", "没有 24:00，请写次日 0:00"),
    "time_leap": Message(
        "there is no second 60: write second 59, or 00 of the next minute", "没有第 60 秒，请写 59 秒，或下一分钟的 00 秒",
    ),
    "time_date_alone": Message(f"a date without a time of day: {_WRITE_TIME}", f"只有日期没有时刻，{_WRITE_TIME_CHINESE}"),
    "time_clock_alone": Message(
        f"a time of day without its date: fill in the date's column in this row, or {_WRITE_TIME}",
        f"只有时刻没有日期，{_WRITE_TIME_CHINESE}，或在本行补填日期列",
    ),
    "time_spreadsheet_error": Message(
        "an error of a spreadsheet is no time: mend the formula, or open the workbook in Excel or WPS and save it",
        "表格错误值不是时间，请修正公式，或用 Excel、WPS 打开后保存",
    ),
    "time_none": Message(f"no time: {_WRITE_TIME}", f"不是时间，{_WRITE_TIME_CHINESE}"),
}  # fmt: skip

_LINES: Final = {
    "header_absent": Message(
        "there is no header: the first line names no column such as at, tube, person; put the line with the columns' names "
        "back on top, as in the file that this one was cut from",
        "缺少表头行：首行没有 `at`、`tube`、`person` 之类的列名，请补上列名",
    ),
    "header_no_text": Message(
        "there is no header: the first line holds bytes that are no text, and names no column", "首行不是文本，缺少表头",
    ),
    "header_repeated": Message(
        "a header, not a record: files were put one behind the other; what follows is read by it",
        "重复的表头行，不是记录：文件为首尾拼接，其后按此表头读取",
    ),
    "line_too_long": Message(
        "the line is longer than any may be (files.longest_record of the policy); only its beginning is kept",
        "本行超过允许长度（判读规则的 `files.longest_record`），仅保留开头",
    ),
    "quote_open": Message("a quote is not closed, or something follows it: mend the line", "引号未闭合，或其后另有内容，请更正本行"),
    "line_no_text": Message(
        "bytes that are no text in the file's encoding: save it as UTF-8", "含非文本字节，请另存为 UTF-8",
    ),
    "line_torn": Message("the file breaks off in this line: copy it again", "文件在此行中断，请重新复制"),
    "cells_unclear": Message("the cells of this line cannot be told apart: mend the line", "无法分列，请更正本行"),
    "cells_differ": Message(
        "{cells} cells where the header has {width}: mend the line", "本行 {cells} 列，表头 {width} 列，请更正本行",
    ),
    "json_no_object": Message(
        "not a JSON object: write each record as one object {{…}} on a line of its own", "不是 JSON 对象，请每行写一个 {{…}} 对象",
    ),
    "json_infinity": Message(
        "Infinity is no JSON and no value: write a number, or null", "`Infinity` 不是有效数值，请填数字或 null",
    ),
    "json_too_deep": Message("objects or lists inside one another more than {most} times", "嵌套超过 {most} 层"),
    "json_key_twice": Message(
        "the object gives two values for one column: keep one, or rename the other key", "同一列有两个值，请保留一个或改名",
    ),
    "file_vanished": Message("the file vanished before it was read: run again", "文件在读取前消失，请重新运行"),
    "file_not_read": Message("the file cannot be read: {why}; look at the disk", "文件无法读取（{why}），请检查磁盘"),
}  # fmt: skip

RECORDS: Final = {**_CODES, **_MISSING, **_TIMES, **_LINES}
