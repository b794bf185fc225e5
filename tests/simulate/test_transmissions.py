"""Infections spread by household, queue and building, and the truth says who infected whom."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from poolpipe.simulate import Spread, simulate
from poolpipe.simulate.queues import make_places, make_queues
from poolpipe.simulate.residents import make_residents
from poolpipe.simulate.settings import settings_for
from poolpipe.simulate.transmissions import Outbreak
from simulate.conftest import City, make

DAY_US = 86_400_000_000


@pytest.fixture(scope="module")
def spreading(tmp_path_factory, calm) -> City:
    folder = tmp_path_factory.mktemp("spreading")
    spread = Spread(queue=0.3, building=0.02)
    options = {"people": 6_000, "seed": 2, "preset": "ruijin", "rounds": 3, "spread": spread}
    return make(folder, **options, troubles=calm)


def _with_homes(city: City) -> pl.DataFrame:
    people = city.reference("people").select("person", "household", "building")
    told = city.truth("transmissions").filter(pl.col("infector").is_not_null())
    by = people.rename({"person": "infector", "household": "by_home", "building": "by_building"})
    return told.join(people, left_on="infectee", right_on="person").join(by, on="infector")


def test_everybody__is_infected_once_and_by_somebody_infectious(spreading):
    told = spreading.truth("transmissions")
    assert told["infectee"].n_unique() == told.height
    assert set(told["way"]) == {"outside", "household", "queue", "building"}
    assert (told["infector"].is_null() == (told["way"] == "outside")).all()
    own = told.select(pl.col("infectee").alias("infector"), pl.col("at").alias("since"))
    both = told.join(own, on="infector")
    assert both.height == told["infector"].count()
    assert both.filter(pl.col("at") - pl.col("since") < timedelta(hours=24)).is_empty()


def test_ways__are_homes_buildings_and_neighbours_in_line(spreading):
    pairs = _with_homes(spreading)
    same_home, same_building = (
        pairs["household"] == pairs["by_home"],
        pairs["building"] == pairs["by_building"],
    )
    assert same_home.filter(pairs["way"] == "household").all()
    assert (same_building & ~same_home).filter(pairs["way"] == "building").all()
    scans = spreading.events("collect").select("person", "round", "site", "point", pl.col("at").alias("scan"))
    queue = pairs.filter(pl.col("way") == "queue")
    stood = queue.join(scans, left_on="infectee", right_on="person").join(
        scans.rename({"person": "infector", "scan": "by_scan"}), on=["infector", "round", "site", "point"]
    )
    met = stood.filter(pl.max_horizontal("scan", "by_scan") == pl.col("at"))
    assert met["infectee"].n_unique() == queue.height > 10
    assert met.filter((pl.col("scan") - pl.col("by_scan")).abs() > timedelta(minutes=10)).is_empty()


def test_the_found__infect_nobody_afterwards(spreading):
    found = (
        spreading.truth("infected")
        .filter(pl.col("call") == "positive")
        .select("person", "round")
        .unique("person")
    )
    # Results are out on the day of a round; from the next day on nobody is infected by who was found.
    last = found.with_columns(
        pl.col("round").str.to_datetime(time_unit="us", time_zone="UTC") + timedelta(days=1, hours=12)
    )
    later = spreading.truth("transmissions").join(last, left_on="infector", right_on="person")
    assert later.height > 10
    assert (later["at"] < later["round"]).all()


def test_positives__are_those_infected_a_day_before_their_swab(spreading):
    told, listed = spreading.truth("transmissions"), spreading.truth("infected")
    swabs = spreading.events("collect").group_by("person", "round").agg(pl.col("at").min().alias("swab"))
    pairs = told.select("at", person="infectee").join(swabs, on="person")
    before = pairs.with_columns(ill=pl.col("at") + timedelta(hours=24) <= pl.col("swab"))
    assert before["ill"].sum() > 20
    swabbed = listed.join(swabs, on=["person", "round"], how="semi").select("person", "round")
    wanted = before.filter("ill").select("person", "round")
    assert set(wanted.rows()) == set(swabbed.rows())


def test_infections__go_on_until_the_last_result(spreading):
    """Housemates of the last round's positives are infected while these wait for their result."""
    last = pl.Series([spreading.truth("infected")["round"].max()]).str.to_datetime(
        time_unit="us", time_zone="UTC"
    )[0]
    later = spreading.truth("transmissions").filter(pl.col("at") > last - timedelta(hours=8))
    assert later.filter(way="household").height


def test_city__without_spread_stays_as_it_was(spreading, calm, tmp_path):
    plain = make(tmp_path / "plain", people=6_000, seed=2, preset="ruijin", rounds=3, troubles=calm)
    assert not (plain.folder / "truth" / "transmissions.parquet").exists()
    assert plain.reference("people").equals(spreading.reference("people"))


def test_household_share__is_that_of_the_rates():
    settings = settings_for("ruijin", people=40_000)
    residents = make_residents(settings, 0, 40_000, np.random.default_rng(1))
    alone = Spread(household=0.4, building=0.0, infectious_h=24.0)
    outbreak = Outbreak(alone, residents, 3_000, [8 * DAY_US], 26.0, np.random.default_rng(2))
    outbreak._arrives[:] = 2 * DAY_US
    outbreak.go_on(5 * DAY_US)
    imported = np.flatnonzero((outbreak.way == 0) & (outbreak.infected_at >= 0))
    at_home = np.bincount(residents.household[imported], minlength=int(residents.household[-1]) + 1)
    mates = (at_home[residents.household] == 1) & (outbreak.infected_at != 2 * DAY_US)
    second = mates & (outbreak.infected_at >= 3 * DAY_US) & (outbreak.infected_at < 4 * DAY_US)
    assert second[mates].mean() == pytest.approx(0.4, abs=0.03)


def test_queue_share__falls_with_the_lag():
    spread = Spread(household=0.0, building=0.0, queue=0.5, queue_decay_s=100.0)
    settings = settings_for("ruijin", people=40_000)
    residents = make_residents(settings, 0, 40_000, np.random.default_rng(1))
    rng = np.random.default_rng(3)
    places = make_places(settings, residents, 8 * DAY_US, rng)
    queues = make_queues(settings, residents, places, np.arange(40_000), rng)
    outbreak = Outbreak(spread, residents, 400, [8 * DAY_US], 26.0, np.random.default_rng(4))
    outbreak._arrives[:] = 6 * DAY_US
    outbreak.go_on(8 * DAY_US)
    outbreak.stand_in_line(queues, outbreak.positive(queues))
    at = np.zeros(40_000, np.int64)
    at[queues.person] = queues.at
    infected = np.flatnonzero(outbreak.way == 2)
    lag = np.abs(at[infected] - at[outbreak.infector[infected]]) / 1e6
    assert len(infected) > 200
    assert lag.max() <= 600
    # People stand evenly in line, so lags fall off as the share does: exponential with the decay as mean.
    assert lag.mean() == pytest.approx(100.0, abs=25.0)


def test_summary__counts_transmissions(tmp_path, calm):
    summary = simulate(tmp_path, people=400, seed=1, spread=True, troubles=calm)
    assert summary.truth["transmissions"] >= 3
