"""A door that takes its time to end."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

STATUS = 7


def run_slowly(_: object, connection: Connection) -> None:
    """End without having listened: first the connection, and seconds later the process."""
    connection.close()
    time.sleep(2.5)
    os._exit(STATUS)
