"""Options of `poolpipe run` that have a city concluded on a Spark session."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from poolpipe.messages import message_in_language

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from poolpipe.results.day import Day

__all__ = ["check_cluster", "cluster_options", "local_among", "run_on_cluster"]

_PARTS = 8


def cluster_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--engine`, `--master`, `--parts` and `--scratch`."""
    for option in reversed(
        (
            click.option(
                "--engine",
                type=click.Choice(["spark", "sail"]),
                help="Run on many machines by Spark or Sail; the tables are the same"
                "  用 Spark 或 Sail 在多台机器上运行，结果表相同",
            ),
            click.option(
                "--master",
                metavar="URL",
                help="Spark's master, or sc://HOST:PORT; default: this machine  Spark 主节点或 sc://主机:端口，默认本机",
            ),
            click.option(
                "--parts",
                type=click.IntRange(min=1),
                help=f"Partitions of the city with --engine; default {_PARTS}  使用 --engine 时的分区数，默认 {_PARTS}",
            ),
            click.option(
                "--scratch",
                type=click.Path(file_okay=False, path_type=Path),
                metavar="DIR",
                help="Folder that all machines see, for --engine  使用 --engine 时各机器都能访问的临时文件夹",
            ),
        )
    ):
        command = option(command)
    return command


def check_cluster(asked: Mapping[str, Any]) -> None:
    """Refuse options that go with `--engine` without it.

    Parameters
    ----------
    asked : mapping
        Values of the options.
    """
    if asked["engine"] is None:
        for option in ("master", "parts", "scratch"):
            if asked[option] is not None:
                raise click.UsageError(message_in_language("cluster_option", {"option": f"--{option}"}))


def local_among(inputs: Sequence[str], cluster: Mapping[str, Any]) -> list[str]:
    """The inputs that must be on this machine: with `--engine`, addresses are looked for by the session."""
    return [each for each in inputs if not (cluster["engine"] and "://" in each)]


def run_on_cluster(inputs: Sequence[str], cluster: Mapping[str, Any], **asked: Any) -> Day:
    """Conclude files, or a store, on a session that is opened for it.

    Parameters
    ----------
    inputs : sequence of str
    cluster : mapping
        Values of the options.
    **asked
        As `poolpipe.cluster.run` takes them.
    """
    from poolpipe.cluster import opened_session, run
    from poolpipe.cluster.scratch import scratch_folder

    asked.pop("views")
    # removed when the session has ended: after Ctrl-C its tasks still write for a moment
    with (
        scratch_folder(cluster["scratch"]) as scratch,
        opened_session(cluster["engine"], cluster["master"]) as session,
    ):
        return run(session, inputs, parts=cluster["parts"] or _PARTS, scratch=scratch, **asked)
