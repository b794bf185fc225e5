"""Sessions of programs that have no file, as of `python -c`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from poolpipe.cluster import engines

if TYPE_CHECKING:
    import pytest


def test_program_without_a_file__has_one_while_a_session_is_open(monkeypatch: pytest.MonkeyPatch) -> None:
    main = sys.modules["__main__"]
    monkeypatch.delattr(main, "__file__", raising=False)
    with engines._with_a_main_file():
        assert main.__file__
    assert not hasattr(main, "__file__")
