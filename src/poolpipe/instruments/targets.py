"""Names of targets: the policy's own words for what a file calls them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from poolpipe.coding.targets import policy_target
from poolpipe.instruments.cells import fold

if TYPE_CHECKING:
    from poolpipe.import_policy import ImportPolicy
    from poolpipe.instruments.notes import Notes

__all__ = ["expected_target", "is_expected", "target_name"]

_REFERENCE_GENE = ("内参", "内控", "内参基因")  # of a single assay, and asked; events leave it alone
_FILTERS = re.compile(r"\s*\(\d{3}\s*[-/]\s*\d{3}\)\s*$")  # wavelengths behind a dye: FAM (465-510)


def target_name(name: str, policy: ImportPolicy, notes: Notes) -> str:
    """The target that a file's name means.

    Parameters
    ----------
    name : str
        As the file writes it: a target, a dye or a channel.
    policy : ImportPolicy
        `targets` translates; an expected target in other spelling (ORF1AB, N基因, 内标) is the expected one.
    notes : Notes
        Gets a question for another spelling, and for a name that is no expected target: its readings are kept, but a
        policy that does not know the target gives no call by them.
    """
    given = {fold(key): target for key, target in policy.targets.items()}
    told = given.get(fold(name)) or given.get(fold(_FILTERS.sub("", name)))
    target = told or expected_target(name, policy) or name
    if target != name and not told:
        notes.ask("target_spelling", "an expected target in other spelling", name,
                  options=(target, name), decided=target, setting="targets")  # fmt: skip
    if policy.expected_targets and target not in policy.expected_targets:
        notes.ask("target_not_expected", "no target that is expected: the run would not count it", target,
                  options=("targets", "expected_targets"), decided="kept as it is named", setting="targets")  # fmt: skip
    return target


def is_expected(name: str, policy: ImportPolicy) -> bool:
    """Whether a name is a target that the policy expects or translates, in any spelling.

    Parameters
    ----------
    name : str
        As the file has it.
    policy : ImportPolicy
        Targets and their other names.

    Returns
    -------
    bool
    """
    return fold(name) in map(fold, policy.targets) or expected_target(name, policy) is not None


def expected_target(name: str, policy: ImportPolicy) -> str | None:
    """The expected target that a name spells, None where it spells none.

    Parameters
    ----------
    name : str
        As the file has it.
    policy : ImportPolicy
        Expected targets, and which of them is the internal control.

    Returns
    -------
    str or None

    Examples
    --------
    >>> from poolpipe.import_policy import ImportPolicy
    >>> [expected_target(name, ImportPolicy()) for name in ("N基因", "Internal Control", "RP")]
    ['N', 'IC', None]
    """
    if not policy.expected_targets:
        return None
    asked = "内标" if fold(name) in _REFERENCE_GENE else fold(name)
    return policy_target(asked, policy.expected_targets, policy.internal_control)
