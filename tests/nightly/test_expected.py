"""Expected positives of random small cities: a city of one day has the checks of its summary, and others what a naive count gives."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

import pyarrow.parquet as pq
import pytest

import poolpipe
from cities.files import write_city
from cities.random_city import city
from poolpipe.nightly.connecting import connect
from poolpipe.policy import load_policy
from reference import nightly as naive
from reference import nightly_expected

RULES = load_policy().decoding


@pytest.mark.parametrize("seed", range(71, 75))
def test_days_of_a_random_city__are_counted_apart(seed, tmp_path):
    write_city(city(seed, size="small"), tmp_path / "scans", seed)
    day = poolpipe.run(tmp_path / "scans")
    day.write(tmp_path / "result")
    pools, members, recalls = (
        pq.read_table(tmp_path / "result" / f"{name}.parquet").to_pylist()
        for name in ("pools", "members", "recalls")
    )
    of_day = defaultdict(list)
    for tube in pools:
        if tube["first_collected"] is not None:
            of_day[(tube["first_collected"] + timedelta(hours=8)).date()].append(tube)
    with connect(tmp_path / "result") as connection:
        told = connection.sql("from expected_positives").pl().to_dicts()
    for date, tubes in of_day.items():
        mine = {row["subject"]: row for row in told if row["date"] == date}
        found, expected, lower, upper = nightly_expected.positives(
            tubes, RULES.prior, RULES.sensitivity, RULES.specificity
        )
        assert ("positives" in mine) == any(
            tube["mode"] == "pool" and tube["call"] in naive.RESULTS and tube["people"] for tube in tubes
        )
        if "positives" not in mine:
            continue
        row = mine["positives"]
        assert (row["found"], row["lower"], row["upper"]) == (found, lower, upper)
        assert row["expected"] == pytest.approx(expected, abs=0.05 + 1e-9)
        answered = nightly_expected.retested(tubes, recalls)
        assert mine.get("retests", {"found": 0})["found"] == sum(bool(each) for _, each in answered.values())
        seats = nightly_expected.findings(tubes, pools, members)
        assert mine.get("findings", {"found": 0})["found"] == sum(seats.values())
    if len(of_day) == 1:
        fit = day.summary["fit"]
        names = {"positives": "positives", "retests": "confirmed", "findings": "found", "clusters": "two"}
        for check, counted in names.items():
            whole = fit if check == "positives" else fit.get(check) or {}
            row = {each["subject"]: each for each in told}.get(check)
            if row is not None:
                wanted = [whole[name] for name in (counted, "expected", "lower", "upper")]
                assert [row[name] for name in ("found", "expected", "lower", "upper")] == wanted
