"""Write docs/commands.md from the commands' own help, so that the page cannot fall behind."""

from __future__ import annotations

from pathlib import Path

import click

from poolpipe.cli import COMMANDS, docs_folder, poolpipe

PAGE = Path(__file__).parents[1] / "docs" / "commands.md"

HEAD = """<!-- Written by scripts/write_commands_page.py from `poolpipe COMMAND --help`; do not edit. -->
# Commands 命令

Results go to stdout, as a table for people or with `--json` for programs; progress and messages go to stderr.

| exit status 退出码 | means |
| --- | --- |
| 0 | done 完成; rejected records and anomalies are results, not failures |
| 1 | it could not be done, and why 未能完成及原因; `--debug`, anywhere on the line, adds the traceback |
| 2 | wrong usage 用法有误 |

INPUT is a file, a folder (read with all its subfolders) or a quoted pattern. The kind of a file's events is told by the start of its
name, by its folder's name, or by a column `kind`. Times without an offset are in the policy's time zone. A wrong path is answered
with the nearest name there is. Identity numbers on the boards are masked unless `--show-ids` is given; the tables that
`run` writes hold what it was given, so keep them where such numbers may be kept.
"""


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


def page() -> str:
    """The whole page as Markdown."""
    return "\n".join([HEAD, _help(poolpipe, "poolpipe"), *(_section(name) for name in COMMANDS)])


def _section(name: str) -> str:
    top = click.Context(poolpipe, info_name="poolpipe", terminal_width=100, **poolpipe.context_settings)
    command = poolpipe.get_command(top, name)
    if command is None:
        message = f"{name} is in COMMANDS and cannot be loaded"
        raise LookupError(message)
    parts = [f"## `poolpipe {name}`\n\n{COMMANDS[name].says}\n\n{_help(command, name, top)}"]
    context = click.Context(command, info_name=name, parent=top)
    for word, below in sorted(getattr(command, "commands", {}).items()):
        parts.append(f"### `poolpipe {name} {word}`\n\n{_help(below, word, context)}")
    return "\n".join(parts)


def _help(command: click.Command, name: str, parent: click.Context | None = None) -> str:
    context = click.Context(
        command, info_name=name, parent=parent, terminal_width=100, **command.context_settings
    )
    told = command.get_help(context).rstrip().replace(str(docs_folder()), "…/docs")
    return f"```text\n{told}\n```\n"


if __name__ == "__main__":
    main()
