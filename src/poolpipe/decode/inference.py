"""The decoder: reduce the problem, split it into components, infer exactly where possible, and bound the error elsewhere."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from poolpipe.decode import surprises
from poolpipe.decode.answers import BELIEF, EXACT, LOGIC, METHODS, Answer
from poolpipe.decode.approximation import believe_rest
from poolpipe.decode.assays import POSITIVE, SUSPECT, as_assay
from poolpipe.decode.contradictions import contradictions, proofs
from poolpipe.decode.doubts import doubts_of_pools
from poolpipe.decode.effort import as_effort
from poolpipe.decode.exact import Effort, solve_loopy
from poolpipe.decode.fit import Fit, judge
from poolpipe.decode.layout import clean_tables, lay_out
from poolpipe.decode.load_inference import believe_loads, load_problem
from poolpipe.decode.parts import Parts
from poolpipe.decode.ranges import FEW_ROWS
from poolpipe.decode.reduction import contradicted, reduce_layout
from poolpipe.decode.verdicts import nobody_infected, table_of_pools
from poolpipe.errors import PolicyError
from poolpipe_kernels import parts as parts_kernels

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from poolpipe.coding.frames import Frame
    from poolpipe.decode.assays import Assay
    from poolpipe.decode.layout import PoolLayout
    from poolpipe.decode.reduction import Reduced

__all__ = ["METHODS", "Decoded", "decode"]


@dataclass(frozen=True)
class Decoded:
    """The result of `decode`.

    Attributes
    ----------
    people : polars.DataFrame
        One row per person, in the order they were given: person; p_infected (0 to 1); method (one of
        `METHODS`); error (how far p_infected may be from the exact posterior of this model, 0 to 1; docs/decode.md says
        how it is bounded; null: the outcomes are impossible); component (row of `components`).
    components : polars.DataFrame
        Connected components: component; people; pools; method (the least exact among its
        people); error (the largest among its people); log_evidence (natural log of P(all its outcomes), -inf: impossible under the
        model, a density where Ct values count); surprise (about 0 as expected, above 10 nearly
        impossible; see `surprises`).
    pools : polars.DataFrame
        One row per pool, those of the table of pools first: pool; call; people; p_nobody (P(nobody in it is infected |
        everything), null where it is not known); expected_infected; p_missed (of negative pools: somebody is infected
        all the same); p_false_alarm (of positive and suspect ones: nobody is); component (null: it gives no evidence).
    doubts : polars.DataFrame
        Pools that could not be used as they are given: code (pool_without_people, pool_without_call, contradiction,
        seat_repeated, ct_without_positive), pool, detail. Empty where everything was used.
    judged : callable
        Computes `fit`.

    Examples
    --------
    >>> import polars as pl
    >>> seats = pl.DataFrame({"pool": ["A", "A", "B"], "person": ["p", "q", "r"]})
    >>> pools = pl.DataFrame({"pool": ["A", "B"], "call": ["positive", "negative"]})
    >>> people = pl.DataFrame({"person": ["p", "q", "r"], "prior": [0.01, 0.01, 0.01]})
    >>> found = decode(seats, pools, people)
    >>> found.pools.select("pool", pl.col("p_nobody", "expected_infected").round(4)).rows()
    [('A', 0.0493, 0.9555), ('B', 0.9995, 0.0005)]
    >>> found.doubts.height, found.fit.warnings
    (0, ())
    """

    people: pl.DataFrame
    components: pl.DataFrame
    pools: pl.DataFrame
    doubts: pl.DataFrame
    judged: Callable[[], Fit] = field(repr=False, compare=False)

    @cached_property
    def fit(self) -> Fit:
        """Agreement of the outcomes with the model, and what would fit better; computed at the first access."""
        return self.judged()


def decode(
    seats: Frame,
    pools: Frame,
    people: Frame,
    *,
    assay: Assay | Mapping[str, Any] | None = None,
    effort: Effort | Mapping[str, Any] | None = None,
    tolerance: float = 1e-7,
    most_sweeps: int = 200,
    threads: int = 2,
) -> Decoded:
    """Compute every person's probability of infection from all pools together.

    Parameters
    ----------
    seats : frame
        Of polars, pandas, pyarrow or DuckDB, as all three. pool, person: who was in which pool; text or
        integers. Codes are cleaned as everywhere, in all three tables:
        blanks around them, full width, a number's point. Twice in one pool counts once, and `doubts` names the pool.
    pools : frame
        pool; call: positive, suspect, negative, invalid (or the word for it, such as 阳性) or null (the last two
        give no evidence); ct (optional,
        cycles, null: none), which counts where the assay has `cycles`; specificity (optional): the pool's own, null:
        the assay's. A pool that has seats and no row here
        was not called; one that has a row and no seats is a component of its own without people.
    people : frame
        person, prior: P(infected) before the pools, 0 to 1.
    assay : Assay or mapping, optional
        The test; a mapping with sensitivity and specificity is enough.
    effort : Effort or mapping, optional
        How much an exact answer may cost before belief propagation takes over.
    tolerance : float
        Belief propagation on loops ends when no probability moves by more than this; on trees it runs to the
        end.
    most_sweeps : int
        ... or after so many sweeps; people who still move then get the bound of their pools' outcomes as error.
    threads : int
        Threads for belief propagation.

    Returns
    -------
    Decoded
        `people`, `components` and `pools`; every row says which method found it and how far it may be off. Where the
        outcomes are impossible under the model `p_infected` is the prior, the error is null, the surprise infinite.
        `doubts` names the pools that could not be used.

    Raises
    ------
    TableError
        A column is missing, a key is empty, not a code or repeated, a seat names an unknown person, or a call or
        prior is invalid.
    PolicyError
        The assay contradicts itself.

    Notes
    -----
    docs/decode.md has the model, the methods and their sources.

    Examples
    --------
    >>> import polars as pl
    >>> seats = pl.DataFrame({"pool": ["A", "A", "B"], "person": ["p", "q", "r"]})
    >>> pools = pl.DataFrame({"pool": ["A", "B"], "call": ["positive", "negative"]})
    >>> people = pl.DataFrame({"person": ["p", "q", "r"], "prior": [0.01, 0.01, 0.01]})
    >>> decode(seats, pools, people).people["p_infected"].round(4).to_list()
    [0.4777, 0.4777, 0.0005]
    """
    model = as_assay(assay)
    effort = as_effort(effort)
    _check_effort(tolerance, most_sweeps, threads)
    seats, pools, people = clean_tables(seats, pools, people)
    layout = lay_out(seats, pools, people, model)
    expect = partial(surprises.expectations, layout, model, threads=max(1, threads - 1))
    with ThreadPoolExecutor(1) as beside:  # the two are independent: saves a second or two for a city
        expecting = beside.submit(expect) if layout.members.size >= FEW_ROWS else None
        whole = Parts.of(layout.offsets, layout.members, layout.informative, layout.prior.size)
        measured = load_problem(layout, whole, model)
        graph = reduce_layout(layout if measured is None else layout.silenced(measured.wanted))
        if measured is not None:
            graph = replace(graph, impossible=graph.impossible | contradicted(layout))
    expected = expect() if expecting is None else expecting.result()
    parts = whole if graph.members is layout.members else Parts.of_graph(graph)
    answer = Answer.start(layout, graph, whole)
    rest = _solve_small(graph, parts, answer, effort)
    believe_rest(graph, parts, answer, rest, effort, tolerance, most_sweeps, threads)
    if measured is not None:
        expected = surprises.with_loads(expected, layout, measured)
        believe_loads(measured, answer, effort, tolerance, most_sweeps, threads)
    return _tables(people, pools.height, layout, graph, whole, answer, expected, model)


def _check_effort(tolerance: float, most_sweeps: int, threads: int) -> None:
    """Refuse a tolerance, a number of sweeps or of threads outside its range."""
    if not 0 < tolerance < 1:
        raise PolicyError.of("tolerance", where="decode", tolerance=tolerance)
    for name, value in (("most_sweeps", most_sweeps), ("threads", threads)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise PolicyError.of("from_one", where="decode", name=name, given=value)


def _solve_small(graph: Reduced, parts: Parts, answer: Answer, effort: Effort) -> NDArray[np.int32]:
    """Solve small loopy components exactly; return the pools left for belief propagation."""
    left = np.diff(graph.offsets) > 0
    for pools, who, solution in solve_loopy(graph, parts, effort):
        if solution is None:
            continue
        left[pools] = False
        answer.p_infected[who] = solution.p_infected
        answer.method[who] = METHODS.index(solution.method)
        answer.error[who] = EXACT
        answer.pool_terms[pools[0]] += solution.log_evidence
        answer.nobody[pools] = solution.nobody
    return np.flatnonzero(left).astype(np.int32)


def _tables(
    people: pl.DataFrame,
    called: int,
    layout: PoolLayout,
    graph: Reduced,
    whole: Parts,
    answer: Answer,
    expected: surprises.Expectations,
    model: Assay,
) -> Decoded:
    """Number the components in the order of their first person, and sum up evidence and methods."""
    number, count = _numbered(layout, whole)
    of_person, of_pool = number
    says = of_pool >= 0

    def per_component(of: NDArray[np.int32], weights: NDArray[np.float64]) -> NDArray[np.float64]:
        total = np.zeros(count)
        parts_kernels.sum_of_parts(of, weights, total)
        return total

    impossible = per_component(of_pool, graph.impossible.astype(np.float64)) > 0
    log_evidence = per_component(of_person, answer.person_terms)
    log_evidence += per_component(of_pool, answer.pool_terms)
    log_evidence[impossible | np.isnan(log_evidence)] = -np.inf
    impossible = np.isneginf(log_evidence)
    np.clip(answer.p_infected, 0.0, 1.0, out=answer.p_infected)  # sums of many terms round to 1 + 2e-16
    nobody = nobody_infected(layout, graph, answer.nobody, answer.p_infected, of_person)
    if impossible.any():
        hopeless = impossible[of_person]
        answer.p_infected[hopeless] = layout.prior[hopeless]
        answer.error[hopeless] = np.nan
    method, largest = np.zeros(count, np.uint8), np.zeros(count)
    parts_kernels.worst_of_parts(of_person, answer.method, answer.error, BELIEF, method, largest)
    error = np.maximum(np.where(method <= LOGIC, 0.0, EXACT), largest)
    error[impossible] = np.nan
    surprise = surprises.scores(
        log_evidence,
        *(per_component(of_pool, part) for part in (expected.offset, expected.mean, expected.variance)),
    )
    kinds = pl.Series(METHODS, dtype=pl.Enum(METHODS))
    return Decoded(
        pl.DataFrame(
            {
                "person": people["person"],
                "p_infected": answer.p_infected,
                "method": kinds.gather(answer.method),
                "error": pl.Series(answer.error).fill_nan(None),
                "component": of_person,
            }
        ),
        pl.DataFrame(
            {
                "component": np.arange(count, dtype=np.int32),
                "people": per_component(of_person, np.ones(1)).astype(np.int64),
                "pools": per_component(of_pool, np.ones(1)).astype(np.int64),
                "method": kinds.gather(method),
                "error": pl.Series(error).fill_nan(None),
                "log_evidence": log_evidence,
                "surprise": surprise,
            }
        ),
        table_of_pools(
            layout, nobody, answer.p_infected, of_pool, says & np.append(impossible, False)[of_pool]
        ),
        doubts_of_pools(
            layout.names,
            called,
            layout.sizes,
            _contradictions(layout, of_pool, impossible),
            layout.repeated,
            _unused_ct(layout, model),
        ),
        lambda: judge(layout, model, answer.p_infected, nobody, layout.ct),
    )


def _unused_ct(layout: PoolLayout, model: Assay) -> NDArray[np.int64] | None:
    """Pools with a Ct within the limit that are not called positive or suspect; None where Ct do not count."""
    if layout.ct is None or model.cycles is None:
        return None
    detected = (layout.codes == POSITIVE) | (layout.codes == SUSPECT)
    return np.flatnonzero((layout.ct <= model.cycles.limit) & ~detected)


def _contradictions(
    layout: PoolLayout, of_pool: NDArray[np.int32], impossible: NDArray[np.bool_]
) -> list[list[int]]:
    """The smallest set of pools that contradict each other, of every component whose outcomes are impossible."""
    if not impossible.any():
        return []
    told, sets = proofs(layout), []
    for component in np.flatnonzero(impossible).tolist():
        pools = np.flatnonzero(of_pool == component)
        found = contradictions(
            pools,
            lambda pool: layout.members[layout.offsets[pool] : layout.offsets[pool + 1]],
            told,
            layout.prior,
        )
        sets.append(found or pools.tolist())
    return sets


def _numbered(layout: PoolLayout, whole: Parts) -> tuple[tuple[NDArray[np.int32], NDArray[np.int32]], int]:
    """Component of each person and each pool (-1: no evidence), numbered in the order of people."""
    of_person, of_root = np.empty_like(whole.of_person), np.full(whole.of_pool.size, -1, np.int32)
    count = parts_kernels.number_parts(whole.of_person, of_root, of_person)
    says = layout.informative | (layout.sizes == 0) & _called(layout)
    of_pool = np.where(says, of_root[whole.of_pool], np.int32(-1))
    empty = says & (of_pool < 0)
    of_pool[empty] = count + np.arange(int(empty.sum()))
    return (of_person, of_pool), count + int(empty.sum())


def _called(layout: PoolLayout) -> NDArray[np.bool_]:
    """Find the pools with a likelihood other than one, with people or without."""
    return np.asarray(layout.table[layout.rows, 0] != 1.0)
