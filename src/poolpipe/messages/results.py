"""Messages about the folder of a result: one that cannot be written, and one that cannot be read."""

from __future__ import annotations

from typing import Final

from poolpipe.messages.template import Message

__all__ = ["RESULTS"]

_OTHER_OUT = ("name another folder with --out", "请用 --out 指定其他文件夹")
_RUN_AGAIN = (
    "run the events again with `poolpipe run --out` and this folder, or give another result",
    "请对该文件夹重新执行 `poolpipe run --out`，或给出其他结果",
)

RESULTS: Final = {
    "out_is_file": Message("{name} is a file, not a folder", "{name} 是文件而非文件夹", *_OTHER_OUT),
    "out_is_address": Message(
        "is an address, and a result is written into a folder of this machine", "是网络地址，而结果只写入本机文件夹",
        "give a folder, a mounted one say, and copy the result from there", "请给出文件夹（可为挂载的），再从那里复制结果",
    ),
    "out_not_writable": Message("you may not write there", "无写入权限", *_OTHER_OUT),
    "out_in_use": Message(
        "another run is writing into it", "另一次运行正在写入该文件夹",
        "wait until it is done, or choose another --out", "请等待其完成，或另选 --out",
    ),
    "out_failed": Message(
        "cannot be written: {why}", "无法写入：{why}",
        "choose another --out, or make room; what stands there is whole: the result before, or the new one",
        "请另选 --out 或腾出空间；原处的结果仍然完整",
    ),
    "out_holds_others": Message(
        "there is a {name} that poolpipe has not written; nothing is written over it", "其中的 {name} 不是 poolpipe 写出的，不予覆盖",
        "move it away, or choose another --out", "请移走该文件，或另选 --out",
    ),
    "no_result": Message("is no folder that poolpipe has written: {why}", "不是 poolpipe 写出的结果文件夹：{why}", *_RUN_AGAIN),
    "torn_result": Message(
        "{name} is not the table that {summary} speaks of: {why}; tables and summary of two runs are no result",
        "{name} 不是 {summary} 所述的表：{why}；两次运行的表与汇总不成结果", *_RUN_AGAIN,
    ),
    "no_such_table": Message("there is no table {name!r}", "没有表 {name!r}", "the tables are {tables}", "可用的表：{tables}"),
    "table_misspelt": Message("there is no table {name!r}", "没有表 {name!r}", "did you mean {near!r}?", "是否为 {near!r}"),
    "table_not_held": Message(
        "holds no table {name}: it was written before there was one", "没有表 {name}，写出该结果的版本尚无此表",
        "run the events again", "请重新运行事件文件",
    ),
    "table_without_people": Message(
        "the table {name} names no person", "表 {name} 中没有人员",
        "leave --people out, or show members, recalls or cases", "请去掉 --people，或查看 members、recalls、cases",
    ),
    "no_column_shown": Message(
        "there is no column {name!r}", "没有列 {name}",
        "{hint}there are {columns}; names, telephones and communities come with --people",
        "{hint}可用的列：{columns}；姓名、电话、社区等列须给出 --people",
    ),
    "sql_refused": Message("{why}", "查询无法执行：{why}", "{hint}the tables are {tables}", "{hint}可用的表：{tables}"),
    "sql_kind": Message(
        "the answer has a column of a kind that cannot be shown: {why}", "查询结果中有无法显示的类型：{why}",
        "cast it: `column::varchar`", "请转换类型：`列名::varchar`",
    ),
    "sql_at": Message('the column at is written "at"', '列名 at 须写作 "at"'),
    "sql_no_text": Message("a query is no {type}", "查询须为文本，不能是 {type}", "write one SELECT as a text", "请以文本写一条 SELECT"),
    "sql_not_one": Message("this is not one question", "不是单个查询", "write one SELECT, and nothing else", "请只写一条 SELECT"),
    "no_events_held": Message("holds tables and no events", "只有结果表，没有事件", "run the events again", "请重新运行事件文件"),
    "tube_not_collected": Message(
        "nobody was collected into a tube {tube!r}", "样本管 {tube} 无人登记",
        "{hint}give the code of a tube of the table pools", "{hint}请给出结果表 pools 中的样本管条码",
    ),
    "person_not_collected": Message(
        "nobody of the number {person} is in a tube", "没有样本管登记有证件号 {person}",
        "give the number as it was scanned, or type:number", "请给出扫码时的证件号，或写作 类型:号码",
    ),
    "index_damaged": Message(
        "is not what was written: the index of traces is made anew", "内容与写入时不同，重新建立追踪索引",
    ),
    "index_not_kept": Message(
        "the index of traces cannot be kept, it is made anew each time ({why})", "追踪索引无法保存，每次重新建立（{why}）",
        "make room, or let poolpipe write into the folder", "请腾出空间，或允许写入该文件夹",
    ),
    "other_policy": Message(
        "the result was concluded under policy {name} ({version}), and this is {given} ({given_version})",
        "结果所用的判读规则为 {name}（{version}），现为 {given}（{given_version}）",
        "give the policy of the run, so that wells and codes are read alike",
        "请用 --policy 指定运行时的判读规则",
    ),
}  # fmt: skip
