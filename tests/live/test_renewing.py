"""Tables of a whole city, made anew for who reads them: with his request in them, and not with all that came since."""

from __future__ import annotations

from threading import Condition, Event, Thread
from types import SimpleNamespace
from typing import Any

from poolpipe.live.renewing import BulkRenewal

LONG_S = 60.0


class _City:
    """A city whose tables take as long to be made as a test wants, while more comes in."""

    def __init__(self) -> None:
        self.tables = SimpleNamespace(version=1, bulk_version=0)
        self.position, self.made = 9, 0
        self.begun, self.goes_on = Event(), Event()

    def refresh(self) -> None:
        then = self.tables.version
        self.begun.set()
        assert self.goes_on.wait(LONG_S)
        self.made += 1
        self.tables.bulk_version = then


def _renewal(city: Any, failures: list[BaseException]) -> BulkRenewal:
    return BulkRenewal(city, Condition(), lambda: bool(failures), failures.append, lambda: city.position)


def test_reader__waits_for_his_request_and_for_nothing_later() -> None:
    city, answers = _City(), list[bool]()
    renewal = _renewal(city, [])
    city.position = 10
    reader = Thread(target=lambda: answers.append(renewal.ask(10, LONG_S)))
    reader.start()
    assert city.begun.wait(LONG_S)
    city.tables.version, city.position = 7, 16  # what comes meanwhile is not in them
    city.goes_on.set()
    reader.join(LONG_S)
    assert (answers, city.made, renewal.settled) == ([True], 1, 10)
    assert renewal.ask(10, 0.0)  # it is still there, though the tables are old
    assert not renewal.ask(16, 0.0)


def test_reader__who_waits_for_nothing_is_given_what_there_is() -> None:
    city = _City()
    renewal = _renewal(city, [])
    city.position = 10
    assert renewal.ask(None, LONG_S)
    assert city.begun.wait(LONG_S)
    city.goes_on.set()
    assert renewal.ask(10, LONG_S)
    assert city.tables.bulk_version == 1


def test_failure__is_told_and_ends_the_waiting() -> None:
    failures: list[BaseException] = []
    city: Any = SimpleNamespace(tables=SimpleNamespace(version=1, bulk_version=0), position=1)
    city.refresh = lambda: 1 // 0
    assert _renewal(city, failures).ask(2, LONG_S)
    assert isinstance(failures[0], ZeroDivisionError)
