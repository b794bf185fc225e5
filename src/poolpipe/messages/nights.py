"""Messages about the night's database: what it cannot be written from or to, and what a day of it lacks."""

from __future__ import annotations

from typing import Final

from poolpipe.messages.template import Message

__all__ = ["NIGHTS"]

_OTHER_FILE = ("name another file with --out", "请用 --out 指定其他文件")

NIGHTS: Final = {
    "nightly_no_folder": Message("its folder does not exist", "所在文件夹不存在", *_OTHER_FILE),
    "nightly_day_beyond": Message(
        "no day before 1900 or after 2999 is counted", "不统计 1900 年以前与 2999 年以后的日期",
        "give --date a day of the campaign", "请用 --date 指定筛查期间的日期",
    ),
    "nightly_in_use": Message(
        "another night is writing it", "另一次夜间统计正在写入", "wait until it is done", "请等待其完成"
    ),
    "nightly_failed": Message(
        "cannot be written: {why}", "无法写入：{why}",
        "make room, see to your rights there, or name another file with --out; what stands there is whole",
        "请腾出空间、检查写入权限，或用 --out 指定其他文件；原处的数据库仍然完整",
    ),
    "nightly_no_database": Message(
        "is no database that the night wrote; nothing is written over it",
        "不是夜间统计写出的数据库，不予覆盖", *_OTHER_FILE,
    ),
    "nightly_other_version": Message(
        "its table {table} is of another version of poolpipe", "其中的表 {table} 来自另一版本的 poolpipe",
        "name another file with --out, and count its days anew with --days", "请用 --out 指定另一文件，并用 --days 重新统计各日",
    ),
    "nightly_file_without_mart": Message(
        "{file} is a file: its report is made anew without --no-report, and --mart TABLE shows a table of it; to count a day give a "
        "store or a result folder",
        "{file} 是文件：不用 --no-report 则重新生成其报告，用 --mart TABLE 查看其中一张表；要统计某日，请给出数据仓库或结果文件夹",
    ),
    "nightly_day_not_counted": Message(
        "{day} was not counted; the last days in it are {days}", "未统计 {day}；其中最近的日期为 {days}",
        "count it: `poolpipe nightly STORE --date {day} --out {file}`",
        "请先统计：`poolpipe nightly STORE --date {day} --out {file}`，STORE 为数据仓库或结果文件夹",
    ),
    "report_same_file": Message(
        "{file} would be both the database and the report", "{file} 将同时是数据库与报告",
    ),
    "report_of_others": Message(
        "is there and is no report of poolpipe; nothing is written over it", "已存在且不是 poolpipe 的报告，不予覆盖",
        "name another database with --out, or leave the report out with --no-report",
        "请用 --out 指定其他数据库，或用 --no-report 不写报告",
    ),
    "report_font_missing": Message(
        "the font of the report did not come with this installation", "安装中缺少报告所用的字体",
        "install poolpipe anew, or leave the report out with --no-report", "请重新安装 poolpipe，或用 --no-report 不写报告",
    ),
    "report_font_unreadable": Message(
        "is no OpenType or TrueType font that can be read", "不是可读取的 OpenType 或 TrueType 字体",
        "give --font a file that ends in .otf, .ttf or .ttc", "请为 --font 指定 .otf、.ttf 或 .ttc 文件",
    ),
    "report_pdf_failed": Message(
        "the PDF of this day could not be set: {why}", "无法生成当日的 PDF：{why}",
        "nothing was replaced; leave the report out with --no-report, and report this as a bug",
        "未替换任何文件；可用 --no-report 不写报告，并请反馈此问题",
    ),
    "report_map_unreadable": Message(
        "cannot be read as GeoJSON: {why}", "无法按 GeoJSON 读取：{why}",
        "give --map a feature collection of polygons in degrees", "请为 --map 指定以度为单位的多边形要素集",
    ),
    "report_map_large": Message(
        "has {size} MB; a map may have {most}", "有 {size} MB；地图最大 {most} MB",
        "simplify its outlines: those of 300 communities need 3 MB", "请简化边界：300 个社区的边界约需 3 MB",
    ),
    "report_map_empty": Message(
        "has no polygon whose properties name a township", "没有属性中注明乡镇的多边形",
        "give every feature the property township (or 乡镇), and community (or 社区) where it is one",
        "请为每个要素填写属性 township（或 乡镇），社区则再填 community（或 社区）",
    ),
    "nightly_no_mart": Message("is no table of the night", "不是夜间统计的表", "tables: {marts}", "可用的表：{marts}"),
    "nightly_no_date": Message("{given} is no date such as 2022-04-04", "{given} 不是日期，写法如 2022-04-04"),
    "nightly_no_format": Message(
        "needs --mart, and a name that ends in one of {formats}", "须与 --mart 同用，文件名以 {formats} 之一结尾"
    ),
    "sql_no_format": Message("needs a name that ends in one of {formats}", "文件名须以 {formats} 之一结尾"),
    "nightly_no_events": Message(
        "no event was accepted, so there is no day to count", "没有接受任何事件，无可统计", "give another result", "请给出其他结果"
    ),
    "nightly_quiet": Message(
        "nothing happened on {day}: no tube was swabbed, moved, tested or reported. Days with events: {count}, the nearest {days}",
        "{day} 没有任何事件：无采样、转运、检测与报告。有事件的日期共 {count} 天，最近的为 {days}",
        "give --date one of them", "请用 --date 指定其中一天",
    ),
    "nightly_quiet_day": Message(
        "nothing happened on this day: no tube was swabbed, moved, tested or reported",
        "该日没有任何事件：无采样、转运、检测与报告",
    ),
    "nightly_no_people": Message(
        "no list of residents was given (--people): coverage, release, home_visits and city_clocks are empty",
        "未提供人员名册（--people）：表 `coverage`、`release`、`home_visits`、`city_clocks` 为空",
    ),
    "nightly_seats_differ": Message(
        "the table members has {members:,} rows, but pools tells of {people:,} people: they are not of one run",
        "表 `members` 有 {members:,} 行，表 `pools` 却记 {people:,} 人：两表不属同一次运行",
        "run the events again, or see with `poolpipe check` what of the store is damaged",
        "请重新运行事件文件，或用 `poolpipe check` 查看数据仓库何处损坏",
    ),
    "nightly_people_sealed": Message(
        "the store's key is not here, so its pseudonyms cannot be compared with the list of residents: coverage, release, "
        "home_visits and city_clocks are empty",
        "缺少数据仓库的密钥，假名无法与人员名册比对：表 `coverage`、`release`、`home_visits`、`city_clocks` 为空",
    ),
    "nightly_no_sites": Message(
        "no table of sites was given (--sites): no township, no community and no priority of sites, and idle points are "
        "not known",
        "未提供采样点表（--sites）：采样场所无乡镇、社区与优先级，且不知哪些采样点全天无人",
    ),
    "nightly_no_labs": Message(
        "no table of labs was given (--labs): no capacity, and no waiting tubes in the forecast",
        "未提供检测机构表（--labs）：无检测能力，预测中无待检管数",
    ),
    "nightly_no_controls": Message(
        "a result tells no readings of controls: lab_drift has no charts of Ct; give a store",
        "结果文件夹无质控扩增结果：表 `lab_drift` 无 Ct 控制图；请改用数据仓库",
    ),
    "nightly_no_devices": Message(
        "a result tells no devices: scan_errors are by site alone; give a store",
        "结果文件夹无设备信息：表 `scan_errors` 只按采样场所；请改用数据仓库"
    ),
    "nightly_no_kits": Message(
        "not all readings are kept, so the kit of negative plates is not known: positivity by kit is of no kit",
        "未保留全部扩增结果，阴性板的试剂未知：阳性率不分试剂",
    ),
    "nightly_counted_again": Message(
        "the day was counted before: counts by place are hidden, too, where they were, or changed by few since",
        "该日此前已统计：此前隐去的、以及此后变化很小的按地点计数同样隐去",
    ),
    "nightly_no_false_alarms": Message(
        "no tests of false alarms are kept: suspected_false_alarms is empty",
        "没有假阳性统计：表 `suspected_false_alarms` 为空",
    ),
    "nightly_unfinished_day": Message(
        "the tables end before the day does: the day is counted as far as it is known", "结果截止于当日结束之前：只统计到截止时刻"
    ),
    "nightly_other_policy": Message(
        "the tables were concluded by another policy than the one whose limits are counted here",
        "结果所依据的判读规则与此处统计所用的不同",
    ),
}  # fmt: skip
