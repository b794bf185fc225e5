"""`poolpipe.run` of whatever holds events: files and frames, or a store."""

from __future__ import annotations

import os
from contextlib import ExitStack
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec

from poolpipe.errors import InputError
from poolpipe.paths import LEDGER
from poolpipe.pipeline import run as run_files

if TYPE_CHECKING:
    from collections.abc import Callable

    from poolpipe.results.day import Day

__all__ = ["run"]

P = ParamSpec("P")


def _or_store(of_files: Callable[P, Day]) -> Callable[P, Day]:
    """Let a function that concludes from files conclude from a store, too."""

    @wraps(of_files)
    def run(*given: P.args, **named: P.kwargs) -> Day:
        asked: dict[str, Any] = dict(named)
        inputs = given[0] if given else asked.pop("inputs", None)
        store = _store_among(inputs)
        return of_files(*given, **named) if store is None else _run_store(store, **asked)

    return run


run = _or_store(run_files)


def _store_among(inputs: object) -> Path | None:
    """The store that is given; None where files or frames are.

    Raises
    ------
    InputError
        If there is something beside it: what a store holds is concluded alone.
    """
    if isinstance(inputs, str | os.PathLike):
        return Path(inputs) if _is_store(inputs) else None
    if isinstance(inputs, list | tuple | set | frozenset):
        stores = [each for each in inputs if isinstance(each, str | os.PathLike) and _is_store(each)]
        if stores and len(inputs) > 1:
            raise InputError.of("store_as_files", where=os.fspath(stores[0]))
        return Path(stores[0]) if stores else None
    return None


def _is_store(path: str | os.PathLike[str]) -> bool:
    try:
        return (Path(path) / LEDGER).is_file()
    except (OSError, ValueError):  # no path of this system: the reader of files says so
        return False


def _run_store(path: Path, **asked: Any) -> Day:
    from poolpipe.events.reference import read_reference
    from poolpipe.progress import reporting
    from poolpipe.results.writing import Writing
    from poolpipe.store import Store

    for option in ("kind", "mapping"):
        if asked.pop(option, None) is not None:
            raise InputError.of("store_option", where=str(path), option=option)
    tables = {name: asked.pop(name, None) for name in ("people", "sites", "labs")}
    reference = asked.pop("reference", None) or read_reference(**tables)
    out = asked.pop("out", None)
    with ExitStack() as last:
        asked["progress"] = last.enter_context(reporting(asked.pop("progress", None)))
        into = out if out is None or isinstance(out, Writing) else last.enter_context(Writing(out))
        with Store(path, create=False) as store:
            return store.run(**asked, reference=reference, out=into)
