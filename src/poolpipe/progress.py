"""Progress of a run: a bar on a terminal or in a notebook, lines in a log, or nothing."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from html import escape
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from poolpipe.display import mask_identities, visible
from poolpipe.languages import both
from poolpipe.words import TABLE_WORDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import TracebackType

    from rich.progress import Progress

    Report = Callable[[str, int, int], None]

__all__ = ["NotebookBar", "StepProgress", "Steps", "reporting"]

_INTERVAL_S = 0.1
"""The least seconds between updates of a notebook: each is a message to the browser."""

_CHINESE_STEPS = {
    **{name: told.chinese for name, told in TABLE_WORDS.items()},
    "compiling": "编译",
    "reading": "读取",
    "checking": "核查",
    "voids": "作废",
    "links": "关联",
    "custody": "流转",
    "calls": "判读",
    "probabilities": "概率",
    "writing": "写出",
    "routes": "分派",
    "parts": "分区",
    "joining": "合并",
    "counting": "统计",
    "reporting": "制作报告",
    "exporting": "导出",
    "drawing the page": "生成页面",
    "keeping the tables": "保存结果表",
}

_HINTS = {"compiling": ("only the first time, about 10 s", "仅首次，约 10 秒")}


class Steps:
    """Progress on stderr: a bar on a terminal, a line per step elsewhere, nothing when quiet.

    Used as `progress=` of `poolpipe.run`: called with what is done, how much of it, and of how much.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._bar: Progress | None = None
        self._told: dict[str, int] = {}

    def __enter__(self) -> Steps:
        """Start the bar where stderr is a terminal."""
        if not self._quiet and sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

            columns = (
                TextColumn("{task.description}"),
                BarColumn(),
                TaskProgressColumn(),
                TimeElapsedColumn(),
            )
            console = Console(file=sys.stderr, highlight=False)
            self._bar = Progress(*columns, console=console, transient=True)
            self._bar.add_task(both("starting", "启动"))
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove the bar before boards or an error are shown."""
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, what: str, done: int, total: int) -> None:
        """Show that `done` of `total` are done of the step `what`."""
        if self._quiet:
            return
        if self._bar is not None:
            label = _name(what)
            if what in _HINTS and what not in self._told:
                self._told[what] = 0
                self._bar.console.print(
                    f"{label}: {both(*_HINTS[what])}"
                )  # above the bar, which then has room
            self._bar.update(self._bar.task_ids[0], description=label, completed=done, total=total)
            return
        label = _label(what)
        # in a log one line when a step starts and, of a long one, one for every tenth
        tenth = 10 * done // max(total, 1)
        if what not in self._told or (total >= 20 and tenth > self._told[what]):
            share = (
                f" {done}/{total}" if 1 < total <= 100 else f" {100 * done // total} %" if total > 100 else ""
            )
            click.echo(visible(mask_identities(label + share)), err=True)
            self._told[what] = tenth


class NotebookBar:
    """Progress in a notebook: one bar that is redrawn in place and removed at the end; needs no widgets.

    Called like `Steps`.
    """

    def __init__(self) -> None:
        self._handle: Any = None
        self._step = ""
        self._drawn_at = 0.0

    def __enter__(self) -> NotebookBar:
        """Draw an empty bar."""
        display = import_module("IPython.display").display  # present: bars are made in it only
        self._handle = display(_Drawing(""), display_id=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove the bar before the result or an error is shown."""
        if self._handle is not None:
            self._handle.update(_Drawing(""))

    def __call__(self, what: str, done: int, total: int) -> None:
        """Show that `done` of `total` are done of the step `what`."""
        now = time.monotonic()
        if self._handle is None or (
            what == self._step and done < total and now - self._drawn_at < _INTERVAL_S
        ):
            return
        self._step, self._drawn_at = what, now
        self._handle.update(_Drawing(_label(what), done, total))


class _Drawing:
    """One state of the bar: HTML for a browser, text for other front ends."""

    def __init__(self, label: str, done: int = 0, total: int = 1) -> None:
        self._label, self._done, self._total = label, done, max(total, 1)

    def __repr__(self) -> str:
        return f"{self._label} {100 * self._done // self._total} %" if self._label else ""

    def _repr_html_(self) -> str:
        if not self._label:
            return ""
        return f"<progress value='{self._done}' max='{self._total}'></progress> {escape(self._label)}"


@contextmanager
def reporting(progress: Report | bool | None) -> Iterator[Report | None]:  # noqa: FBT001 -- `progress=` of `run`
    """Make the progress callback that a run uses.

    Parameters
    ----------
    progress : callable, bool or None
        A callable is called with (what, done, total). True shows a bar, in a log lines; False shows nothing; None shows
        a bar in a notebook and in IPython on a terminal, and nothing in a script.

    Yields
    ------
    callable or None
    """
    if callable(progress):
        yield progress
        return
    shell = _ipython()
    if progress is False or (progress is None and not shell):
        yield None
        return
    with (
        NotebookBar()
        if shell == "kernel"
        else Steps(quiet=progress is None and not sys.stderr.isatty()) as bar
    ):
        yield bar


def _ipython() -> str:
    """Name the IPython that this runs in: ``kernel`` of a notebook, ``terminal``, or nothing."""
    ipython = sys.modules.get("IPython")  # loaded where this runs in it
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is None:
        return ""
    return "kernel" if getattr(shell, "kernel", None) is not None else "terminal"


def _name(step: str) -> str:
    return both(step, _CHINESE_STEPS[step]) if step in _CHINESE_STEPS else step


def _label(step: str) -> str:
    label = _name(step)
    return f"{label} ({both(*_HINTS[step])})" if step in _HINTS else label


class StepProgress:
    """Reports each finished step to a progress callback.

    Parameters
    ----------
    progress : callable or None
        Called with (step, how many are done, of how many).
    steps : sequence of str
        All steps, in their order.
    """

    def __init__(self, progress: Report | None, steps: Sequence[str]) -> None:
        self._progress = progress
        self._steps = steps

    def __call__(self, step: str) -> None:
        """Report that a step is done; its name is one of `steps`."""
        if self._progress:
            self._progress(step, self._steps.index(step) + 1, len(self._steps))
