"""Posteriors of disjoint pools on flat arrays, for a round in which nobody sits in two tubes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from poolpipe.decode.assays import NO_CALL, Assay, as_assay
from poolpipe.decode.ranges import on_threads
from poolpipe.errors import PolicyError
from poolpipe_kernels import counts, posterior

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

__all__ = ["likelihood_rows", "posteriors"]

MOST_SEATS = 1 << 40
"""More than anybody's memory holds: an offset beyond is damaged."""


def posteriors(
    offsets: NDArray[np.integer],
    calls: NDArray[np.integer],
    prior: ArrayLike,
    assay: Assay | Mapping[str, Any],
    *,
    threads: int = 2,
) -> NDArray[np.float64]:
    """P(infected) of every seat of pools that share nobody.

    Parameters
    ----------
    offsets : integer array, shape (pools + 1,)
        Seats of pool p are ``offsets[p]`` up to ``offsets[p + 1]``.
    calls : integer array, shape (pools,)
        0 invalid, 1 negative, 2 suspect, 3 positive (the order of `tables.CALLS`), 4 or -1 no call.
    prior : float or array, shape (seats,)
        P(infected) before the test, in [0, 1].
    assay : Assay or mapping
        The test, as for `decode`.
    threads : int
        Threads; each computes a range of pools. The kernel releases the GIL.

    Returns
    -------
    array of float64, shape (seats,)
        In seat order. Where the outcome is impossible under the model it is the prior.

    Raises
    ------
    PolicyError
        Offsets that do not rise from 0, a code that is no call, a prior that is no probability, or sizes that do not
        fit each other; or the assay contradicts itself.

    Notes
    -----
    ``p_i = prior_i * P(y | i infected) / P(y)`` (Dorfman 1943 with Bayes); exact. With dilution the count of
    the others is Poisson-binomial, summed without division (`poolpipe_kernels.counts.leave_one_out`).

    Examples
    --------
    Two people in a positive pool and one in a negative one:

    >>> posteriors(np.array([0, 2, 3]), np.array([3, 1]), 0.01, Assay()).round(4).tolist()
    [0.4777, 0.4777, 0.0005]
    """
    starts, codes = _checked(offsets, calls, threads)
    assay = as_assay(assay)
    try:
        priors = np.atleast_1d(np.asarray(prior, np.float64))
    except (TypeError, ValueError) as error:
        raise PolicyError.of("prior_not_numbers", where="prior") from error
    if priors.ndim != 1 or priors.size not in {1, int(starts[-1])}:
        raise PolicyError.of("prior_count", where="prior", priors=priors.size, seats=int(starts[-1]))
    if priors.size and not (priors.min() >= 0 and priors.max() <= 1):  # not a number is neither
        raise PolicyError.of("prior_outside", where="prior")
    rows, table = likelihood_rows(np.diff(starts), codes, assay)
    run = counts.counted if assay.counts_matter else posterior.present
    p_infected = np.empty(int(starts[-1]), np.float64)
    unwanted = np.empty(0, np.float64)

    def find(first: int, last: int) -> None:
        run(starts, rows, table, priors, first, last, p_infected, unwanted)

    on_threads(find, codes.size, threads)
    return p_infected


def _checked(
    offsets: NDArray[np.integer], calls: NDArray[np.integer], threads: int
) -> tuple[NDArray[np.int64], NDArray[np.integer]]:
    """Check offsets and codes, so that the kernels do not read beyond their arrays."""
    starts, codes = np.asarray(offsets), np.asarray(calls)
    whole = all(each.ndim == 1 and (each.dtype.kind in "iu" or not each.size) for each in (starts, codes))
    if not whole or not starts.size or starts[0] != 0 or (starts[1:] < starts[:-1]).any():
        raise PolicyError.of("bad_offsets", where="offsets")
    if int(starts[-1]) > MOST_SEATS:
        raise PolicyError.of("too_many_seats", where="offsets", seats=int(starts[-1]), most=MOST_SEATS)
    if codes.size != starts.size - 1:
        raise PolicyError.of("call_count", where="calls", calls=codes.size, pools=starts.size - 1)
    if codes.size and not -1 <= int(codes.min()) <= int(codes.max()) <= NO_CALL:
        wrong = int(codes[(codes < -1) | (codes > NO_CALL)][0])
        raise PolicyError.of("call_code", where="calls", given=wrong, least=-1, most=NO_CALL)
    if isinstance(threads, bool) or not isinstance(threads, int) or threads < 1:
        raise PolicyError.of("from_one", where="posteriors", name="threads", given=threads)
    return np.ascontiguousarray(starts, np.int64), codes


def likelihood_rows(
    people: NDArray[np.int64], calls: NDArray[np.integer], assay: Assay
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Make a table of P(outcome | k infected), and find each pool's row; pools without Ct share rows.

    Without dilution a row is (nobody, somebody) and does not depend on the pool's size; with it the row is as
    long as the largest pool has people, plus one.

    Parameters
    ----------
    people : (pools,) int64
        People in each pool.
    calls : (pools,) int
        Codes of the calls, as in `assays`.
    assay : Assay
        The test.

    Returns
    -------
    rows : (pools,) int64
        Row of each pool in `table`.
    table : (rows, width) float64
    """
    codes = np.where(calls < 0, NO_CALL, calls).astype(np.int64)
    if not assay.counts_matter:
        return codes, np.asarray([assay.likelihood(code, 1) for code in range(NO_CALL + 1)])
    widest = int(people.max(initial=1))
    keys, rows = np.unique(people * (NO_CALL + 1) + codes, return_inverse=True)
    table = np.zeros((keys.size, widest + 1))
    for at, key in enumerate(keys.tolist()):
        size, code = divmod(key, NO_CALL + 1)
        table[at, : size + 1] = assay.likelihood(code, size)
    return rows.astype(np.int64), table
