"""Why a file or folder is not read, and warnings of what that, or an odd table, means for a result."""

from __future__ import annotations

from typing import Final

from poolpipe.messages.template import Message

__all__ = ["LEFT_OUT"]

_UNPACK: Final = ("unpack it and give what is in it", "请解压后再提供")
_EXPORT: Final = ("export its table as CSV, NDJSON or Parquet", "请导出为 CSV、NDJSON 或 Parquet")

_PATHS: Final = {
    "hidden": Message(
        "hidden, so not read: give it by its own path, or rename it", "隐藏的文件或文件夹未读取：请单独指定或改名",
    ),
    "left_behind": Message(
        "what another run is preparing, or left when it died: the next run into that folder removes it",
        "其他运行的临时文件夹，下次写入该文件夹时清除",
    ),
    "link_loop": Message(
        "a link that leads back to a folder it lies in: what is there is read once", "指回上级文件夹的链接，未重复读取",
    ),
    "link_again": Message("a link to a folder that is read under its own name", "链接所指文件夹已按原名读取"),
    "link_dangling": Message("a link to nothing: mend it, or give the file itself", "链接指向的文件不存在，请修复链接或直接给出该文件"),
    "vanished": Message("it vanished while the folder was being read: run again", "读取期间消失，请重新运行"),
    "pipe_no_file": Message("a pipe, not a file: write what comes through it to a file", "管道而非文件：请先存为文件"),
    "socket_no_file": Message("a socket, not a file", "套接字而非文件"),
    "device_no_file": Message("a device, not a file", "设备而非文件"),
    "file_grew": Message(
        "the file grew from {before} to {now} bytes while it was read: what was there was read; run again when the file is complete",
        "读取期间文件由 {before} 字节增至 {now} 字节，已读取当时的内容，请待文件写完后重新运行",
    ),
    "file_shrank": Message(
        "the file shrank from {before} to {now} bytes while it was read: what was there was read; run again when the file is complete",
        "读取期间文件由 {before} 字节减至 {now} 字节，已读取当时的内容，请待文件写完后重新运行",
    ),
    "file_touched": Message(
        "the file was written to while it was read: what was there was read; run again when the file is complete",
        "读取期间文件有写入，已读取当时的内容，请待文件写完后重新运行",
    ),
}  # fmt: skip

_FILES: Final = {
    "part_of_result": Message(
        "part of the result in this folder, as its summary.json says: no scans",
        "本文件夹内已有的结果文件（见 summary.json），非扫码事件",
    ),
    "part_of_store": Message(
        "part of a store: what it holds is read by `poolpipe run STORE`, or poolpipe.store.Store in Python",
        "数据仓库中的文件：请用 `poolpipe run STORE` 读取，Python 中用 poolpipe.store.Store",
    ),
    "table_of_results": Message(
        "a table of results ({table}), not events: give the scans themselves", "结果表（{table}）而非扫码事件，请给出扫码事件",
    ),
    "no_event_file": Message("not an event file by its name or its first line", "按名称与首行均非事件文件"),
    "events_by_content": Message(
        "events by what it holds, but its name does not end like an event file's: rename it (.csv, .ndjson, .parquet, .arrow), "
        "or give it by its own path",
        "内容为事件，但扩展名不是事件文件：请改名（.csv、.ndjson、.parquet、.arrow），或单独指定",
    ),
    "file_hollow": Message("empty", "空文件"),
    "same_file": Message("the same file as another, which is read", "与另一文件相同，已读取一次"),
    "people_given": Message("the table of people that was given as such", "已作为人员表提供"),
    "sites_given": Message("the table of sites that was given as such", "已作为采样点表提供"),
    "labs_given": Message("the table of laboratories that was given as such", "已作为检测机构表提供"),
    "other_unreadable": Message(
        "not an event file by its name, and cannot be read: {why}", "按名称非事件文件，且无法读取：{why}",
    ),
    "other_packed": Message(
        "not an event file by its name, and cannot be unpacked: {why}", "按名称非事件文件，且无法解压：{why}",
    ),
    "left_aside": Message("; left aside: {files}", "；未采用：{files}"),
    "more_left_aside": Message("and {count} more", "另有 {count} 个"),
}  # fmt: skip

_FORMATS: Final = {
    "workbook_misnamed": Message(
        "a workbook whose name does not end like one's: call it .xlsx or .xls, or: save each sheet as CSV (UTF-8) and give that",
        "工作簿的扩展名不符：请改为 .xlsx 或 .xls，或另存为 CSV（UTF-8）后再提供",
    ),
    "workbook_of_2003": Message(
        "a spreadsheet in XML (2003): open it in Excel or WPS and save it as .xlsx",
        "XML 表格（2003）：请用 Excel 或 WPS 打开后另存为 .xlsx",
    ),
    "zip_archive": Message(f"a zip archive: {_UNPACK[0]}", f"zip 压缩包：{_UNPACK[1]}"),
    "foreign_packed": Message(f"compressed with {{what}}: {_UNPACK[0]}", f"以 {{what}} 压缩：{_UNPACK[1]}"),
    "packed_two_times": Message(f"compressed twice: {_UNPACK[0]}", f"经两次压缩：{_UNPACK[1]}"),
    "foreign_archive": Message(f"a {{what}} archive: {_UNPACK[0]}", f"{{what}} 压缩包：{_UNPACK[1]}"),
    "foreign_database": Message(f"a {{what}} database: {_EXPORT[0]}", f"{{what}} 数据库：{_EXPORT[1]}"),
    "foreign_file": Message(f"a file of {{what}}: {_EXPORT[0]}", f"{{what}} 文件：{_EXPORT[1]}"),
    "parquet_encrypted": Message(f"an encrypted Parquet file: {_EXPORT[0]}", f"加密的 Parquet 文件：{_EXPORT[1]}"),
    "feather_first": Message(f"a Feather file of the first version: {_EXPORT[0]}", f"第一版 Feather 文件：{_EXPORT[1]}"),
    "pdf": Message(f"a PDF: {_EXPORT[0]}", f"PDF 文件：{_EXPORT[1]}"),
    "picture": Message("a picture", "图片"),
}  # fmt: skip

_WARNINGS: Final = {
    "all_rejected": Message(
        "{file}: all its {records} rejected, nothing of the file counts; see the rejected records and the columns not used",
        "{file}：全部 {records}被拒收，该文件未起任何作用：请看拒收记录与未采用的列",
    ),
    "file_lost": Message("{file}: not read, nothing of it counts: {why}", "{file}：该文件未读取，未起任何作用：{why}"),
    "more_lost": Message("nothing counts of {count} more files, see Not used", "另有 {count} 个文件未起作用，见“未采用”"),
    "capacity_unusable": Message(
        "labs.capacity_per_day: {count} no number above nothing: those labs' load is told without it; write tubes per day",
        "`labs.capacity_per_day`：检测能力不是正数 {count} 处，检测机构负荷不计检测能力，请填每日管数",
    ),
    "codes_not_used": Message("{column}: {count} not used: {why}", "`{column}`：未采用 {count} 行：{why}"),
    "priority_unknown": Message(
        "sites.priority: {count} neither yes nor no ({words}): no priority is given; write 1 or 0",
        "`sites.priority`：无法识别的优先级 {count} 处（{words}），未按重点采样点处理，请填 1 或 0",
    ),
    "nothing_yet": Message(
        "as_of {moment} lies before the first event, {first}: nothing has happened yet; name a later moment",
        "截至时刻 {moment} 早于最早事件 {first}，尚无任何结果，请指定更晚的时刻",
    ),
    "few_set_the_time": Message(
        "as_of {moment} is set by {events}, {days} days after all others, the last of which is of {last}: correct the date, or "
        "name the moment with --as-of",
        "截至时刻 {moment} 由 {events}决定，比其余事件（最晚 {last}）晚 {days} 天，请更正日期或用 --as-of 指定",
    ),
    "unregistered": Message(
        "{told} whose people are unknown: nobody is re-collected for them; find the site's list, or the misread code "
        "(anomaly orphan_tube)",
        "{told}无人登记，无法复采：请向采样点索取名单，或核对管码（`orphan_tube`）",
    ),
    "refused_of_grave": Message(
        "{count} refused registrations name positive or suspect tubes, {tubes}: their people are on no list; mend them as the "
        "rejected records say and run again",
        "被拒收的采样记录中有 {count} 条属于阳性或可疑管 {tubes}，其人员不在复采名单上：请按拒收记录更正后重新运行",
    ),
    "refused_results": Message(
        "{count} reports are refused because the words of their results are not known: their tubes are without them, and a positive "
        "may be among them; say in a mapping what the words mean, and run again",
        "有 {count} 条检测报告因结果用词不识别被拒收，相应样本管没有该结果，其中可能有阳性：请在列对应文件中说明其含义后重新运行",
    ),
    "code_not_kept": Message(
        "compiled code cannot be kept, every start compiles {kernels} kernels anew, about {seconds} s; set NUMBA_CACHE_DIR to a "
        "folder that you alone may write to",
        "编译结果无处保存，每次启动都须重新编译 {kernels} 个内核，约 {seconds} 秒；请将 NUMBA_CACHE_DIR 设为仅您可写的文件夹",
    ),
}  # fmt: skip

LEFT_OUT: Final = {**_PATHS, **_FILES, **_FORMATS, **_WARNINGS}
