"""Times as scanners write them, against datetime."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernels.both_ways import both, laid_out
from poolpipe_kernels import times

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@both(times.parse_times)
@given(
    moment=st.datetimes(datetime(1900, 1, 1), datetime(2199, 12, 31)),  # noqa: DTZ001 - the offset is drawn apart
    minutes=st.integers(-14 * 60, 14 * 60),
    between=st.sampled_from("Tt "),
)
def test_times__with_an_offset_are_the_moments_datetime_finds(run, moment, minutes, between):
    sign = "-" if minutes < 0 else "+"
    offset = f"{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
    text = moment.isoformat(sep=between, timespec="microseconds") + offset
    micros, kinds = np.empty(1, np.int64), np.empty(1, np.uint8)
    run(*laid_out([text]), micros, kinds)
    expected = moment.replace(tzinfo=UTC) - timedelta(minutes=minutes) - EPOCH
    assert kinds[0] == times.UTC
    assert micros[0] == expected // timedelta(microseconds=1)


@both(times.parse_times)
@pytest.mark.parametrize(
    "text",
    ["", "2022-02-10", "2022-02-30T08:00:00Z", "2022-13-01T08:00:00Z", "2022-02-10T24:00:00Z", "2022-02-10T08:60:00Z",
     "2022-02-10T08:00:00+8:00", "2022-02-10T08:00:00.Z", "2022-02-10T08:00:00Zx", "10.02.2022 08:00:00", "1644480000"],
)  # fmt: skip
def test_times__that_are_none_are_bad(run, text):
    micros, kinds = np.empty(1, np.int64), np.full(1, 9, np.uint8)
    run(*laid_out([text]), micros, kinds)
    assert kinds[0] == times.BAD
