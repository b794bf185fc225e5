"""Write docs/commands.md and commands.zh.md from the commands' own help, so that the pages cannot fall behind."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from poolpipe.cli import COMMANDS, poolpipe
from poolpipe.languages import both, one_language, speaking
from poolpipe.terminal.documentation import docs_folder
from poolpipe.terminal.help import ReaderContext

if TYPE_CHECKING:
    import click

DOCS = Path(__file__).parents[1] / "docs"
PAGES = {"en": DOCS / "commands.md", "zh": DOCS / "commands.zh.md"}

HEAD = """<!-- Written by scripts/write_commands_page.py from `poolpipe COMMAND --help`; do not edit. -->
# Commands 命令

[中文](commands.zh.md)

Results go to stdout, as a table for people or with `--json` for programs; progress and messages go to stderr.

| exit status | means |
| --- | --- |
| 0 | done; rejected records and anomalies are results, not failures |
| 1 | it could not be done, and why; `--debug`, anywhere on the line, adds the traceback |
| 2 | wrong usage |

INPUT is a file, a folder (read with all its subfolders) or a quoted pattern. The kind of a file's events is told by the start of its
name, by its folder's name, or by a column `kind`. Times without an offset are in the policy's time zone. A wrong path is answered
with the nearest name there is. Identity numbers on the boards are masked unless `--show-ids` is given; the tables that
`run` writes hold what it was given, so keep them where such numbers may be kept.
"""

CHINESE_HEAD = """<!-- Written by scripts/write_commands_page.py from `poolpipe COMMAND --help`; do not edit. -->
# 命令

[English](commands.md)

结果写到标准输出：供人看的表，或用 `--json` 供程序读取；进度与提示写到标准错误。

| 退出码 | 含义 |
| --- | --- |
| 0 | 完成；拒收记录与异常属于结果，不算失败 |
| 1 | 未能完成及原因；命令任意位置加 `--debug` 显示程序内部的调用过程 |
| 2 | 用法有误 |

INPUT（输入）为文件、文件夹（含全部子文件夹）或加引号的通配符。事件种类由文件名开头、文件夹名或 `kind` 列得知。\
未写时差的时间按判读规则的时区。路径写错时，提示最接近的名称。看板上的证件号以星号代替，`--show-ids` 显示全部；\
`run` 写出的结果表保留原证件号，请存放在可以存放此类信息的地方。
"""


def main() -> None:
    """Write the page in both languages."""
    for name, path in PAGES.items():
        path.write_text(page(name), encoding="utf-8")


def page(name: str) -> str:
    """The whole page as Markdown, in English (`en`) or Chinese (`zh`)."""
    with speaking(name):
        sections = [_section(each) for each in COMMANDS]
        return "\n".join([both(HEAD, CHINESE_HEAD), _help(poolpipe, "poolpipe"), *sections])


def _section(name: str) -> str:
    top = ReaderContext(poolpipe, info_name="poolpipe", terminal_width=100, **poolpipe.context_settings)
    command = poolpipe.get_command(top, name)
    if command is None:
        message = f"{name} is in COMMANDS and cannot be loaded"
        raise LookupError(message)
    parts = [f"## `poolpipe {name}`\n\n{one_language(COMMANDS[name].says)}\n\n{_help(command, name, top)}"]
    context = ReaderContext(command, info_name=name, parent=top)
    for word, below in sorted(getattr(command, "commands", {}).items()):
        parts.append(f"### `poolpipe {name} {word}`\n\n{_help(below, word, context)}")
    return "\n".join(parts)


def _help(command: click.Command, name: str, parent: click.Context | None = None) -> str:
    context = ReaderContext(
        command, info_name=name, parent=parent, terminal_width=100, **command.context_settings
    )
    told = command.get_help(context).rstrip().replace(str(docs_folder()), "…/docs")
    return f"```text\n{told}\n```\n"


if __name__ == "__main__":
    main()
