"""The import policy of a campaign: its zone, targets, plates and tube codes, and what its `[machines]` table adds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from poolpipe.errors import PolicyError
from poolpipe.import_policy import ImportPolicy
from poolpipe.settings import broken_rules

if TYPE_CHECKING:
    from poolpipe.policy import Policy

__all__ = ["campaign_import_policy"]


def campaign_import_policy(policy: Policy, **changes: Any) -> ImportPolicy:
    """How machines' files are read under a campaign's policy.

    Parameters
    ----------
    policy : Policy
        Gives the time zone, the targets and internal control, the size of plates, the pattern of tubes, and `[machines]`.
    **changes
        Settings from the command line, which count before all others.

    Raises
    ------
    PolicyError
        If `[machines]` has a setting that does not exist or a value outside its range.
    """
    of_campaign = {
        "zone": policy.time_zone,
        "expected_targets": (*policy.assay.targets, policy.assay.internal_control),
        "internal_control": policy.assay.internal_control,
        "plate_wells": policy.codes.plate_wells,
        "tube_pattern": policy.codes.tube,
    }
    settings = of_campaign | policy.machines | changes
    if wrong := broken_rules(ImportPolicy, settings):
        raise PolicyError.of(
            "import_broken", where="[machines] of the policy", rules="; ".join(wrong), broken=tuple(wrong)
        )
    return ImportPolicy.model_validate(settings)
