"""Functions in a child process: what they give, raise, and what becomes of those that die, hang or want too much."""

from __future__ import annotations

import os
import sys
import threading

import pytest

from events import victims
from poolpipe.errors import InputError
from poolpipe.events.isolation import Isolated, IsolationError


@pytest.fixture(name="child", scope="module")
def _child():
    """One for all tests, as for all files of a run: after each, however it ended, the next call is answered."""
    isolated = Isolated(memory=1 << 30, seconds=60)
    yield isolated
    isolated.close()


def test_call__gives_what_the_function_gives(child: Isolated) -> None:
    assert child.call(victims.doubled, {"a": [1, "二"]}) == [{"a": [1, "二"]}] * 2
    assert child.call(victims.pid) != os.getpid()


def test_call__reuses_one_process(child: Isolated) -> None:
    assert child.call(victims.pid) == child.call(victims.pid)


def test_call__raises_what_the_function_raises(child: Isolated) -> None:
    with pytest.raises(InputError, match="here: nothing; look elsewhere") as caught:
        child.call(victims.refuse)
    assert (caught.value.what, caught.value.where, caught.value.way_out) == (
        "nothing",
        "here",
        "look elsewhere",
    )


@pytest.mark.parametrize("function", [victims.raise_what_no_pickle_takes, victims.raise_no_exception])
def test_call__raises_the_text_of_what_cannot_be_sent(child: Isolated, function) -> None:
    with pytest.raises(RuntimeError, match="of glass"):
        child.call(function)
    assert child.call(victims.doubled, 1) == [1, 1]


def test_call__that_prints_still_gives_its_answer(child: Isolated) -> None:
    assert child.call(victims.shout) == "heard"


@pytest.mark.parametrize("how", ["abort", "exit"])
def test_process__that_dies_is_told_and_the_next_call_is_answered(child: Isolated, how: str) -> None:
    with pytest.raises(IsolationError, match=r"SIGABRT|status 3"):
        child.call(victims.die, how)
    assert child.call(victims.doubled, 1) == [1, 1]


def test_process__that_was_ended_between_two_calls_is_started_anew(child: Isolated) -> None:
    """As a system does that is short of memory: nobody's file is to blame."""
    process = child._running()
    process.kill()
    process.wait()
    assert child.call(victims.pid) != process.pid


def test_call__that_takes_too_long_is_ended() -> None:
    child = Isolated(seconds=1)
    with pytest.raises(IsolationError, match="took longer than 1 s"):
        child.call(victims.sleep)
    child.close()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not enforce a limit of address space")
def test_call__that_wants_too_much_memory_is_refused_it(child: Isolated) -> None:
    with pytest.raises(IsolationError, match="more memory than it may have"):
        child.call(victims.grow, 4 << 30)
    assert child.call(victims.doubled, 1) == [1, 1]


def test_calls__from_several_threads_each_get_their_own_answer(child: Isolated) -> None:
    answers: dict[int, object] = {}

    def ask(number: int) -> None:
        answers[number] = child.call(victims.doubled, number)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {number: [number, number] for number in range(8)}


def test_call__is_made_here_where_there_is_no_python_to_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "")
    assert Isolated().call(victims.pid) == os.getpid()
