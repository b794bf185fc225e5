"""Shared by the suite: one simulated city, one way of timing, and a table of rates at the end.

Benchmarks that do the same are one group; the first of a group is ours, the others are the library's or the naive
way on the same rows, and the table shows how many times as long they take.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_benchmark.fixture import BenchmarkFixture

    from benchmarks.stages import Stages

T = TypeVar("T")
ROUNDS = 5


class Rate(NamedTuple):
    """The fastest round of one way of doing a thing."""

    group: str
    way: str
    rows: int
    seconds: float


RATES = pytest.StashKey[list[Rate]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--people", type=int, default=100_000, help="people of the suite's city; kernels get ten rows each"
    )


def pytest_configure(config: pytest.Config) -> None:
    config.stash[RATES] = []


@pytest.fixture(scope="session")
def people(request: pytest.FixtureRequest) -> int:
    return int(request.config.getoption("--people"))


@pytest.fixture(scope="session")
def rows(people: int) -> int:
    """Rows for a kernel: a million for a city of 100,000."""
    return 10 * people


@pytest.fixture(scope="session")
def city(people: int, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The events of a simulated day, as Parquet, a folder for each kind."""
    from poolpipe.simulate import simulate

    folder = tmp_path_factory.mktemp("city") / "day"
    simulate(folder, people=people, preset="shanghai", seed=20220404, troubles={"unreadable": 0.0})
    return folder / "events"


@pytest.fixture(scope="session")
def stages(city: Path) -> Stages:
    """The city's day, taken apart."""
    from benchmarks.stages import Stages
    from poolpipe.policy import Policy

    return Stages(city, Policy())


@pytest.fixture
def speed(benchmark: BenchmarkFixture, request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Time a job on so many rows: ``speed("ours", rows, job)``; gives what the job gave once."""

    def timed(way: str, rows: int, job: Callable[[], T]) -> T:
        given: T = benchmark.pedantic(job, rounds=ROUNDS, warmup_rounds=1)
        assert benchmark.stats is not None, "--benchmark-disable leaves nothing to tell"
        seconds = benchmark.stats.stats.min
        group = benchmark.group or request.node.name
        benchmark.extra_info.update(way=way, rows=rows, rows_per_s=rows / seconds)
        request.config.stash[RATES].append(Rate(group, way, rows, seconds))
        return given

    return timed


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    rates = config.stash[RATES]
    if not rates:
        return
    terminalreporter.section("rates: million rows a second, and time a row against ours")
    for group in dict.fromkeys(rate.group for rate in rates):
        ways = [rate for rate in rates if rate.group == group]
        terminalreporter.write_line(f"{group}, {ways[0].rows:,} rows")
        for rate in ways:
            times = (rate.seconds / rate.rows) / (ways[0].seconds / ways[0].rows)
            terminalreporter.write_line(
                f"  {rate.way:<28}{rate.rows / rate.seconds / 1e6:10.1f} M/s {times:8.1f} x"
            )
