"""Naive tests of false alarms, well by well and tube by tube."""

from __future__ import annotations

from itertools import combinations, product
from math import comb, erf, exp, log, pi, sqrt


def binomial_tail(successes, trials, chance):
    """P(X >= successes)."""
    return sum(
        comb(trials, k) * chance**k * (1 - chance) ** (trials - k) for k in range(successes, trials + 1)
    )


def bracket(wells, *, strong_ct, weaker_by):
    """Counts of the queue-bracket test of one lab's day, from (plate, order, row, column, ct or None), line length 8.

    Returns weak and all wells beside a strong one a line away, and weak and all wells apart.
    """
    beside: dict[tuple[int, int], bool] = {}
    apart: dict[tuple[int, int], bool] = {}
    for plate, order, row, column, ct in wells:
        if ct is None or not ct < strong_ct:
            continue
        for plate2, order2, row2, column2, ct2 in wells:
            distance = abs(order2 - order)
            if plate2 != plate or not 3 <= distance <= 13:
                continue
            touching = abs(row - row2) <= 1 and abs(column - column2) <= 1
            late = ct2 is not None and ct2 >= ct + weaker_by
            if touching and 7 <= distance <= 9:
                beside[plate2, order2] = beside.get((plate2, order2), False) or late
            if not touching and distance not in (7, 8, 9):
                apart[plate2, order2] = apart.get((plate2, order2), False) or late
    apart = {place: late for place, late in apart.items() if place not in beside}
    return sum(beside.values()), len(beside), sum(apart.values()), len(apart)


def _normal(value, mean, sd):
    return exp(-((value - mean) ** 2) / (2 * sd * sd)) / (sd * sqrt(2 * pi))


def _below(value):
    return 0.5 * (1 + erf(value / sqrt(2)))


def splash(wells, rules, law):
    """Posterior of each weak positive beside a strong well, by (plate, order), of one lab's day."""
    mean, sd, limit = law
    placed = {(plate, order): (row, column, ct) for plate, order, row, column, ct in wells}
    overall = sum(ct is not None for *_, ct in wells) / len(wells)
    shares = []
    for distance in range(1, 21):
        hits, pairs = 20 * overall, 20.0
        for (plate, order), (_, _, ct) in placed.items():
            if ct is not None and ct >= rules.strong_ct:
                for there in ((plate, order - distance), (plate, order + distance)):
                    pairs += there in placed
                    hits += there in placed and placed[there][2] is not None
        shares.append(hits / pairs)
    shares = [max(shares[place:]) for place in range(20)]
    exposed = 0.0
    suspects: dict[tuple[int, int], float] = {}
    for (plate, order), (row, column, ct) in placed.items():
        if ct is None or ct >= rules.strong_ct:
            continue
        for (plate2, order2), (row2, column2, ct2) in placed.items():
            if plate2 != plate or order2 == order or abs(row - row2) > 1 or abs(column - column2) > 1:
                continue
            exposed += _below((limit - ct - rules.splash_cycles) / rules.splash_cycles_sd)
            if ct2 is not None and ct2 >= ct + rules.weaker_by:
                density = _normal(ct2 - ct, rules.splash_cycles, rules.splash_cycles_sd)
                suspects[plate2, order2] = max(density, suspects.get((plate2, order2), 0.0))
    people = {}
    for plate, order in suspects:
        away = [
            abs(order - order2)
            for (plate2, order2), (_, _, ct2) in placed.items()
            if plate2 == plate and order2 != order and ct2 is not None and abs(order - order2) <= 20
        ]
        share = shares[min(away) - 1] if away else overall
        people[plate, order] = (
            share * _normal(placed[plate, order][2], mean, sd) / _below((limit - mean) / sd)
        )
    rate = rules.splash_rate
    for _ in range(20):
        found = {
            place: rate * density / (rate * density + (1 - rate) * people[place])
            for place, density in suspects.items()
        }
        rate = min(0.5, (sum(found.values()) + 50 * rules.splash_rate) / (exposed + 50))
    return {
        place: rate * density / (rate * density + (1 - rate) * people[place])
        for place, density in suspects.items()
    }


def stratified(strata, positive, exposed):
    """P(as many positives or more in the exposed) with the positives of each stratum dealt out at random, exactly."""
    chances = {0: 1.0}
    seen = 0
    for stratum in sorted(set(strata)):
        rows = [row for row, each in enumerate(strata) if each == stratum]
        total, drawn = len(rows), sum(exposed[row] for row in rows)
        marked = sum(positive[row] for row in rows)
        seen += sum(positive[row] and exposed[row] for row in rows)
        later: dict[int, float] = {}
        for count, chance in chances.items():
            for more in range(min(drawn, marked) + 1):
                ways = comb(marked, more) * comb(total - marked, drawn - more) / comb(total, drawn)
                later[count + more] = later.get(count + more, 0.0) + chance * ways
        chances = later
    return sum(chance for count, chance in chances.items() if count >= seen)


def joins(positives):
    """Pairs of (line, place) that touch, of different lines."""
    return sum(
        abs(line - line2) == 1 and abs(place - place2) <= 1
        for (line, place), (line2, place2) in combinations(sorted(positives), 2)
    )


def black_black(joins_, black):
    """Join-count statistic BB: half the sum of w_ij x_i x_j (Cliff & Ord 1981, p. 17), each join given once."""
    return sum(one in black and other in black for one, other in joins_)


def black_black_expected(joins_, n, black):
    """Mean of BB when `black` of n places are dealt out, nonfree sampling (Cliff & Ord 1981, eq. 1.42)."""
    return len(joins_) * black * (black - 1) / (n * (n - 1))


def join_tail(wells, positives):
    """P(as many joins or more) when the positives of each line lie in any of its wells alike, by trying all ways."""
    ways = []
    for line in sorted({line for line, _ in wells}):
        places = [well for well in wells if well[0] == line]
        ways.append(list(combinations(places, sum(well in positives for well in places))))
    seen, hits, all_ = joins(positives), 0, 0
    for chosen in product(*ways):
        all_ += 1
        hits += joins([well for line in chosen for well in line]) >= seen
    return hits / all_


def best_run(orders, queues, positive, *, longest, least):
    """Highest log likelihood ratio over all runs of all orders, and that run: (ratio, tubes), (0, None) without one.

    `orders` are lists of parts, each a list of tubes; `queues` lists of tubes; `positive` a set of tubes.
    """
    share = {tube: len(positive.intersection(queue)) / len(queue) for queue in queues for tube in queue}
    every, best = len(positive), (0.0, None)
    for order in orders:
        for part in order:
            for first, last in combinations(range(len(part) + 1), 2):
                run = part[first:last]
                seen, expected = len(positive.intersection(run)), sum(share[tube] for tube in run)
                if len(run) > longest or seen < least or seen <= expected:
                    continue
                if (
                    not {run[0], run[-1]} <= positive
                ):  # a shorter run has as many positives, and fewer expected
                    continue
                ratio = seen * log(seen / expected)
                if seen < every:
                    ratio += (every - seen) * log((every - seen) / (every - expected))
                if ratio > best[0] + 1e-12:
                    best = ratio, run
    return best


def rotation_tail(orders, queues, positive, *, longest, least):
    """Share of all rotations of the queues whose best run is as striking, by trying each."""
    seen = best_run(orders, queues, positive, longest=longest, least=least)[0]
    hits = every = 0
    for shifts in product(*(range(len(queue)) for queue in queues)):
        moved = {
            queue[(place + shift) % len(queue)]
            for queue, shift in zip(queues, shifts, strict=True)
            for place, tube in enumerate(queue)
            if tube in positive
        }
        every += 1
        hits += best_run(orders, queues, moved, longest=longest, least=least)[0] >= seen - 1e-9
    return hits / every
