"""One Sail server for all tests that a process runs: it starts in three seconds."""

from __future__ import annotations

import os
import warnings
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from poolpipe.cluster import opened_session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyspark.sql import SparkSession


@pytest.fixture(scope="session")
def sail() -> Iterator[SparkSession]:
    if find_spec("pysail") is None and not os.environ.get("CI"):  # CI installs what the lock names
        pytest.skip("no Sail here: `uv sync` installs pysail and pyspark-client")
    with opened_session("sail") as session:
        yield session


@pytest.fixture(autouse=True)
def _no_pandas_warning() -> None:
    """pyspark 4.2 warns of pandas 3 in each of its functions that ask for the version."""
    warnings.filterwarnings(
        "ignore", message="PySpark does not yet fully support pandas", category=FutureWarning
    )
