"""Chinese for the messages a clerk may meet."""

from __future__ import annotations

from typing import Final

__all__ = ["PHRASES", "in_both_languages"]

PHRASES: Final[dict[str, str]] = {
    "there is no event file": "没有事件文件",
    "no such file": "没有这个文件或文件夹",
    "may not be read": "无读取权限",
    "Permission denied": "无权限",
    "No space left on device": "磁盘空间不足",
    "is no folder that poolpipe has written": "不是 poolpipe 写出的结果文件夹",
    "is not the table that": "结果表与 summary.json 不属于同一次运行",
    "another run is writing into it": "另一次运行正在写入该文件夹",
    "that poolpipe has not written": "同名文件不是 poolpipe 写出的，不予覆盖",
    "holds no table": "写出该结果的版本尚无此表",
    "holds tables and no events": "只有结果表，没有事件",
    "cannot be written": "无法写入",
    "cannot be read": "无法读取",
    "no such table": "没有这张表",
    "no such kind of event": "没有这种事件",
    "there is no such policy": "没有这个策略",
    "no such setting any more": "该项设置已取消",
    "no such setting": "没有这项设置",
    "no setting is a yes or no": "设置不能填是或否",
    "is no regular expression": "不是可用的正则表达式",
    "is unknown": "无法识别",
    "is missing": "缺少该列",
    "is not a time": "不是有效的时间",
    "should be": "数值不符合要求",
    "not permitted": "含有不认识的设置",
}
"""Part of an English message to its meaning in Chinese; the first that fits is given."""


def in_both_languages(message: str) -> str:
    """Add the Chinese to an English message that is known and has none yet."""
    if not message.isascii() and any("\u4e00" <= character <= "\u9fff" for character in message):
        return message
    return next((f"{message} {chinese}" for phrase, chinese in PHRASES.items() if phrase in message), message)
