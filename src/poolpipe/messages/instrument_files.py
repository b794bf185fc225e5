"""Messages about a file of an instrument as a whole: its container, its format, and the facts an import needs."""

from __future__ import annotations

from typing import Final

from poolpipe.messages.template import Message

__all__ = ["INSTRUMENT_FILES"]

_COPY = ("copy it again", "请重新复制")
_COPY_FILE = ("copy the file again", "请重新复制该文件")
_COPY_OR_EXPORT = ("copy or export the file again", "请重新复制或导出该文件")
_EXPORT = ("export it again", "请重新导出")
_FILE_EACH = ("import them as a file each", "请拆分为单独的文件，逐个导入")
_ADVICE = (
    "docs/instruments/index.md lists the formats; a lab adds its own by a layout (docs/instruments/adding-a-machine.md)",
    "支持的格式见 docs/instruments/index.zh.md；自有格式可用版式文件添加（docs/instruments/adding-a-machine.zh.md）",
)
_LAYOUT = ("see docs/instruments/adding-a-machine.md", "见 docs/instruments/adding-a-machine.zh.md")

_CONTAINERS: Final = {
    "file_not_opened": Message(
        "cannot be read ({why})",
        "无法读取（{why}）",
        "name a file that is there and may be read",
        "请给出存在且可读的文件",
    ),
    "file_too_large": Message(
        "{size} bytes are more than {most}", "文件为 {size} 字节，超过 {most} 字节",
        "give the results in smaller files, or raise max_bytes in the import policy", "请分成较小的文件，或在导入设置中调高 max_bytes",
    ),
    "unpacks_too_large": Message(
        "unpacks to more than {most} bytes", "解压后超过 {most} 字节",
        "give the results in smaller files, or raise max_unpacked_bytes in the import policy",
        "请分成较小的文件，或在导入设置中调高 max_unpacked_bytes",
    ),
    "file_empty": Message("the file is empty", "文件为空", "copy or export it again", "请重新复制或导出"),
    "web_page": Message(
        "this is a web page, whatever its name says", "内容是网页",
        "save it as CSV or xlsx and import that", "请另存为 CSV 或 xlsx 后导入",
    ),
    "archive_encrypted": Message(
        "the archive is encrypted, as Bio-Rad's .pcrd and some .eds are", "压缩文件已加密（Bio-Rad 的 .pcrd 与部分 .eds 如此）",
        "in CFX Maestro choose Export > Export All Data Sheets (CSV) and import the 'Quantification Cq Results'; in Design & "
        "Analysis export the results as xlsx",
        "请在 CFX Maestro 中选 Export > Export All Data Sheets (CSV)，导入其中的 Quantification Cq Results；"
        "或在 Design & Analysis 中将结果导出为 xlsx",
    ),
    "archive_twice": Message("the archive holds {path} twice", "压缩文件内有重复的 {path}", "export the file again", "请重新导出该文件"),
    "archive_broken": Message("the archive is damaged ({why})", "压缩文件已损坏（{why}）", *_COPY_OR_EXPORT),
    "gzip_broken": Message("the gzip file is damaged ({why})", "gzip 文件已损坏（{why}）", *_COPY),
    "binary_content": Message(
        "binary content, no text and no known container", "二进制内容，既非文字也非已知格式",
        "export it as text or as a workbook", "请导出为文本或工作簿",
    ),
    "inside_character": Message("the file ends inside a character", "文件在一个字符中间结束", *_COPY),
    "not_encoded": Message(
        "not {encoding} text ({why})", "不是 {encoding} 编码的文本（{why}）",
        "name its encoding in the policy (encoding)", "请在判读规则中注明编码（encoding）",
    ),
    "sheet_too_large": Message(
        "{member} spans {size} cells, more than {most}", "工作表 {member} 有 {size} 格，超过 {most} 格",
        "export the results alone, as CSV", "请只将结果导出为 CSV",
    ),
    "xml_broken": Message("the XML cannot be read ({why})", "XML 无法读取（{why}）", *_EXPORT),
}  # fmt: skip

_FORMATS: Final = {
    "format_unknown": Message("no known layout fits the content", "没有适用的版式", *_ADVICE),
    "container_unknown": Message("no instrument file is known that is a {held}", "{held} 不是已知的仪器文件", *_ADVICE),
    "results_unread": Message(
        "results that no layout reads: columns {columns}", "含检测结果，但没有适用的版式：列 {columns}",
        "export the table of Ct values (Results), or describe the file by a layout (docs/instruments/adding-a-machine.md)",
        "请导出 Ct 值表（Results），或用版式文件说明（docs/instruments/adding-a-machine.zh.md）",
    ),
    "eds_of_analysis": Message(
        "an .eds of Design & Analysis 2", "Design & Analysis 2 的 .eds 文件",
        "export the results as xlsx or csv and import that", "请将结果导出为 xlsx 或 csv 后导入",
    ),
    "pcrd": Message(
        "a Bio-Rad .pcrd", "Bio-Rad 的 .pcrd 文件",
        "in CFX Maestro: Export > Export All Data Sheets, import 'Quantification Cq Results'",
        "请在 CFX Maestro 中选 Export > Export All Data Sheets，导入其中的 Quantification Cq Results",
    ),
    "two_maps": Message(
        "a drawn plate on the sheet {drawn!r} and a list on {listed!r}: two maps in one file",
        "同一文件有两份板布局：工作表 {drawn!r} 为图形，{listed!r} 为列表",
        *_FILE_EACH,
    ),
    "eds_not_analysed": Message(
        "the .eds holds no analysis_result.txt: the run was not analysed", ".eds 中没有 analysis_result.txt，该次运行尚未分析",
        "analyse and save it in the instrument's software, or export the results as text", "请在仪器软件中分析并保存，或将结果导出为文本",
    ),
    "eds_without_ct": Message(
        "analysis_result.txt has no table of Ct values", "analysis_result.txt 中没有 Ct 值表",
        "analyse it again", "请重新分析",
    ),
    "wells_all_omitted": Message(
        "the operator omitted every well (omitted_wells decides: leave_out, keep)",
        "操作者排除了全部孔（由 omitted_wells 决定：leave_out、keep）",
        "look at the run's set-up", "请检查该次运行的设置",
    ),
    "rdml_several": Message(
        "the archive holds {count} RDML files: which one counts?",
        "压缩文件内有 {count} 个 RDML 文件，无法确定以哪个为准",
        *_FILE_EACH,
    ),
    "rdml_empty": Message("the RDML file holds no reaction with data", "RDML 文件中没有带数据的反应", *_EXPORT),
    "rdml_without_cq": Message(
        "no reaction has a Cq: the run was not analysed", "没有 Cq，该次运行尚未分析",
        "analyse it and export it again", "请分析后重新导出",
    ),
    "rdml_plates": Message(
        "{who} {target} in {well} and differ: several plates in one file", "{well} 的 {target} 有不同结果（{who}）：一个文件内有多块板",
        "export one plate a file, or set runs = run_is_plate where run ids are barcodes",
        "请每板导出一个文件；若 run 编号即板条码，请设 runs = run_is_plate",
    ),
    "no_layouts": Message(
        "no such folder of layouts", "没有这个版式文件夹",
        "name the folder that holds the layouts' .toml files", "请给出存放版式 .toml 文件的文件夹",
    ),
    "layout_unreadable": Message("{why}", "版式文件无法读取：{why}", *_LAYOUT),
    "layout_broken": Message("{rules}", "", *_LAYOUT),
    "layout_roles": Message("unknown roles {unknown}; known are {known}", "没有列用途 {unknown}，可用：{known}"),
    "layout_keys": Message("unknown keys {unknown}; known are {known}", "没有键 {unknown}，可用：{known}"),
    "layout_required": Message("required: {roles!r} has no names under [columns]", "required 中的 {roles!r} 在 [columns] 中没有列名"),
    "layout_target": Message("{pattern!r} has no group (?P<target>...)", "{pattern!r} 缺少 (?P<target>...) 组"),
}  # fmt: skip

_FACTS: Final = {
    "facts_missing": Message(
        "{problems}", "缺少板号、时间等信息：{problems}",
        "give --plate, --at or --date-order", "请给出 --plate、--at 或 --date-order",
    ),
    "import_then_run": Message(
        "poolpipe import {file} {options} --lab LAB --out FOLDER, then run FOLDER",
        "请先 poolpipe import {file} {options} --lab 机构 --out 文件夹，再 run 该文件夹",
    ),
    "plate_differs": Message(
        "the file says plate {written!r}, the import says {given!r}", "文件中的板号为 {written!r}，--plate 为 {given!r}",
        "leave --plate out, or import the file that belongs to that plate", "请去掉 --plate，或导入该板的文件",
    ),
    "no_stamping": Message(
        "no stamping table ({why})", "不是合板表（{why}）",
        "columns source_plate, quadrant, plate", "须有 source_plate、quadrant、plate 三列",
    ),
    "stamped_twice": Message("plate {plate} is stamped twice", "检测板 {plate} 在合板表中重复", "leave one of the lines out", "请删去一行"),
    "quadrants": Message(
        "quadrants {quadrants} must be different and from 1 to 4", "象限 {quadrants} 须各不相同，为 1 至 4",
        "correct the stamping", "请更正合板表",
    ),
    "no_loads_of": Message(
        "no loads of {plates}", "没有 {plates} 的上机记录",
        "import the maps of all four plates together", "请将四块板的布局一起导入",
    ),
}  # fmt: skip

INSTRUMENT_FILES: Final = {**_CONTAINERS, **_FORMATS, **_FACTS}
