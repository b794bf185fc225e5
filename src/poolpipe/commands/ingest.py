"""`poolpipe ingest`: take scan files into a store."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from poolpipe.commands import options
from poolpipe.commands.frames import echo_json
from poolpipe.commands.stores import keep_tables
from poolpipe.languages import both
from poolpipe.messages import in_language, message_in_language
from poolpipe.progress import Steps
from poolpipe.terminal.console import check_inputs, show, tell
from poolpipe.terminal.loading import loading

if TYPE_CHECKING:
    import polars as pl

__all__ = ["ingest"]

_MOST_NAMED: Final = 5


@click.command(
    help="Take events into STORE, which is made where there is none. When this ends they are on disk and synced.\n\n"
    "将事件收入数据仓库 STORE（没有则新建）；命令结束时数据已写入磁盘。\n\n"
    "INPUT is what `run` takes. A file is taken whole or not at all; the same file again changes nothing, and an event that "
    "is there already is a duplicate. A new store makes its key beside it, STORE.key: keep a copy elsewhere, without it "
    "nobody can read names and numbers. Then the tables are concluded and kept in the store, too. docs/store.md tells more.\n\n"
    "INPUT 与 `run` 相同。文件要么完整收入，要么完全不收；重复收入同一文件不改变任何内容，已有的事件计为重复。新建仓库时在旁边生成密钥 "
    "STORE.key：请另存副本，没有它无法读出姓名与号码。随后得出各结果表，一并存入仓库。详见 docs/store.zh.md。"
    "\n\n\b\nExamples  例:\n"
    "  poolpipe ingest campaign scans\n"
    "  poolpipe ingest campaign 采样登记.xlsx 装箱.csv\n"
    "  poolpipe run campaign --out result"
)
@click.argument("store", metavar="STORE", type=click.Path(path_type=Path))
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option(
    "--policy",
    metavar="POLICY",
    help="Of a new store: preset or TOML file; default ten-in-one  新仓库的判读规则：预设名或 TOML 文件",
)
@click.option(
    "--kind", metavar="KIND", help="Kind of events whose file tells none, collect say  文件未标明时的事件类型"
)
@options.mapping
@click.option(
    "--no-tables",
    is_flag=True,
    help="Conclude later: `poolpipe run STORE`  暂不得出结果表，以后用 `poolpipe run STORE`",
)
@options.key
@options.as_json("What became of each file as JSON  以 JSON 输出各文件的收入情况")
@options.quiet("No progress and no board  不显示进度与看板")
def ingest(
    store: Path,
    inputs: tuple[str, ...],
    *,
    policy: str | None,
    kind: str | None,
    mapping: str | None,
    no_tables: bool,
    key: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Take files into a store."""
    options.check_kind(kind)
    check_inputs(inputs, pipes=True)
    check_inputs(each for each in (mapping, key) if each)
    with loading():
        from poolpipe.errors import InputError
        from poolpipe.events.mapping import load_mapping
        from poolpipe.store import Store, is_store

    if policy is not None and is_store(store):
        raise InputError.of("store_has_policy", where="--policy")
    meant = load_mapping(mapping)
    made = not is_store(store)
    with Store(store, key=key, policy=policy) as opened:
        if made:
            place = opened.key_file
            tell(message_in_language("store_made", {"store": str(store), "key": str(place)}), err=True)
        before = opened.version
        with Steps(quiet=quiet or as_json) as steps:
            told, skipped = opened.ingest_files(inputs, kind=kind, mapping=meant, progress=steps)
        version = opened.version
        refused = opened.refused(before) if told["rejected"].sum() and not (as_json or quiet) else None
        if as_json:
            files = told.to_dicts()
            echo_json({"schema": "poolpipe.ingest/1", "version": version, "files": files, "skipped": skipped})
        elif not quiet:
            _show(told, refused, skipped, version, store)
        sys.stdout.flush()  # what was taken in is acknowledged, whatever becomes of the tables
        if not no_tables:
            keep_tables(opened, quiet=quiet or as_json)


def _show(
    told: pl.DataFrame, refused: pl.DataFrame | None, skipped: dict[str, str], version: int, store: Path
) -> None:
    from poolpipe.terminal.stores import ingested_board
    from poolpipe.terminal.troubles import reject_board

    show([ingested_board(told)])
    if refused is not None:
        rest = f"poolpipe show {store} rejects"
        show([reject_board(refused, kept=(f"kept whole: {rest}", f"原文已保存，用 {rest} 查看"))])
    lost = told.filter((told["accepted"] == 0) & (told["duplicates"] == 0) & (told["rejected"] > 0))["file"]
    if len(lost):
        files = ", ".join(lost.head(_MOST_NAMED)) + (", …" if len(lost) > _MOST_NAMED else "")
        tell(message_in_language("nothing_accepted", {"count": len(lost), "files": files}), err=True)
    for file, why in sorted(skipped.items()):
        tell(f"{file}: {in_language(why)}", err=True)
    tell(f"{both('The store is at version', '仓库当前版本')} {version}")
