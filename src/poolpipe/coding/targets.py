"""Names of targets as laboratories write them (N基因, 内标): the targets of the policy that they spell."""

from __future__ import annotations

import unicodedata
from collections import Counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

__all__ = ["policy_target", "targets_known"]

_INTERNAL_CONTROL: Final = ("内标", "内标基因", "内部对照", "internal control")
"""Not 内参, a reference gene: a kit may have both, and one that failed must not hide behind the other."""

_BEHIND: Final = ("基因", " gene", "-gene")
"""What may follow a target's name."""


def policy_target(name: str, targets: Sequence[str], internal_control: str) -> str | None:
    """Find the target of a policy that a name spells, in any case and width, with 基因 behind it or not.

    Parameters
    ----------
    name : str
        As a file has it.
    targets : sequence of str
        Targets of the policy; its internal control may be among them.
    internal_control : str
        The internal control, which 内标 means too.

    Returns
    -------
    str or None
        None where the name spells none, or one of several that are spelled alike.

    Examples
    --------
    >>> [policy_target(name, ["ORF1ab", "N", "IC"], "IC") for name in ("n基因", "内标", "RP")]
    ['N', 'IC', None]
    """
    every = dict.fromkeys([*targets, internal_control])
    if name in every:
        return name
    folded = {target: _folded(target) for target in every}
    alike = Counter(folded.values())
    known = {key: target for target, key in folded.items() if alike[key] == 1}
    key = _folded(name)
    bare = next((key.removesuffix(end).strip() for end in _BEHIND if key.endswith(end)), key)
    if key in _INTERNAL_CONTROL and key not in alike:
        return internal_control
    return known.get(key) or known.get(bare)


def targets_known(names: pl.Series, targets: Sequence[str], internal_control: str) -> dict[str, str]:
    """Find which names spell a target of the policy otherwise than the policy does, and that target.

    Parameters
    ----------
    names : Series of String
        Cleaned names; null where missing.
    targets, internal_control
        As in `policy_target`.
    """
    others = [name for name in dict.fromkeys(names.to_list()) if name is not None]
    spelled = {name: policy_target(name, targets, internal_control) for name in others}
    return {name: target for name, target in spelled.items() if target and target != name}


def _folded(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())
