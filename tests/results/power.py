"""What a disk may hold after a power cut: file operations recorded, and replayed with what was not synced dropped.

Of each folder every entry may have any value that it has had since the folder was last synced, whatever the other
entries have; content that was not synced is lost. That is more than any file system does to anybody.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator

    import pytest

CHANGES = ("mkdir", "rmdir", "symlink", "link", "replace", "rename", "unlink", "remove", "fsync")
"""Operations of `os` that change what a folder holds, or what of it is durable."""


@dataclass(eq=False)
class Node:
    """A file, a link or a folder.

    Attributes
    ----------
    content : bytes or None
        What a file holds; None is lost.
    leads_to : str
        Of a link.
    entries : dict or None
        Of a folder: the values that each name has had since the folder was last synced, oldest first; None is
        nothing under that name.
    """

    content: bytes | None = None
    leads_to: str = ""
    entries: dict[str, list[Node | None]] | None = None


class Recorder:
    """Records what is done to a folder and all below, with what files hold when they are synced."""

    def __init__(self, top: Path, patch: pytest.MonkeyPatch) -> None:
        self.top = top
        self.done: list[tuple[str, str, str | bytes]] = []
        for name in CHANGES:
            patch.setattr(os, name, self._recorded(name, getattr(os, name)))

    def _recorded(self, name: str, operation: Callable[..., Any]) -> Callable[..., Any]:
        def run(path, *args, **kwargs):
            where = Path(f"/proc/self/fd/{path}").readlink() if isinstance(path, int) else Path(path)
            what: str | bytes = ""
            if name == "fsync" and where.is_file():
                what = where.read_bytes()
            elif name == "symlink":
                where, what = Path(args[0]), str(path)
            elif args and name != "mkdir":
                what = self._inside(Path(args[0]))
            result = operation(path, *args, **kwargs)
            self.done.append((name, self._inside(where), what))
            return result

        return run

    def _inside(self, path: Path) -> str:
        home = Path(os.path.realpath(path.parent)) / path.name
        return home.relative_to(os.path.realpath(self.top)).as_posix()


@dataclass
class Disk:
    """A folder as it is seen, and as it may be found after a power cut."""

    top: Node = field(default_factory=lambda: Node(entries={}))

    @classmethod
    def of(cls, folder: Path) -> Disk:
        """What a folder with durable files holds."""
        files: dict[str, list[Node | None]] = {
            each.name: [Node(each.read_bytes())] for each in folder.iterdir()
        }
        return cls(Node(entries=files))

    def do(self, name: str, where: str, what: str | bytes) -> None:
        """Let one recorded operation happen."""
        if name == "fsync":
            self._sync(where, what)
        elif name == "mkdir":
            self._set(where, Node(entries={}))
        elif name == "symlink":
            self._set(where, Node(leads_to=str(what)))
        elif name == "link":
            self._set(str(what), self._known(where))
        elif name in ("replace", "rename"):
            self._set(str(what), self._known(where))
            self._set(where, None)
        else:
            self._set(where, None)

    def _sync(self, where: str, what: str | bytes) -> None:
        node = self._at(where)
        if node is not None and node.entries is not None:
            node.entries = {name: values[-1:] for name, values in node.entries.items()}
        else:
            assert isinstance(what, bytes)
            self._known(where).content = what

    def _known(self, where: str) -> Node:
        """What is there; a file that was written unseen has lost its content until it is synced."""
        node = self._at(where)
        if node is None:
            node = Node()
            self._set(where, node)
        return node

    def _set(self, where: str, node: Node | None) -> None:
        home, _, name = where.rpartition("/")
        folder = self._at(home)
        assert folder is not None
        assert folder.entries is not None
        folder.entries.setdefault(name, [None]).append(node)

    def _at(self, where: str) -> Node | None:
        node: Node | None = self.top
        for name in filter(None, where.split("/")):
            if name == ".":
                continue
            node = node.entries.get(name, [None])[-1] if node and node.entries is not None else None
        return node

    def cuts(self, chance: random.Random, times: int) -> Iterator[dict[str, object]]:
        """What may be found after a power cut now: all of it, none of it, and chances in between."""
        yield _found(self.top, lambda values: values[-1])
        yield _found(self.top, lambda values: values[0])
        for _ in range(times):
            likely = chance.choice((0.1, 0.5, 0.9))
            yield _found(
                self.top,
                lambda values, likely=likely: (
                    values[-1] if chance.random() < likely else chance.choice(values)
                ),
            )


def _found(node: Node, choose: Callable[..., Any]) -> dict[str, object]:
    """A folder as it is found: names to folders, to contents (bytes, None for lost) or to where a link leads (str)."""
    found: dict[str, object] = {}
    for name, values in (node.entries or {}).items():
        chosen = choose(values)
        if chosen is None:
            continue
        if chosen.entries is not None:
            found[name] = _found(chosen, choose)
        else:
            found[name] = chosen.leads_to or chosen.content
    return found


def opened(found: dict[str, object], path: str) -> object:
    """What whoever opens a path gets: bytes, None for lost content, or `missing`."""
    node: object = found
    parts = path.split("/")
    while parts:
        node = node.get(parts.pop(0), "missing") if isinstance(node, dict) else "missing"
        if isinstance(node, str):
            if node == "missing":
                return node
            base = path.split("/")[: len(path.split("/")) - len(parts) - 1]
            return opened(found, "/".join([*base, node, *parts]))
    return node


def lay_out(found: dict[str, object], folder: Path) -> None:
    """Make on a real disk what was found."""
    folder.mkdir()
    for name, node in found.items():
        if isinstance(node, dict):
            lay_out(node, folder / name)
        elif isinstance(node, str):
            (folder / name).symlink_to(node)
        else:
            assert node is None or isinstance(node, bytes)
            (folder / name).write_bytes(node or b"")
