"""The log of a service: what happens to it happens to nothing else."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING

from serve.services import new_store, wait_for_end

if TYPE_CHECKING:
    from pathlib import Path


def test_log__a_reader_of_the_log_who_is_gone_ends_nothing() -> None:
    told = "from poolpipe.serve.log import log\nfor _ in range(3): log('x')\nprint('goes on', flush=True)"
    process = subprocess.Popen(
        [sys.executable, "-c", f"import sys; sys.stdin.read()\n{told}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    process.stderr.close()
    process.stderr = None
    said, _ = process.communicate()
    assert (said, process.returncode) == ("goes on\n", 0)


def test_log__a_door_ends_with_its_service_where_nobody_reads_the_log(tmp_path: Path) -> None:
    new_store(tmp_path / "city")
    service = subprocess.Popen(
        [sys.executable, "-m", "poolpipe", "serve", str(tmp_path / "city"), "--port", "0", "--no-tables"],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert service.stderr is not None
    assert any("listening" in line for line in service.stderr)
    with open(f"/proc/{service.pid}/task/{service.pid}/children") as file:  # noqa: PTH123
        door = int(file.read().split()[-1])
    service.stderr.close()
    service.send_signal(signal.SIGKILL)
    service.wait(60)
    wait_for_end(door, 60)
