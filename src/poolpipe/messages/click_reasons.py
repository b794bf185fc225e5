"""What click says about a wrong command line (click 8.1 to 8.5), and the same in Chinese."""

from __future__ import annotations

from typing import Final

__all__ = ["CLICK_REASONS"]

CLICK_REASONS: Final[tuple[tuple[str, str], ...]] = (
    ("Invalid value for {hint}: {reason}", "{hint} 的值不可用：{reason}"),
    ("Invalid value: {reason}", "取值有误：{reason}"),
    ("{value} is not a valid integer range.", "{value} 不是整数"),
    ("{value} is not a valid float range.", "{value} 不是数字"),
    ("{value} is not a valid integer.", "{value} 不是整数"),
    ("{value} is not a valid float.", "{value} 不是数字"),
    ("{value} is not in the range {range}.", "{value} 不在范围 {range} 之内"),
    ("{value} is not one of {choices}.", "{value} 不是可选的值，可选：{choices}"),
    ("{value} is not {choice}.", "{value} 不是可选的值，只可为 {choice}"),
    ("File {name} does not exist.", "文件 {name} 不存在"),
    ("Directory {name} does not exist.", "文件夹 {name} 不存在"),
    ("Path {name} does not exist.", "路径 {name} 不存在"),
    ("File {name} is a directory.", "{name} 是文件夹，不是文件"),
    ("Directory {name} is a file.", "{name} 是文件，不是文件夹"),
    ("{kind} {name} is not readable.", "{name} 无法读取"),
    ("{kind} {name} is not writable.", "{name} 无法写入"),
    ("Missing argument {name}. Choose from:{choices}", "缺少参数 {name}，可选：{choices}"),
    ("Missing option {name}. Choose from:{choices}", "缺少选项 {name}，可选：{choices}"),
    ("Missing argument {name}.", "缺少参数 {name}"),
    ("Missing option {name}.", "缺少选项 {name}"),
    ("Missing command.", "请写明命令"),
    ("No such option {name}. Did you mean {likely}?", "没有选项 {name}，是否为 {likely}？"),
    ("No such option {name}. (Did you mean one of: {likely}?)", "没有选项 {name}，是否为其中之一：{likely}？"),
    ("No such option {name}.", "没有选项 {name}"),
    ("No such command {name}. Did you mean {likely}?", "没有命令 {name}，是否为 {likely}？"),
    ("No such command {name}. (Did you mean one of: {likely}?)", "没有命令 {name}，是否为其中之一：{likely}？"),
    ("No such command {name}.", "没有命令 {name}"),
    ("Option {name} requires an argument.", "选项 {name} 须有一个值"),
    ("Option {name} requires {count} arguments.", "选项 {name} 须有 {count} 个值"),
    ("Option {name} does not take a value.", "选项 {name} 不带值"),
    ("Argument {name} takes {count} values.", "参数 {name} 须有 {count} 个值"),
    ("Got unexpected extra argument ({names})", "多余的参数：{names}"),
    ("Got unexpected extra arguments ({names})", "多余的参数：{names}"),
    ("Could not open file {name}: {reason}", "无法打开文件 {name}：{reason}"),
)  # fmt: skip
"""Templates that fit a whole message or a reason in it; the first that fits counts."""
