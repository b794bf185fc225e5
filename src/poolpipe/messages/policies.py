"""Messages about a policy: its file, and a table of settings with broken rules."""

from __future__ import annotations

from typing import Final

from poolpipe.messages.template import Message

__all__ = ["POLICIES"]

_SETTINGS = ("see docs/policy.md for every setting", "各项设置见 docs/policy.zh.md")

POLICIES: Final = {
    "no_policy": Message(
        "there is no such policy", "没有这个判读规则",
        "{nearest}give a TOML file or one of the presets {presets}", "{nearest}请给出 TOML 文件或预设名 {presets}",
    ),
    "policy_unreadable": Message(
        "cannot be read: {why}", "判读规则文件无法读取：{why}",
        "write it as TOML in UTF-8, see docs/policy.md", "请以 UTF-8 编码的 TOML 书写，见 docs/policy.zh.md",
    ),
    "policy_base": Message("base: {base} is unknown; {hint}give one of {presets}", "base 指定的预设 {base} 不存在；{hint}可选：{presets}"),
    "no_policy_type": Message(
        "{given} is no policy", "{given} 不是判读规则",
        "give a preset, the path of a TOML file, a mapping, or a Policy", "请给出预设名、TOML 文件、设置或 Policy",
    ),
    "settings_broken": Message("{rules}", "", "its settings are {settings}", "可用的设置：{settings}"),
    "assay_broken": Message("{rules}", "", "the fields of an assay are {settings}", "检测参数有：{settings}"),
    "policy_broken": Message("{rules}", "", *_SETTINGS),
    "import_broken": Message("{rules}", "", "see docs/instruments/index.md for every setting", "各项设置见 docs/instruments/index.zh.md"),
    "import_no_table": Message("import is no table of settings", "import 不是设置表", "begin it with [import]", "请以 [import] 开头"),
    "mapping_unreadable": Message(
        "the mapping cannot be read: {why}", "列对应文件无法读取：{why}",
        "write it as poolpipe check FILE --mapping columns.toml does", "请参照 poolpipe check 文件 --mapping columns.toml 生成的文件",
    ),
    "mapping_broken": Message("{rules}", "", "see docs/tables.md for columns and kinds", "列与事件种类见 docs/tables.zh.md"),
    "mapping_column": Message(
        "'{header}' cannot be '{column}': {hint}there is no such column",
        "'{header}' 不能对应 '{column}'：{hint}没有这一列",
    ),
    "mapping_kind": Message("there is no kind of event '{kind}'; {hint}one of {choices}", "没有事件种类 '{kind}'；{hint}可选：{choices}"),
}  # fmt: skip
