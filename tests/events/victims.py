"""Functions that a child process is asked to call."""

from __future__ import annotations

import os
import time
from typing import NoReturn

from poolpipe.errors import InputError


def doubled(value: object) -> list[object]:
    return [value, value]


def pid() -> int:
    return os.getpid()


def refuse() -> NoReturn:
    raise InputError("nothing", where="here", way_out="look elsewhere")


class GlassError(Exception):
    def __init__(self, one: int, two: int) -> None:
        super().__init__(f"{one} of glass, {two}")


def raise_what_no_pickle_takes() -> NoReturn:
    raise GlassError(1, 2)


def raise_no_exception() -> NoReturn:
    raise KeyboardInterrupt("of glass")


def shout() -> str:
    os.write(1, b"x" * 100)
    print("more")  # noqa: T201
    return "heard"


def die(how: str) -> None:
    if how == "abort":
        os.abort()
    os._exit(3)


def sleep() -> None:
    time.sleep(600)


def grow(size: int) -> int:
    return len(bytearray(size))
