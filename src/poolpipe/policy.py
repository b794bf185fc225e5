"""The rules a campaign runs under: capacities, code patterns, cut-offs, clocks, test quality.

A policy is data: frozen, read from TOML, named by the hash of its content. Every result carries that
version, so that the same raw readings can be interpreted again under another policy and compared.
"""

from __future__ import annotations

import difflib
import hashlib
import re
import tomllib
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from poolpipe.errors import PolicyError

__all__ = [
    "PRESETS",
    "Assay",
    "Clocks",
    "Codes",
    "Decoding",
    "Policy",
    "Pools",
    "Retention",
    "load_policy",
]

PRESETS = ("ten-in-one", "twenty-in-one", "single")

Hours = Annotated[float, Field(gt=0, le=24 * 365, description="hours")]
Fraction = Annotated[float, Field(ge=0, le=1)]
CheckRule = Literal["none", "gs1_mod10", "luhn", "mod43", "mod11_2", "mod37_2", "mod37_36"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Pools(_Part):
    """How many swabs a tube takes and how many tubes a box."""

    capacity: int = Field(10, ge=1, le=100, description="people a pool tube is meant for, where no scan says")
    box_capacity: int = Field(30, ge=1, description="tubes a transport box is packed with")


class Codes(_Part):
    """What printed codes look like (after cleaning), and which of them end in a check character."""

    tube: str = r"[0-9A-Za-z._/-]{1,64}"
    box: str = r"[0-9A-Za-z._/-]{1,64}"
    plate: str = r"[0-9A-Za-z._/-]{1,64}"
    tube_check: CheckRule = "none"
    box_check: CheckRule = "none"
    plate_check: CheckRule = "none"
    plate_wells: Literal[96, 384] = 96
    scanner_prefixes: tuple[str, ...] = Field((), description="texts a scanner is set to send before a code")
    scanner_suffixes: tuple[str, ...] = Field((), description="texts a scanner is set to send after a code")
    gs1_identifiers: tuple[str, ...] = Field(
        (),
        description="application identifiers of GS1 element strings whose value is the code, first found first",
    )

    @field_validator("tube", "box", "plate")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as error:
            message = f"{pattern!r} is not a regular expression: {error}"
            raise ValueError(message) from error
        return pattern


class Assay(_Part):
    """How Ct values become calls, and what a plate's controls must show."""

    targets: tuple[str, ...] = Field(("ORF1ab", "N"), min_length=1)
    internal_control: str = "IC"
    detected_ct: float = Field(37.0, ge=0, le=100, description="detected at or below, cycles")
    grey_ct: float = Field(40.0, ge=0, le=100, description="grey above detected_ct and up to this, cycles")
    internal_control_ct: float = Field(40.0, ge=0, le=100, description="internal control fine at or below")
    negative_controls: int = Field(1, ge=0, description="negative control wells a valid plate has at least")
    positive_controls: int = Field(1, ge=0, description="positive control wells a valid plate has at least")

    @model_validator(mode="after")
    def _consistent(self) -> Assay:
        if self.grey_ct < self.detected_ct:
            message = f"grey_ct {self.grey_ct} lies below detected_ct {self.detected_ct}"
            raise ValueError(message)
        if len(set(self.targets)) != len(self.targets) or self.internal_control in self.targets:
            message = "targets and the internal control must have names of their own"
            raise ValueError(message)
        return self


class Clocks(_Part):
    """Every limit of the domain, in hours; `DOMAIN.md` of the house names the source of each."""

    pickup: Hours = Field(2, description="previous pickup (or last swab) to pickup")
    room_temperature: Hours = Field(4, description="first swab to received")
    cold_store: Hours = Field(24, description="first swab to first load")
    result: Hours = Field(12, description="received to reported")
    result_priority: Hours = Field(6, description="received to reported, priority sites")
    result_never_beyond: Hours = Field(24, description="first swab to reported")
    recall: Hours = Field(6, description="pool positive or suspect to every member re-tested")
    fever_clinic: Hours = Field(6, description="collected to reported, fever clinics")
    transfer_positive: Hours = Field(2, description="positive reported to designated hospital")
    transfer_contact: Hours = Field(8, description="determined to quarantine place")
    city_half: Hours = Field(24, description="campaign start to half of the people reported")
    city_all: Hours = Field(48, description="campaign start to everybody reported")
    lockdown_area: Hours = Field(24, description="area declared to everybody collected")
    control_area: Hours = Field(48, description="control area declared to everybody collected")
    area_release: Hours = Field(48, description="the last days in which one complete round is negative")
    future: Hours = Field(1, description="how far ahead of its arrival an event may be dated")
    skew: Hours = Field(0.25, description="sent_at against arrival: more than this is a wrong device clock")
    silence: Hours = Field(2, description="a source that sent before and then nothing for so long is silent")


class Retention(_Part):
    """How long tubes are kept after the result, hours, and how cold, degrees Celsius."""

    negative: Hours = 24
    negative_c: float = 4
    positive: Hours = 7 * 24
    positive_c: float = -20


class Decoding(_Part):
    """What is believed before the result, and how good the test is, for `p_infected`."""

    prior: Fraction = Field(0.001, description="probability that a person is infected, before any result")
    sensitivity: Fraction = Field(0.95, description="P(pool positive | somebody infected)")
    specificity: Fraction = Field(0.995, description="P(pool negative | nobody infected)")


class Policy(_Part):
    """The rules of one campaign; compare two by their `version`."""

    name: str = "ten-in-one"
    time_zone: str = "Asia/Shanghai"
    pools: Pools = Pools()
    codes: Codes = Codes()
    assay: Assay = Assay()
    clocks: Clocks = Clocks()
    retention: Retention = Retention()
    decoding: Decoding = Decoding()

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError) as error:
            message = f"{name!r} is not a time zone of the IANA database, such as Asia/Shanghai"
            raise ValueError(message) from error
        return name

    @cached_property
    def version(self) -> str:
        """The first twelve hex digits of the SHA-256 of the rules; the name does not count."""
        rules = self.model_dump_json(exclude={"name"})
        return hashlib.sha256(rules.encode()).hexdigest()[:12]


def load_policy(policy: Policy | str | Path | None = None) -> Policy:
    """Get a policy from a preset's name, a TOML file, or as it is.

    Parameters
    ----------
    policy : Policy, str or Path, optional
        A preset (`ten-in-one`, `twenty-in-one`, `single`) or the path of a TOML file. A file names only
        what differs from its `base` preset (`ten-in-one` unless it says so).

    Raises
    ------
    PolicyError
        If there is no such preset or file, or the file breaks a rule; every broken rule is listed.
    """
    if isinstance(policy, Policy):
        return policy
    if policy is None or str(policy) in PRESETS:
        return _parsed(_preset(str(policy or "ten-in-one")), where=f"preset {policy}")
    path = Path(policy)
    if not path.is_file():
        raise PolicyError(
            "there is no such policy",
            where=str(policy),
            way_out=f"give a TOML file or one of the presets {', '.join(PRESETS)}",
        )
    try:
        rules = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PolicyError(f"cannot be read: {error}", where=str(path), way_out="mend the TOML") from error
    base = rules.pop("base", "ten-in-one")
    if base not in PRESETS:
        raise PolicyError(
            f"base {base!r} is unknown", where=str(path), way_out=f"one of {', '.join(PRESETS)}"
        )
    return _parsed(_merged(_preset(base), rules), where=str(path))


def _preset(name: str) -> dict[str, object]:
    text = resources.files("poolpipe").joinpath("presets", f"{name}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def _merged(base: dict[str, object], changes: dict[str, object]) -> dict[str, object]:
    merged = dict(base)
    for key, value in changes.items():
        below = merged.get(key)
        merged[key] = _merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


def _parsed(rules: dict[str, object], *, where: str) -> Policy:
    try:
        return Policy.model_validate(rules)
    except ValidationError as error:
        broken = "; ".join(
            _told(e["type"], [str(part) for part in e["loc"]], e["msg"]) for e in error.errors()
        )
        raise PolicyError(broken, where=where, way_out="see docs/policy.md for every setting") from error


def _told(kind: str, place: list[str], message: str) -> str:
    """One broken rule in a sentence; a misspelt setting gets its likely name."""
    where = ".".join(place)
    if kind != "extra_forbidden":
        return f"{where}: {message}"
    part: type[BaseModel] = Policy
    for name in place[:-1]:
        inner = part.model_fields[name].annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            part = inner
    near = difflib.get_close_matches(place[-1], part.model_fields, n=1)
    return f"{where}: there is no such setting" + (f", did you mean {near[0]}?" if near else "")
