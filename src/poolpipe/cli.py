"""The command line: one group whose commands are imported by name, so that `--help` answers at once."""

from __future__ import annotations

import errno
import io
import os
import sys
import traceback
import warnings
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from typing import IO, TYPE_CHECKING, Any, NamedTuple

import click

from poolpipe.display import mask_identities, visible, withhold_values
from poolpipe.errors import PoolpipeError, PoolpipeWarning
from poolpipe.languages import LANGUAGES, VARIABLE, both, language, language_of, set_language, speaking
from poolpipe.messages import in_language, message_in_language
from poolpipe.messages.phrases import phrase_in_chinese
from poolpipe.terminal.documentation import docs_folder, page_addresses
from poolpipe.terminal.help import ReaderContext, in_reader_language
from poolpipe.terminal.usage import show_usage, usage_message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

__all__ = ["COMMANDS", "NotDone", "Word", "main", "poolpipe"]


class Word(NamedTuple):
    """Module of a command and its line in the overview, without importing it."""

    place: str
    says: str


COMMANDS: dict[str, Word] = {
    "run": Word("run:run", "Scan files in, tables and boards out  由扫码文件得出结果表与看板"),
    "check": Word("check:check", "How each file is understood, before a run  查看文件如何识别"),
    "ingest": Word("ingest:ingest", "Take scan files into a store  将扫码文件收入数据仓库"),
    "recalls": Word("recalls:recalls", "Who must be sampled again by when  复采名单"),
    "show": Word("show:show", "A table of a result, on the terminal or as CSV  查看结果表"),
    "trace": Word("trace:trace", "Whom a tube or person leads to  追踪样本管或人员的关联"),
    "sql": Word("sql:sql", "A question in SQL over a store or a result  用 SQL 查询"),
    "demo": Word("demo:demo", "Run the sample town and check it  运行示例镇并核对"),
    "diff": Word("diff:diff", "What changed between two results  比较两次结果"),
    "export": Word("export:export", "Lists as a workbook; results as CSV, HL7 or FHIR  导出名单与结果"),
    "import": Word("import_:import_command", "Instrument and robot files to events  导入仪器文件"),
    "decode": Word("decode:decode", "Who in the pools is infected  推断管内感染者"),
    "design": Word("design:design", "Pool sizes, costs and who goes into which pool  混采方案"),
    "nightly": Word("nightly:nightly", "The marts of a day in a DuckDB file  当日统计表（DuckDB）"),
    "plan": Word("plan:plan", "What a screening round takes  筛查所需人员与物资"),
    "versions": Word("versions:versions", "The versions of a store  数据仓库的版本"),
    "compact": Word("compact:compact", "Join a store's files, forget old versions  整理数据仓库"),
    "repair": Word("repair:repair", "Take in again what damaged files of a store held  修复数据仓库"),
    "erase": Word("erase:erase", "Erase a person from a store  从数据仓库删除一人"),
    "keys": Word("keys:keys", "A store's keys, and who used them  数据仓库的密钥"),
    "serve": Word("serve:serve", "Take scans from devices as they come  接收设备扫码"),
    "token": Word("token:token", "The tokens of the devices that send to a store  设备令牌"),
    "simulate": Word("simulate:simulate", "Write a simulated city with its troubles  模拟一座城市"),
}


class NotDone(click.ClickException):
    """The job could not be done: a message on stderr in the reader's language, without a traceback; exit status 1."""

    exit_code = 1

    def __init__(
        self, what: str, *, where: str = "", way_out: str = "", several: tuple[str, ...] = ()
    ) -> None:
        super().__init__(what)
        self.where = where
        self.way_out = way_out
        self.several = several or (what,)

    def show(self, file: IO[str] | None = None) -> None:
        """Write what, where and the way out, each on its own line."""
        click.echo(both("poolpipe could not do it.", "未能完成。"), file=file, err=True)
        told = [
            *((both("what ", "问题"), each) for each in self.several),
            (both("where", "位置"), self.where),
            (both("do   ", "办法"), self.way_out),
            *((both("page ", "文档"), each) for each in page_addresses([self.way_out])),
        ]
        for label, text in told:
            if text:
                click.echo(f"  {label}: {visible(mask_identities(text))}", file=file, err=True)


class _LazyGroup(click.Group):
    """A group that lists its commands by name and imports one only when it is called."""

    def main(self, *args: Any, **options: Any) -> Any:
        with speaking("both"):  # until the line is read; what calls this in Python keeps its own language
            return super().main(*args, **options)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        # `--debug` and `--language` are accepted at any place, because users add them at the end of the line.
        ctx.meta["poolpipe.debug"] = "--debug" in args
        args = [argument for argument in args if argument != "--debug"]
        with _drawn_usage():
            args, named = self._take_language(ctx, args)
            _choose_language(ctx, named)
            return super().parse_args(ctx, args)

    def _take_language(self, ctx: click.Context, args: list[str]) -> tuple[list[str], str | None]:
        """Take `--language` from anywhere on the line, but for a command that has an option of this name itself."""
        name = next((each for each in args if each in COMMANDS), None)
        command = self.get_command(ctx, name) if name and any(map(_names_language, args)) else None
        theirs = command is not None and any("--language" in option.opts for option in command.params)
        kept: list[str] = []
        named: str | None = None
        rest = iter(args)
        for each in rest:
            if each == "--" or (theirs and each == name):
                return [*kept, each, *rest], named
            if not _names_language(each):
                kept.append(each)
                continue
            _, equals, value = each.partition("=")
            named = value if equals else next(rest, "")
        return kept, named

    def invoke(self, ctx: click.Context) -> object:
        try:
            with _drawn_usage():
                return super().invoke(ctx)
        except (click.ClickException, click.Abort, click.exceptions.Exit):
            raise
        except Exception as error:  # the last handler before the user, who must not see a traceback
            if ctx.meta["poolpipe.debug"] or getattr(error, "errno", None) == errno.EPIPE:
                raise
            raise _not_done(error) from error

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 -- click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module, attribute = COMMANDS[cmd_name].place.split(":")
        command = getattr(import_module(f"poolpipe.commands.{module}"), attribute)
        if not isinstance(command, click.Command):
            message = f"poolpipe.commands.{module}:{attribute} is not a click command"
            raise TypeError(message)
        return in_reader_language(command)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            raise click.NoSuchCommand(args[0], possibilities=COMMANDS, ctx=ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands 命令"):
            formatter.write_dl([(name, word.says) for name, word in COMMANDS.items()])

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        formatter.write_paragraph()
        told = both(
            "Pages that messages name, as docs/policy.md:", "提示中提到的文档（如 docs/policy.zh.md）："
        )
        formatter.write_text(told)
        formatter.write(f"{docs_folder()}\n")


@contextmanager
def _drawn_usage() -> Iterator[None]:
    """Draw the message of a wrong command line in the language of the reader."""
    try:
        yield
    except click.ClickException as error:
        said = usage_message(error)
        error.format_message = lambda: said  # type: ignore[method-assign]  # click asks the instance
        if isinstance(error, click.UsageError) and language() == "zh":
            error.show = partial(show_usage, error, said)  # type: ignore[method-assign]
        raise


def _trace(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Write a traceback of `--debug`, escaped and with identities masked."""
    for line in "".join(traceback.format_exception(kind, error, trace)).split("\n"):
        print(visible(mask_identities(line)), file=sys.stderr)  # noqa: T201 -- Python's own last word


def _not_done(error: Exception) -> NotDone:
    if isinstance(error, PoolpipeError):
        several = error.fields.get("broken", ())
        told = tuple(map(in_language, several)) if isinstance(several, tuple) else ()
        what, way_out = error.in_language()
        return NotDone(what, where=error.where, way_out=way_out, several=told)
    if isinstance(error, OSError):
        said = error.strerror or str(error)
        chinese = phrase_in_chinese(said)
        return NotDone(
            both(said, chinese) if chinese else said,
            where=str(error.filename or ""),
            way_out=both(
                "check the path, your rights to it and the space left", "请检查路径、权限与剩余空间"
            ),
        )
    return NotDone(
        f"{type(error).__name__}: {withhold_values(str(error))}",
        where=both("inside poolpipe, not your files", "程序内部，与您的文件无关"),
        way_out=both(
            "run it again with --debug and report what it prints", "请加 --debug 重新运行并反馈输出"
        ),
    )


def _names_language(argument: str) -> bool:
    return argument == "--language" or argument.startswith("--language=")


def _choose_language(ctx: click.Context, named: str | None) -> None:
    """Let all that follows be in the language that the line names, else the environment.

    Raises
    ------
    click.BadParameter
        If it is none of `LANGUAGES`.
    """
    chosen = language_of(os.environ) if named is None else named.lower()
    if chosen not in LANGUAGES:
        told = {"given": named or chosen, "choices": ", ".join(LANGUAGES)}
        hint = VARIABLE if named is None else "--language"
        raise click.BadParameter(message_in_language("language_unknown", told), ctx=ctx, param_hint=hint)
    set_language(chosen)


def _told_plainly(others: Callable[..., None]) -> Callable[..., None]:
    """Show poolpipe's warnings as one line on stderr, without the place in the program; other warnings as usual."""

    def tell(message: Warning | str, category: type[Warning], *where: Any) -> None:
        if issubclass(category, PoolpipeWarning):
            click.echo(f"{both('note', '提示')}: {in_language(str(message))}", err=True)
        else:
            others(message, category, *where)

    return tell


@click.group(
    cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(package_name="poolpipe", prog_name="poolpipe")
@click.option(
    "--language",
    type=click.Choice(LANGUAGES),
    expose_value=False,
    help=f"Of boards, messages and help; default {VARIABLE}, else Chinese where LANG is Chinese, else both  "
    f"看板、提示与说明的语言；默认取 {VARIABLE}，其次 LANG 为中文时用中文，否则中英对照",
)
@click.option(
    "--debug", is_flag=True, expose_value=False, help="Show the traceback of an error  出错时显示详情"
)
def poolpipe() -> None:
    """Ten-in-one pooled screening of a whole city: from barcode scans to the recall list.

    全员混采核酸筛查：由扫码记录得出复采名单、各管去向与异常清单。

    `poolpipe COMMAND --help` explains a command.  查看某一命令的说明：poolpipe 命令 --help
    """


poolpipe.context_class = ReaderContext


def main() -> None:
    """Run the command line: exit 0 when done, 1 when it could not be done (and why), 2 on wrong usage."""
    sys.excepthook = _trace
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show Chinese shows question marks instead of failing half-way.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    warnings.showwarning = _told_plainly(warnings.showwarning)
    poolpipe.main(prog_name="poolpipe")


if __name__ == "__main__":
    main()
