"""Spark itself, where PySpark and Java are: `pip install pyspark pandas` into an environment without pyspark-client."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

import poolpipe
from cities.files import write_city
from cities.random_city import city
from cluster.written import unlike
from poolpipe import cluster

if TYPE_CHECKING:
    from pathlib import Path

IS_HERE = find_spec("py4j") is not None and shutil.which("java") is not None


@pytest.mark.skipif(not IS_HERE, reason="no Spark here: PySpark and Java 17 are needed (docs/cluster.md)")
def test_spark__writes_byte_by_byte_what_one_process_writes(tmp_path: Path) -> None:
    with cluster.opened_session("spark", "local[2]") as session:
        for seed in (7700, 7701):
            scans, one, many = (tmp_path / f"{name}{seed}" for name in ("scans", "one", "many"))
            write_city(city(seed, size="medium"), scans, seed)
            poolpipe.run(scans, out=one)
            cluster.run(session, scans, parts=3, out=many)
            assert unlike(one, many) == []
