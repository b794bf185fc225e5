"""Keep compiled machine code on disk, each file under a hash that is checked before it is loaded.

A file that is empty, truncated or damaged, of another source, compiler or kernel, or written by a user who could not
have changed the sources, is ignored: the kernel is compiled anew, and the file replaced.

A wheel brings code that was compiled when it was built, for a processor that most have had since 2015 (`SHIPPED_FOR`);
a first start loads it instead of compiling. It is kept and checked in the same way.
"""

from __future__ import annotations

import hashlib
import inspect
import os
import pickle
import sys
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import llvmlite
import llvmlite.binding as llvm
import numba
from numba.core.caching import CompileResultCacheImpl, FunctionCache, InTreeCacheLocator
from numba.core.runtime.nrt import rtsys
from numba.core.serialize import dumps

__all__ = ["SHIPPED", "SHIPPED_FOR", "KeptCode"]

SHIPPED = Path(__file__).with_name("shipped")
"""Folder of the machine code that a wheel brings; it is not there where the package was not built as a wheel."""

SHIPPED_FOR = "x86-64-v3"
"""Processor, as LLVM names it, that shipped code is for: x86-64 with AVX2. On a day of 25.7 million people its code is
as fast as that for the processor at hand (16.8 and 16.7 s of CPU time on an AMD EPYC)."""

_SHIPPED_NEEDS = (
    *("avx", "avx2", "bmi", "bmi2", "cx16", "f16c", "fma", "lzcnt", "movbe", "popcnt", "sahf"),
    *("sse3", "sse4.1", "sse4.2", "ssse3", "xsave"),
)
"""Features of that processor, as LLVM names them (System V psABI, x86-64 micro-architecture levels)."""

_MAGIC = b"poolpipe machine code 1\n"
_HASH_BYTES = 32
_OTHERS_MAY_WRITE = 0o022


class _ReadOnly(InTreeCacheLocator):
    """Beside the sources, where nothing can be written."""


class _ShippedCodegen:
    """What numba tells of the compiler that shipped code comes from: this system's, for another processor."""

    def __init__(self, here: Any) -> None:
        self._system = here.magic_tuple()[0]

    def magic_tuple(self) -> tuple[str, str, str]:
        """System, processor, and features that are given beside it: none."""
        return self._system, SHIPPED_FOR, ""


class _CacheFolders(CompileResultCacheImpl):
    """Where numba keeps code: NUMBA_CACHE_DIR, beside the sources, in the user's cache; else read only."""

    def __init__(self, function: Any) -> None:
        try:
            super().__init__(function)  # type: ignore[no-untyped-call]
        except RuntimeError:  # no such folder may be written
            source = inspect.getfile(function)
            self._locator = _ReadOnly(function, source)  # type: ignore[no-untyped-call]
            name, abi = f"{Path(source).stem}.{function.__qualname__}", getattr(sys, "abiflags", "")
            self._filename_base = self.get_filename_base(name, abi)  # type: ignore[no-untyped-call]


class KeptCode(FunctionCache):
    """The machine code of one kernel, a file for each tuple of argument types.

    It differs from numba's own cache in three ways: numba's does not verify its files, cannot read a folder that it may
    not write to, and initialises the compiler before it reads (every type and function that numba knows, half a
    second). A file here is ``magic, hash, pickled code``; the hash is over the code and over what it is the code
    of: versions of numba and llvmlite, checksum of the source, argument types, processor, byte code. So there is
    no index, and two processes that compile at the same time write the same file, each in one atomic step.

    Parameters
    ----------
    function : callable
        The kernel's Python function.

    Raises
    ------
    OSError
        If the source of the function is no file: nothing tells then whether kept code is its.
    """

    _impl_class = _CacheFolders

    def __init__(self, function: Any) -> None:
        super().__init__(function)  # type: ignore[no-untyped-call]
        locator = self._impl.locator
        self.can_keep = not isinstance(locator, _ReadOnly)
        self._source = Path(inspect.getfile(function))
        self._stamp = locator.get_source_stamp()
        # Code compiled by the package's owner is read where only the owner may write; but a folder given in
        # NUMBA_CACHE_DIR is the only one used.
        beside = () if getattr(numba.config, "CACHE_DIR", "") else (self._source.parent / "__pycache__",)
        self._folders = tuple(dict.fromkeys((Path(self._cache_path), *beside)))

    def has(self, types: Any, target_context: Any) -> bool:
        """Whether valid machine code is kept for these argument types.

        Parameters
        ----------
        types : tuple of numba types
            Types of the arguments.
        target_context : numba target context
            The kernel's; it gives the processor.

        Returns
        -------
        bool
        """
        return self._kept(types, target_context.codegen()) is not None

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Load the kept code for a signature; numba calls this before it compiles.

        Parameters
        ----------
        sig : tuple of numba types
            Types of the arguments.
        target_context : numba target context
            The kernel's.

        Returns
        -------
        compile result or None
            None where no valid code is kept.
        """
        rtsys.initialize(target_context)
        code = self._kept(sig, target_context.codegen())
        if code is None:
            return None
        try:
            return self._impl.rebuild(target_context, pickle.loads(code))  # noqa: S301 - hash and owner were looked at
        except Exception:  # noqa: BLE001 - whatever stands in the way of loading, compiling does not need it
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep compiled code on disk, if a folder can be written; a full disk is ignored, as the next start compiles again.

        Parameters
        ----------
        sig : tuple of numba types
            Types of the arguments.
        data : compile result
            What numba has compiled.
        """
        if self.can_keep and self._impl.check_cachable(data):
            name, key = self._key(sig, data.codegen)
            with suppress(OSError):
                self._write(name, key, dumps(self._impl.reduce(data)))  # type: ignore[no-untyped-call]

    def flush(self) -> None:
        """Do nothing: numba asks for this before it compiles everything anew, which overwrites the files."""

    def _kept(self, sig: Any, codegen: Any) -> memoryview | None:
        """Code for this processor, else shipped code that this processor can run."""
        code = self._read(self._folders, *self._key(sig, codegen))
        if code is None and _runs_shipped_code():
            code = self._read((SHIPPED,), *self._key(sig, _ShippedCodegen(codegen)))
        return code

    def _key(self, sig: Any, codegen: Any) -> tuple[str, bytes]:
        """Name of the file, and everything that decides which code is the right one.

        Code of another source or compiler has the same name, so that it is overwritten and does not pile up.
        """
        of_types = repr(self._index_key(sig, codegen))  # type: ignore[no-untyped-call]
        name = hashlib.blake2b(of_types.encode(), digest_size=8).hexdigest()
        told = repr((numba.__version__, llvmlite.__version__, self._stamp, of_types))
        return f"{self._impl.filename_base}.{name}.nbc", told.encode()

    def _read(self, folders: tuple[Path, ...], name: str, key: bytes) -> memoryview | None:
        for folder in folders:
            with suppress(OSError), (folder / name).open("rb") as file:
                if self._may_be_believed(os.fstat(file.fileno())):
                    told = file.read()
                    code = memoryview(told)[len(_MAGIC) + _HASH_BYTES :]
                    if told.startswith(_MAGIC + _hash(key, code)):
                        return code
        return None

    def _may_be_believed(self, file: os.stat_result) -> bool:
        """Whether only users who may change the kernel's source can have written the file.

        Reading machine code runs it. Windows tells no owner: there the rights of the folder are all there is.
        """
        if not hasattr(os, "geteuid"):
            return True
        owners = {0, os.geteuid(), self._source.stat().st_uid}
        return file.st_uid in owners and not file.st_mode & _OTHERS_MAY_WRITE

    def _write(self, name: str, key: bytes, code: bytes) -> None:
        """Write a file in one atomic step."""
        self._impl.locator.ensure_cache_path()
        path = Path(self._cache_path, name)
        number, unfinished = tempfile.mkstemp(prefix=f"{path.name}.", suffix=".tmp", dir=path.parent)
        try:
            with os.fdopen(number, "wb") as file:
                file.writelines([_MAGIC, _hash(key, memoryview(code)), code])
            Path(unfinished).chmod(0o644)
            Path(unfinished).replace(path)
        except BaseException:
            Path(unfinished).unlink(missing_ok=True)
            raise


@cache
def _runs_shipped_code() -> bool:
    """Whether there is shipped code that this processor can run, and no other processor is asked for."""
    asked = (getattr(numba.config, setting, None) for setting in ("CPU_NAME", "CPU_FEATURES"))
    if any(each is not None for each in asked) or not SHIPPED.is_dir():
        return False
    features = llvm.get_host_cpu_features()
    return all(features.get(name, False) for name in _SHIPPED_NEEDS)


def _hash(key: bytes, code: memoryview) -> bytes:
    told = hashlib.blake2b(len(key).to_bytes(8, "little"), digest_size=_HASH_BYTES)
    told.update(key)
    told.update(code)
    return told.digest()
