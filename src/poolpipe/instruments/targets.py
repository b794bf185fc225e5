"""Names of targets: the policy's own words for what a file calls them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poolpipe.instruments.cells import fold

if TYPE_CHECKING:
    from poolpipe.instruments.notes import Notes
    from poolpipe.instruments.policy import ImportPolicy

__all__ = ["target_name"]


def target_name(name: str, policy: ImportPolicy, notes: Notes) -> str:
    """The target that a file's name means.

    Parameters
    ----------
    name : str
        As the file writes it: a target, a dye or a channel.
    policy : ImportPolicy
        `targets` translates; an expected target in other spelling (ORF1AB) is the expected one.
    notes : Notes
        Gets a question for another spelling, and for a name that is no expected target: its readings are kept, but a
        policy that does not know the target gives no call by them.
    """
    given = {fold(key): target for key, target in policy.targets.items()}
    expected = {fold(target): target for target in policy.expected_targets}
    target = given.get(fold(name)) or expected.get(fold(name)) or name
    if target != name and fold(name) not in given:
        notes.ask("target_spelling", "an expected target in other spelling", name,
                  options=(target, name), decided=target, setting="targets")  # fmt: skip
    if expected and target not in policy.expected_targets:
        notes.ask("target_not_expected", "no target that is expected: the run would not count it", target,
                  options=("targets", "expected_targets"), decided="kept as it is named", setting="targets")  # fmt: skip
    return target
