"""Settings of decoding: the prior before any result, and how good the test is."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, model_validator

from poolpipe.accuracy import LEAST_PRIOR, POSITIVE_DAYS, SENSITIVITY, SINGLE_SPECIFICITY, SPECIFICITY
from poolpipe.settings import Broken, SettingsTable, broken_together

__all__ = ["Decoding"]

Chance = Annotated[float, Field(gt=0, le=1)]


class Decoding(SettingsTable):
    """The prior before any result, and the accuracy of the test, for `p_infected`."""

    prior: float = Field(
        0.001, ge=0, le=1, description="probability that a person is infected, before any result"
    )
    sensitivity: Chance = Field(SENSITIVITY, description="P(pool positive | somebody infected)")
    specificity: Chance = Field(SPECIFICITY, description="P(pool negative | nobody infected)")
    single_specificity: Chance = Field(
        SINGLE_SPECIFICITY,
        description="P(single negative | not infected); `specificity` where only that is given",
    )
    positive_days: float = Field(
        POSITIVE_DAYS,
        gt=0,
        le=36_500,
        description="how long an infected person tests positive on average, days: what is known of a person fades to their next round",
    )

    @model_validator(mode="before")
    @classmethod
    def _one_specificity_is_of_both(cls, rules: Any) -> Any:
        if isinstance(rules, dict) and "specificity" in rules and "single_specificity" not in rules:
            return rules | {"single_specificity": rules["specificity"]}
        return rules

    @model_validator(mode="after")
    def _positives_speak_for_infection(self) -> Decoding:
        rules: list[Broken] = []
        if 0.0 < self.prior < LEAST_PRIOR:
            least: dict[str, object] = {"least": LEAST_PRIOR, "prior": self.prior}
            rules.append(("prior_tiny", ("prior",), least))
        lower = min(self.specificity, self.single_specificity)
        if self.sensitivity + lower < 1.0:
            told = f"{self.sensitivity:g}", f"{1.0 - lower:g}"
            chances: dict[str, object] = dict(zip(("sensitivity", "complement"), told, strict=True))
            names = ("sensitivity", "specificity", "single_specificity")
            rules.append(("positive_misleads", names, chances))
        broken_together(rules)
        return self
