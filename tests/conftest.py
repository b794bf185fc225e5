"""How hypothesis looks for counterexamples in every test; a test says at most how many examples it can afford.

`test_settings__are_those_of_the_profiles` in `tests/house` holds them to it.
"""

from __future__ import annotations

import gc
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import vl_convert
from hypothesis import HealthCheck, Phase, settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# The first call of a kernel compiles it, which takes seconds, and machines of many users are slow: time is measured in
# benchmarks, never in a test.
COMMON: dict[str, Any] = {
    "deadline": None,
    "max_examples": 50,
    "suppress_health_check": [HealthCheck.too_slow],
}
settings.register_profile("poolpipe", **COMMON)
# What a test reads is in both languages, whatever the machine's locale; `tests/terminal/test_language.py` chooses others.
os.environ["POOLPIPE_LANGUAGE"] = "both"
# ... and a hundred columns wide, whatever the terminal; workers of pytest-xdist are told the width of theirs.
os.environ.pop("COLUMNS", None)
# `.ci/run` says CI: a commit passes or fails by itself, not by what was drawn.
settings.register_profile("poolpipe-ci", derandomize=True, **COMMON)
# `benchmarks.mutate` asks only whether a test fails, not for the smallest example.
settings.register_profile(
    "poolpipe-unshrunk", derandomize=True, phases=[Phase.explicit, Phase.generate], **COMMON
)
settings.load_profile("poolpipe-ci" if os.environ.get("CI") else "poolpipe")


LONGEST = (
    "house/test_typed.py", "store/test_equals_files.py", "pipeline/test_laws.py",
    "store/test_power_cuts.py", "pipeline/test_against_reference.py", "nightly/test_night.py",
    "store/test_arrivals.py", "nightly/test_connecting.py", "store/test_conclusions.py",
    "store/test_hostile.py", "decode/test_errors_told.py", "serve/test_nats.py", "cli/test_store.py",
    "serve/test_service.py", "store/test_troubles.py", "serve/test_reading.py",
    "events/test_json_documents.py", "instruments/test_damage.py", "nightly/test_marts.py",
    "live/test_equals_run.py", "serve/test_torture.py", "stages/test_arrivals.py", "house/test_api.py",
    "house/test_notebook.py", "cluster/test_inputs.py", "cluster/test_equals_one_process.py",
)  # fmt: skip
"""Files of about ten seconds of processor time and more, longest first."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest files: a worker that met one of them last would keep the others waiting.

    pytest-xdist would begin with the files of most tests (`--no-loadscope-reorder` in `scripts/check`).
    """
    tests = Path(__file__).parent
    places = {tests / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name bytes by their length: packed bytes hold the moment of packing, and workers must agree on every name."""
    return f"{argname}_of_{len(val)}" if isinstance(val, bytes) else None


def pytest_collection_finish() -> None:
    """Spare the garbage collector ten thousand collected tests and every library, which stay until the end."""
    gc.collect()
    gc.freeze()


def pytest_unconfigure() -> None:
    """Give them back, for libraries that tell at exit of what was never freed."""
    gc.unfreeze()


DRAW = vl_convert.vegalite_to_svg


@pytest.fixture(scope="session", autouse=True)
def _drawn_once() -> Iterator[None]:
    """Draw charts that are equal once: a page has twelve drawings, a report twenty, and each costs a fifth of a second."""
    drawn: dict[str, str] = {}

    def once(chart: dict[str, Any], **options: Any) -> str:
        key = json.dumps([chart, options], sort_keys=True)
        if key not in drawn:
            drawn[key] = DRAW(chart, **options)
        return drawn[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vl_convert, "vegalite_to_svg", once)
        yield


@pytest.fixture
def draw() -> Callable[..., str]:
    """What draws a chart anew, though an equal one was drawn: for tests that a drawing is the same again."""
    return DRAW
