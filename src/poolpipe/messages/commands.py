"""Messages of the commands' own options."""

from __future__ import annotations

from typing import Final

from poolpipe.messages.template import Message

__all__ = ["COMMANDS"]

COMMANDS: Final = {
    "people_and_tests": Message("--people and --tests go together", "--people 与 --tests 须同时给出"),
    "sizes_text": Message("{text!r} is not like 10 or 9,3,1", "{text!r} 的写法有误，请写作 10 或 9,3,1"),
    "no_out": Message("say where to write with --out, or --dry-run", "请用 --out 指定文件夹，或用 --dry-run"),
    "one_plate": Message("--plate names one file's plate: import the files one by one", "--plate 只用于单个文件，请逐个导入"),
    "target_text": Message("{text!r} is not NAME=TARGET", "{text!r} 的写法有误，请写作 名称=靶标"),
    "kind_of_file": Message("{kind!r} is none of {kinds}", "没有事件种类 {kind!r}，可选：{kinds}"),
    "rate_text": Message("{text!r} is not NAME=RATE", "{text!r} 的写法有误，请写作 名称=比例"),
    "no_trouble": Message("no trouble {name!r}; {hint}choose among {troubles}", "没有异常 {name!r}；{hint}可选：{troubles}"),
    "people_of_lists": Message(
        "--people is for lists (xlsx, csv-list), not for {form}",
        "--people 只用于名单（xlsx、csv-list），不用于 {form}",
    ),
    "both_of_lists": Message(
        "--language both is for lists (xlsx, csv-list), not for {form}",
        "中英对照只用于名单（xlsx、csv-list），不用于 {form}",
    ),
    "version_of_no_store": Message(
        "--at-version is for a store, and this is none", "--at-version 只用于数据仓库，而此处不是"
    ),
    "watch_of_store": Message(
        "--watch follows a store by its own policy: give a store, and neither --policy, --as-of nor --at-version",
        "--watch 按数据仓库自身的判读规则跟随它：请给出数据仓库，不要给 --policy、--as-of 或 --at-version",
    ),
    "kept_as_usual": Message(
        "a store keeps tables by its own policy, as of its latest event and without reference tables; for others give --out",
        "数据仓库只保存按其自身判读规则、截至最后一条事件、不用参考表得出的结果表；其他情况请用 --out",
    ),
    "nothing_accepted": Message(
        "files of which nothing was accepted ({count}): {files}; `poolpipe check FILE` shows how each is understood. Mended, or with "
        "--mapping, take them in again",
        "有 {count} 个文件的记录全部被拒收：{files}；请用 `poolpipe check 文件` 查看如何识别，改正文件或用 --mapping 后重新收入",
    ),
    "tables_kept": Message("the tables are in the store, at version {version}", "结果表已存入数据仓库，版本 {version}"),
    "tables_not_kept": Message(
        "what was taken in is safe, but its tables are not concluded: {why}; `poolpipe run STORE` does it",
        "数据已安全收入，但未能得出结果表：{why}；可用 `poolpipe run STORE` 补做",
    ),
    "nothing_to_trace": Message("give a --tube or a --person", "请用 --tube 或 --person 指定样本管或人员"),
    "nothing_piped": Message("{path}: nothing is piped in; give a file", "{path}：没有管道输入；请给出文件"),
}  # fmt: skip
