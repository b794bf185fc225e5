"""Record every file operation of a store: what a power cut can undo is whatever was not synced by then.

Python's operations are seen by standing in for functions of `os`, SQLite's by a VFS below the store's own. Parquet files
are written by a library that tells nobody: one is seen when it is opened to be hashed and synced, and all its bytes count
as written and not synced until then.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from unittest import mock

import apsw

from poolpipe.store import ledger_file

if TYPE_CHECKING:
    from collections.abc import Iterator


class Step(NamedTuple):
    """An operation: write, cut (truncate), sync of a file by number; name, remove, rename, folder, sync_folder by path; done."""

    what: str
    file: int = -1
    path: str = ""
    to: str = ""
    offset: int = 0
    content: bytes = b""


class Recorder:
    """The operations below a folder, in order."""

    def __init__(self, root: Path) -> None:
        self.root = str(root)
        self.steps: list[Step] = []
        self._files: dict[str, int] = {}
        self._open: dict[int, tuple[str, int]] = {}
        self._known: dict[int, bytes] = {}
        self._seen: set[int] = set()
        """Files of which every write is seen."""
        self._made = 0

    def done(self) -> None:
        """Note that a command has returned: what it did is acknowledged."""
        self.steps.append(Step("done"))

    def file(self, path: str) -> int:
        """The number of a file; a new one is named."""
        if path not in self._files:
            self._made += 1
            self._files[path] = self._made
            self.steps.append(Step("name", self._made, path))
        return self._files[path]

    def removed(self, path: str) -> None:
        self._files.pop(path, None)
        self.steps.append(Step("remove", path=path))

    def is_mine(self, path: Any) -> str:
        told = os.path.abspath(os.fspath(path)) if isinstance(path, (str, os.PathLike)) else ""  # noqa: PTH100
        return told if told.startswith(self.root + os.sep) or told == self.root else ""

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Record what happens in the block."""
        below = _RecordedFiles("recorder", self)
        with (
            mock.patch.object(ledger_file, "VFS", ledger_file.CheckedPages("recorded", "recorder")),
            mock.patch.multiple(
                os, open=self._opened(os.open), close=self._closed(os.close), fsync=self._synced(os.fsync),
                link=self._linked(os.link), rename=self._renamed(os.rename), replace=self._renamed(os.replace),
                unlink=self._unlinked(os.unlink), mkdir=self._folder(os.mkdir), pwrite=self._written(os.pwrite),
                fdatasync=self._synced(os.fdatasync), ftruncate=self._cut(os.ftruncate),
                posix_fallocate=self._reserved(os.posix_fallocate),
            ),
        ):  # fmt: skip
            yield
        below.unregister()

    def _opened(self, real: Any) -> Any:
        def opened(path: Any, *rest: Any, **named: Any) -> int:
            number = real(path, *rest, **named)
            if told := self.is_mine(path):
                is_folder = Path(told).is_dir()
                self._open[number] = (told, -1 if is_folder else self.file(told))
            return int(number)

        return opened

    def _closed(self, real: Any) -> Any:
        def closed(number: int) -> None:
            self._open.pop(number, None)
            real(number)

        return closed

    def _synced(self, real: Any) -> Any:
        def synced(number: int) -> None:
            if number in self._open:
                path, file = self._open[number]
                if file < 0:
                    self.steps.append(Step("sync_folder", path=path))
                else:
                    content = b"" if file in self._seen else os.pread(number, 1 << 30, 0)
                    if file not in self._seen and self._known.get(file) != content:
                        self.steps.append(Step("write", file, content=content))
                        self._known[file] = content
                    self.steps.append(Step("sync", file))
            real(number)

        return synced

    def _written(self, real: Any) -> Any:
        def written(number: int, content: Any, offset: int) -> int:
            count = int(real(number, content, offset))
            self._note(number, "write", offset, bytes(content[:count]))
            return count

        return written

    def _cut(self, real: Any) -> Any:
        def cut(number: int, size: int) -> None:
            real(number, size)
            self._note(number, "cut", size)

        return cut

    def _reserved(self, real: Any) -> Any:
        def reserved(number: int, offset: int, size: int) -> None:
            real(number, offset, size)
            self._note(number, "write", offset, bytes(size))

        return reserved

    def _note(self, number: int, what: str, offset: int, content: bytes = b"") -> None:
        if number in self._open:
            file = self._open[number][1]
            self._seen.add(file)
            self.steps.append(Step(what, file, offset=offset, content=content))

    def _linked(self, real: Any) -> Any:
        def linked(source: Any, target: Any, **named: Any) -> None:
            real(source, target, **named)
            if self.is_mine(source):
                self._files[self.is_mine(target)] = self.file(self.is_mine(source))
                self.steps.append(Step("name", self._files[self.is_mine(target)], self.is_mine(target)))

        return linked

    def _renamed(self, real: Any) -> Any:
        def renamed(source: Any, target: Any, **named: Any) -> None:
            real(source, target, **named)
            if told := self.is_mine(source):
                file = self._files.pop(told)
                self._files[self.is_mine(target)] = file
                self.steps.append(Step("rename", file, told, self.is_mine(target)))

        return renamed

    def _unlinked(self, real: Any) -> Any:
        def unlinked(path: Any, **named: Any) -> None:
            real(path, **named)
            if told := self.is_mine(path):
                self.removed(told)

        return unlinked

    def _folder(self, real: Any) -> Any:
        def folder(path: Any, *rest: Any, **named: Any) -> None:
            real(path, *rest, **named)
            if told := self.is_mine(path):
                self.steps.append(Step("folder", path=told))

        return folder


class _RecordedFile(apsw.VFSFile):
    def __init__(self, name: Any, flags: list[int], recorder: Recorder) -> None:
        path = str(name.filename() if isinstance(name, apsw.URIFilename) else name)
        existed = Path(path).exists()
        super().__init__("", name, flags)
        self._recorder, self._path = recorder, path
        self._file = recorder.file(path)
        journal = apsw.SQLITE_OPEN_MAIN_JOURNAL | apsw.SQLITE_OPEN_WAL
        self._syncs_folder = bool(flags[0] & journal) and not existed  # as SQLite's unix files do

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        super().xWrite(data, offset)
        self._recorder.steps.append(Step("write", self._file, offset=offset, content=bytes(data)))

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        super().xTruncate(newsize)
        self._recorder.steps.append(Step("cut", self._file, offset=newsize))

    def xSync(self, flags: int) -> None:  # noqa: N802
        super().xSync(flags)
        self._recorder.steps.append(Step("sync", self._file))
        if self._syncs_folder:
            self._recorder.steps.append(Step("sync_folder", path=str(Path(self._path).parent)))
            self._syncs_folder = False


class _RecordedFiles(apsw.VFS):
    def __init__(self, name: str, recorder: Recorder) -> None:
        self._recorder = recorder
        super().__init__(name, "")

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:  # noqa: N802
        return apsw.VFSFile("", name, flags) if name is None else _RecordedFile(name, flags, self._recorder)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802, FBT001
        super().xDelete(filename, syncdir)
        self._recorder.removed(filename)
        if syncdir:
            self._recorder.steps.append(Step("sync_folder", path=str(Path(filename).parent)))
