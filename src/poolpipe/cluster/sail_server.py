"""Sail in a process of its own: `python -m poolpipe.cluster.sail_server` writes its address and ends with its input.

In the process that runs the job, Ctrl-C would not end it: tasks of Python hold it while the client waits for them.
"""

from __future__ import annotations

import os
import sys

__all__ = ["main"]


def main() -> None:
    """Serve until whoever started this process closes its input, or ends."""
    from pysail.spark import SparkConnectServer

    server = SparkConnectServer("127.0.0.1", 0)
    server.start(background=True)
    _, port = server.listening_address
    sys.stdout.write(f"sc://127.0.0.1:{port}\n")
    sys.stdout.flush()
    sys.stdin.read()
    os._exit(0)  # tasks that still run are not waited for


if __name__ == "__main__":
    main()
