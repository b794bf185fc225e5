"""Messages about a store: its folder, its ledger, its files and its keys."""

from __future__ import annotations

from typing import Final

from poolpipe.messages.template import Message

__all__ = ["STORES"]

_CHECK = (
    "`poolpipe check` names every damaged file; `poolpipe repair STORE INPUT…` takes what it held in again, from what was ingested",
    "`poolpipe check` 会列出所有损坏的文件；请用 `poolpipe repair STORE INPUT…` 由当初收入的文件重新收入，或从备份恢复",
)
_KEY = (
    "give the store's own key with --key or POOLPIPE_KEY_FILE",
    "请用 --key 或 POOLPIPE_KEY_FILE 指定该数据仓库的密钥",
)

STORES: Final = {
    "no_store": Message(
        "is no store", "不是数据仓库", "make one with `poolpipe ingest STORE INPUT…`", "请用 `poolpipe ingest STORE INPUT…` 建立"
    ),
    "store_as_files": Message(
        "is a store, not a folder of event files", "是数据仓库，而非事件文件夹",
        "use poolpipe.Store(path).run(), or `poolpipe run STORE` by itself",
        "请用 `poolpipe.Store(path).run()`，或单独执行 `poolpipe run STORE`",
    ),
    "store_not_empty": Message(
        "holds {name} and is no store; nothing is written beside it", "其中已有 {name}，且不是数据仓库，不予写入",
        "give a new or an empty folder", "请给出新文件夹或空文件夹",
    ),
    "store_not_made": Message(
        "no store can be made here: {why}", "无法在此建立数据仓库：{why}", "give another folder", "请另选文件夹"
    ),
    "store_in_use": Message(
        "another process is writing into it", "另一进程正在写入",
        "wait until it is done; a running `poolpipe serve` holds it until it is ended, and `poolpipe run STORE --out DIR` reads meanwhile",
        "请等待其完成；若 `poolpipe serve` 正在运行，须先结束它，其间可用 `poolpipe run STORE --out DIR` 读取",
    ),
    "store_without_key": Message(
        "what is written into it is sealed, and the key is not here", "写入的数据须加密，但未找到密钥",
        "give it with --key or POOLPIPE_KEY_FILE, or put it at {file}",
        "请用 --key 或 POOLPIPE_KEY_FILE 指定密钥，或放到 {file}",
    ),
    "people_without_key": Message(
        "people are sealed, and the key is not here", "人员信息已加密，但未找到密钥",
        "give it with --key or POOLPIPE_KEY_FILE, or put it at {file}",
        "请用 --key 或 POOLPIPE_KEY_FILE 指定密钥，或放到 {file}",
    ),
    "key_file_exists": Message(
        "there is a key already; no key is written over", "密钥文件已存在，不予覆盖",
        "it may be the only key of a store: keep it, and name another file", "它可能是某个数据仓库唯一的密钥：请保留，并另选文件名",
    ),
    "key_file_failed": Message("the key cannot be read or written: {why}", "无法读写密钥：{why}", *_KEY),
    "no_key_in_file": Message("holds no key of a store", "不是数据仓库的密钥文件", *_KEY),
    "key_does_not_fit": Message("is the key of another store", "是另一数据仓库的密钥", *_KEY),
    "sealed_by_another": Message("sealed by another key", "由另一密钥加密"),
    "pseudonym_of_another_key": Message("a pseudonym was made by another key", "假名由另一密钥生成", *_KEY),
    "no_such_version": Message(
        "there is no version {version}", "没有版本 {version}", "versions {first} to {last} are kept", "现存版本为 {first} 至 {last}"
    ),
    "no_versions": Message("a result has no versions", "结果文件夹没有版本", "leave the version out", "请去掉版本"),
    "not_concluded": Message(
        "no tables are kept of version {version}", "版本 {version} 尚未得出结论",
        "`poolpipe run STORE` concludes and keeps them", "请用 `poolpipe run STORE` 得出并保存各结果表",
    ),
    "concluded_before": Message(
        "no tables are kept of version {version}; the newest that are kept are of version {newest}",
        "版本 {version} 尚未得出结论；现存最新的结果表属于版本 {newest}",
        "`poolpipe run STORE` concludes and keeps them; or ask for version {newest}",
        "请用 `poolpipe run STORE` 得出并保存各结果表，或查看版本 {newest}",
    ),
    "not_concluded_now": Message(
        "no tables are kept of version {version}, and another process writes into it", "版本 {version} 尚未得出结论，且另一进程正在写入",
        "while `poolpipe serve` runs, ask it for `/tables/NAME`; `poolpipe run STORE --out DIR` writes them elsewhere; "
        "when it has ended, `poolpipe run STORE` keeps them",
        "`poolpipe serve` 运行期间请向它读取 `/tables/表名`，或用 `poolpipe run STORE --out DIR` 另存；"
        "它结束后用 `poolpipe run STORE` 保存",
    ),
    "concluded_before_now": Message(
        "no tables are kept of version {version}, and another process writes into it; the newest that are kept are of version {newest}",
        "版本 {version} 尚未得出结论，且另一进程正在写入；现存最新的结果表属于版本 {newest}",
        "while `poolpipe serve` runs, ask it for `/tables/NAME`, or ask for version {newest}; when it has ended, "
        "`poolpipe run STORE` keeps them",
        "`poolpipe serve` 运行期间请向它读取 `/tables/表名`，或查看版本 {newest}；它结束后用 `poolpipe run STORE` 保存",
    ),
    "ledger_unreadable": Message("the ledger cannot be opened: {why}", "无法打开账本：{why}",
        "bring ledger.sqlite back from a copy of the store", "请从备份恢复 ledger.sqlite"),
    "ledger_page_damaged": Message("the page at byte {place} is not as it was written", "第 {place} 字节处的页与写入时不同"),
    "ledger_mixed": Message("version {version} is not as it was committed: two states of the file are mixed",
        "版本 {version} 与提交时不同：文件混有两个时刻的内容"),
    "ledger_of_newer": Message(
        "was written by a newer poolpipe (format {format}, this one knows {known})", "由较新版本写出（格式 {format}，本版支持 {known}）",
        "install the newer version", "请安装较新版本",
    ),
    "ledger_refused": Message(
        "the ledger did not take it, nothing has changed: {why}", "账本未能写入，数据未变：{why}",
        "make room on the disk, or give it back its right to be written; then do the same again",
        "请腾出磁盘空间或恢复写权限，然后重做",
    ),
    "part_not_written": Message(
        "cannot be written, nothing was taken in: {why}", "无法写入，未接收任何数据：{why}", "make room, then ingest the same again",
        "请腾出空间后重新接收",
    ),
    "delta_log_behind": Message(
        "what was to be done is done, but the Delta log beside the tables could not be written: {why}",
        "操作已完成，但表旁的 Delta 日志未能写入：{why}",
        "make room; the next command that writes brings it in step", "请腾出空间；下一条写入命令会补齐",
    ),
    "part_unreadable": Message("cannot be read: {why}", "无法读取：{why}",
        "give the right to read it, or close other files; then do the same again", "请赋予读取权限或关闭其他文件，然后重做"),
    "part_damaged": Message("is damaged: {why}", "已损坏：{why}", *_CHECK),
    "store_has_policy": Message(
        "a store keeps the policy with which it was made", "数据仓库沿用建立时的判读规则",
        "leave it out; to conclude under another, `poolpipe run STORE --policy …`",
        "请去掉该选项；如需按其他规则判读，请用 `poolpipe run STORE --policy …`",
    ),
    "store_made": Message(
        "{store} is a new store; its key is {key}: keep a copy elsewhere, without it nobody can read names and numbers",
        "已新建数据仓库 {store}，密钥为 {key}：请另存副本，没有它无法读出姓名与号码",
    ),
    "store_without_tables": Message(
        "its tables are not there now: `poolpipe run {store}` concludes them again",
        "结果表已不在其中：请用 `poolpipe run {store}` 重新得出",
    ),
    "store_to_repair": Message(
        "`poolpipe repair {store} INPUT…` takes in again what damaged files held; give as INPUT what was ingested, its whole folder",
        "请用 `poolpipe repair {store} INPUT…` 重新收入损坏文件中的记录，INPUT 为当初收入的文件或其整个文件夹",
    ),
    "store_from_copy": Message(
        "the ledger comes back from a copy of {store} only; where there is none, ingest what was ingested into a new store",
        "账本只能由 {store} 的备份恢复；没有备份时，请将当初收入的文件收入新仓库",
    ),
    "store_compacted": Message(
        "{joined} files were joined, {versions} versions forgotten, {removed} files removed",
        "合并 {joined} 个文件，清除 {versions} 个版本，删除 {removed} 个文件",
    ),
    "not_recovered": Message(
        "{count} of {of} lost records are not in the files that were given; nothing has changed. They came from: {files}",
        "丢失的 {of} 条记录中有 {count} 条不在所给文件中，数据未变。它们来自：{files}",
        "give those files as they were ingested, or give the records up with `poolpipe repair --accept-loss`",
        "请给出当初收入的这些文件，或用 `poolpipe repair --accept-loss` 放弃这些记录",
    ),
    "store_repaired": Message(
        "{recovered} of {lost} records of {files} damaged files are there again; {forgotten} older versions cannot be read any more",
        "损坏文件 {files} 个，其中 {lost} 条记录已恢复 {recovered} 条；{forgotten} 个旧版本无法再读取",
    ),
    "store_withdrawn": Message(
        "{withdrawn} old events and refused records were withdrawn; versions before this one have them until they are forgotten",
        "撤出旧事件与拒收记录 {withdrawn} 条；此前的版本在清除之前仍含这些记录",
    ),
    "store_erased": Message("erased from {files} files", "已从 {files} 个文件中删除"),
    "store_without_person": Message(
        "no file of the store names this person; a document other than a resident ID is written with its type, PASSPORT:E1234567",
        "仓库中没有此人；居民身份证以外的证件请写明类型，如 PASSPORT:E1234567",
    ),
    "no_document": Message(
        "this is no number of a document", "不是证件号", "give a document number, or type:number such as PASSPORT:E1234567",
        "请给出证件号，或写作 类型:号码，如 PASSPORT:E1234567",
    ),
    "store_key_changed": Message(
        "the new key is {key}; the old one has the ending .old, and opens copies made before",
        "新密钥为 {key}；旧密钥改名为 .old，可用于打开此前的备份",
    ),
    "store_option": Message(
        "{option} is for files, and this is a store", "{option} 仅用于文件，而此处为数据仓库",
        "leave it out", "请去掉该选项",
    ),
    "store_gone": Message(
        "the store is not there any more, or another is in its place",
        "数据仓库已不在此处，或已被另一个取代",
        "begin to follow it again when it is there",
        "请待其恢复后重新跟随",
    ),
    "store_file_missing": Message("is not there: {why}", "文件不存在：{why}"),
    "store_file_damaged": Message("its content is not the one that was written", "内容与写入时不同"),
    "store_rows_differ": Message("should have {rows} rows", "应有 {rows} 行"),
    "store_log_damaged": Message(
        "is not as it was written; the next command that writes makes it anew", "内容与写入时不同；下一次写入命令将重建"
    ),
    "store_event_twice": Message("holds {count} events that are in the store already", "有 {count} 条事件在仓库中重复"),
    "store_input_unbalanced": Message(
        "read is not accepted, duplicates and rejected together", "读取数不等于接收、重复与拒收之和"
    ),
    "store_counts_differ": Message("{count} {what} in the ledger, {held} in the files", "账本记 {what} {count}，文件中有 {held}"),
}  # fmt: skip
