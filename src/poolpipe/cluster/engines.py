"""Sessions: Spark, which needs Java and PySpark, or Sail, which needs neither and starts in a few seconds."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from contextlib import ExitStack, contextmanager, suppress
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from poolpipe.choices import check_choice
from poolpipe.cluster.java import java_here
from poolpipe.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyspark.sql import SparkSession

__all__ = ["ENGINES", "Engine", "engine_errors", "opened_session", "without_notes"]

Engine = Literal["spark", "sail"]
ENGINES: Final = get_args(Engine)

_SETTINGS: Final = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",  # the command has its own
    "spark.log.level": "ERROR",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "8",  # a row may be tens of megabytes
    "spark.sql.execution.pythonUDF.arrow.enabled": "true",
}


@contextmanager
def opened_session(engine: Engine, master: str | None = None) -> Iterator[SparkSession]:
    """Open a session, and close it at the end of the block.

    Parameters
    ----------
    engine : {"spark", "sail"}
    master : str, optional
        Of Spark as `spark-submit` takes it, `local[*]` by default; for either an address `sc://host:port` of a server that
        runs (Spark Connect). Without one Sail runs in a process of its own on this machine.

    Raises
    ------
    InputError
        If the engine's library is not installed, or is the other one's; there is no Java for Spark; or no session is opened.
    """
    check_choice("engine", engine, ENGINES, InputError)
    connects = bool(master) and str(master).startswith("sc://")
    if engine == "sail" and master and not connects:
        raise InputError.of("cluster_sail_master", where="master", master=master)
    _check_installed("pyspark", engine)
    if engine == "sail" and not connects:
        _check_installed("pysail", engine)
    if engine == "spark" and not connects and find_spec("py4j") is None:
        raise InputError.of("cluster_client_only", where="spark")
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # else workers take the system's Python
    with ExitStack() as last:
        last.enter_context(_with_a_main_file())
        address = str(master) if connects else last.enter_context(_sail()) if engine == "sail" else ""
        if not address:
            last.enter_context(java_here())
        with without_notes():
            try:
                session = _session(address, master)
            except engine_errors() as error:
                why = (str(error).strip() or type(error).__name__).splitlines()[0][:300]
                raise InputError.of("cluster_no_session", where=str(master or engine), why=why) from error
        last.callback(_stop, session)
        if engine == "sail" and not connects:
            _let_go_at_once(session)
        yield session


@contextmanager
def without_notes() -> Iterator[None]:
    """Keep to themselves what clients warn of: that pandas is new, and that a server is gone, of which the error is told."""
    with warnings.catch_warnings():
        for each in ("PySpark does not yet fully support pandas", r"\[RETRIES_EXCEEDED\]"):
            warnings.filterwarnings("ignore", message=each)
        yield


def engine_errors() -> tuple[type[Exception], ...]:
    """What a session raises for a job that failed: of Spark Connect and Sail, and of Spark in this process."""
    from pyspark.errors import PySparkException

    if find_spec("py4j") is None:
        return (PySparkException,)
    return PySparkException, import_module("py4j.protocol").Py4JError


@contextmanager
def _with_a_main_file() -> Iterator[None]:
    """Give a program without a file, as of `python -c` and of workers of tests, a name of one.

    The client of Spark Connect takes such a program for its own doctests, looks for a whole Spark, and ends the process.
    Processes that the program starts meanwhile run that file: it is there, and empty.
    """
    main = sys.modules["__main__"]
    if hasattr(main, "__file__"):
        yield
        return
    main.__file__ = os.devnull
    try:
        yield
    finally:
        del main.__file__


def _session(address: str, master: str | None) -> SparkSession:
    from pyspark.sql import SparkSession

    if address:  # not one that is open already, perhaps of another server
        return SparkSession.builder.remote(address).create()
    master = master or "local[*]"
    builder = SparkSession.builder.master(master).appName("poolpipe")
    for name, value in (_SETTINGS | _memory(master)).items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session


def _memory(master: str) -> dict[str, str]:
    """A quarter of the machine's memory for Java where it is driver and workers in one: by default it has 1 GB."""
    if not master.startswith("local") or "SPARK_DRIVER_MEMORY" in os.environ:
        return {}
    megabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 22
    return {"spark.driver.memory": f"{megabytes}m"}


def _stop(session: SparkSession) -> None:
    """End a session; one whose server is gone, for want of memory say, has ended, and the job told it."""
    with suppress(OSError, *engine_errors()):
        session.stop()


def _let_go_at_once(session: Any) -> None:
    """Ask nothing of a server that ends with the session: Sail answers between its tasks, and Ctrl-C waited for them.

    Nor ask a second one: a server of this machine that is gone, for want of memory say, was asked for ten minutes.
    """
    from pyspark.sql.connect.client.retries import DefaultPolicy

    session.client.set_retry_policies([DefaultPolicy(max_retries=2)])
    session.release_session_on_close = False
    session.client.interrupt_operation = lambda _: []


@contextmanager
def _sail() -> Iterator[str]:
    """Run Sail in a process of its own, out of reach of Ctrl-C, and give its address."""
    notes = {"RUST_LOG": "error"}  # notes on each start and stop are no messages of a run
    with subprocess.Popen(
        [sys.executable, "-m", "poolpipe.cluster.sail_server"], env=notes | os.environ, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True,
    ) as server:  # fmt: skip
        try:
            address = server.stdout.readline().strip() if server.stdout else ""
            if not address:
                raise InputError.of("cluster_failed", where="sail", job="start", why="no address 无地址")
            yield address
        finally:
            server.kill()


def _check_installed(library: str, engine: str) -> None:
    if find_spec(library) is None:
        raise InputError.of("cluster_not_installed", where=engine, library=library)
