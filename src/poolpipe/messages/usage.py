"""Chinese for classes of usage errors; the English is click's own."""

from __future__ import annotations

from typing import Final

from poolpipe.messages.template import Message

__all__ = ["USAGE"]

USAGE: Final = {
    "language_unknown": Message("{given!r} is none of {choices}", "没有这种语言 {given}，可用 {choices}"),
    "usage": Message("wrong usage", "命令用法有误，说明见 --help"),
    "usage_missing": Message("missing {name}", "缺少必填的 {name}，说明见 --help"),
    "usage_value": Message("invalid value of {name}", "{name} 的值不可用，可用的值见 --help"),
    "usage_option": Message("no such option {name}", "没有选项 {name}，全部选项见 --help"),
    "usage_command": Message("no such command {name}", "没有命令 {name}，全部命令见 --help"),
    "usage_option_value": Message("option {name} needs a value", "选项 {name} 须有一个值，或不能有值，说明见 --help"),
    "usage_argument": Message("wrong number of values", "参数个数有误，说明见 --help"),
    "usage_extra": Message("unexpected arguments", "多余的参数，含空格的路径请加引号，说明见 --help"),
}  # fmt: skip
