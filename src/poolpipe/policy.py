"""The rules a campaign runs under: capacities, code patterns, cut-offs, clocks, test quality.

A policy is data: frozen, read from TOML, named by the hash of its content, which every result carries.
"""

from __future__ import annotations

import hashlib
import os
import tomllib
from collections.abc import Mapping
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from poolpipe.alarm_rules import AlarmRules
from poolpipe.arrival_policy import Arriving
from poolpipe.choices import suggestion
from poolpipe.cluster_policy import Clustering
from poolpipe.decoding_policy import Decoding
from poolpipe.drift_policy import DriftRules
from poolpipe.errors import PolicyError
from poolpipe.import_policy import ImportPolicy
from poolpipe.messages import message
from poolpipe.nightly_policy import Nightly
from poolpipe.past_settings import NOTHING_TELLS
from poolpipe.paths import shown
from poolpipe.serve_policy import Serving
from poolpipe.settings import Broken, SettingsTable, broken, broken_rules, broken_together
from poolpipe.store_policy import Keeping
from poolpipe.trace_policy import Tracing
from poolpipe.zones import known_zone

__all__ = [
    "PRESETS", "CallRules", "Clocks", "CodePatterns", "Decoding", "FileLimits", "Policy", "PoolSizes", "Retention", "Rules", "load_policy",
]  # fmt: skip

PRESETS = ("ten-in-one", "twenty-in-one", "single")

Hours = Annotated[float, Field(gt=0, le=24 * 365, description="hours")]
Celsius = Annotated[float, Field(ge=-273.15, le=100)]
Name = Annotated[str, Field(min_length=1, max_length=64)]
CheckRule = Literal["none", "gs1_mod10", "luhn", "mod43", "mod11_2", "mod37_2", "mod37_36"]


class FileLimits(SettingsTable):
    """Limits of a file of events."""

    longest_record: int = Field(
        4 << 20,
        ge=1 << 10,
        le=1 << 28,
        description="bytes of the longest line of a text, and of the longest cell of a table; more is not_parseable",
    )


class PoolSizes(SettingsTable):
    """Capacities of tubes and boxes."""

    capacity: int = Field(10, ge=1, le=100, description="people a pool tube is meant for, where no scan says")
    box_capacity: int = Field(
        30, ge=1, le=10_000, description="tubes a transport box takes; a box packed with more is on the board"
    )


class CodePatterns(SettingsTable):
    """Patterns of printed codes (after cleaning), and which of them end in a check character."""

    tube: str = r"[0-9A-Za-z._/-]{1,64}"
    box: str = r"[0-9A-Za-z._/-]{1,64}"
    plate: str = r"[0-9A-Za-z._/-]{1,64}"
    tube_check: CheckRule = "none"
    box_check: CheckRule = "none"
    plate_check: CheckRule = "none"
    plate_wells: Literal[96, 384] = 96
    scanner_prefixes: tuple[Name, ...] = Field((), description="texts a scanner is set to send before a code")
    scanner_suffixes: tuple[Name, ...] = Field((), description="texts a scanner is set to send after a code")
    gs1_identifiers: tuple[Name, ...] = Field(
        (),
        description="application identifiers of GS1 element strings whose value is the code, first found first",
    )

    @field_validator("tube", "box", "plate")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        """Refuse patterns that Rust's regex crate refuses: look-around, back references, excessive sizes."""
        import polars as pl

        try:
            for asked in (pattern, f"^(?:{pattern})$"):
                pl.Series([""]).str.contains(asked)
        except pl.exceptions.ComputeError as error:
            why = [line for line in str(error).splitlines() if line.startswith("error: ")]
            reason = (why or str(error).splitlines())[0].removeprefix("error: ").removeprefix("regex error: ")
            raise broken(
                "setting_regex", pattern=repr(pattern), engine="Rust's regex crate", why=reason
            ) from error
        return pattern


class CallRules(SettingsTable):
    """Cut-offs that turn Ct values into calls, and requirements for a plate's controls."""

    targets: tuple[Name, ...] = Field(("ORF1ab", "N"), min_length=1, max_length=32)
    internal_control: Name = "IC"
    detected_ct: float = Field(37.0, ge=0, le=100, description="detected at or below, cycles")
    grey_ct: float = Field(40.0, ge=0, le=100, description="grey above detected_ct and up to this, cycles")
    internal_control_ct: float = Field(40.0, ge=0, le=100, description="internal control fine at or below")
    ct_mean: float | None = Field(
        None,
        gt=0,
        le=100,
        description="mean Ct of infected people's own samples, the largest of `targets` (it decides), cycles; `fit` compares it",
    )
    ct_sd: float = Field(5.0, ge=0.1, le=100, description="standard deviation of these Ct, cycles")
    efficiency: float = Field(
        1.0,
        ge=0.1,
        le=1,
        description="PCR efficiency: a pool of n comes log(n) / log(1 + efficiency) cycles later",
    )
    negative_controls: int = Field(
        1, ge=0, le=384, description="negative control wells a valid plate has at least"
    )
    positive_controls: int = Field(
        1, ge=0, le=384, description="positive control wells a valid plate has at least"
    )

    @model_validator(mode="after")
    def _consistent(self) -> CallRules:
        rules: list[Broken] = []
        if self.grey_ct < self.detected_ct:
            cycles: dict[str, object] = {"grey": self.grey_ct, "detected": self.detected_ct}
            rules.append(("grey_below_detected", ("grey_ct", "detected_ct"), cycles))
        names = ("targets", "internal_control")
        if len(set(self.targets)) != len(self.targets) or self.internal_control in self.targets:
            rules.append(("targets_alike", names, {}))
        if any(name != name.strip() for name in (*self.targets, self.internal_control)):
            rules.append(("target_blank", names, {}))
        broken_together(rules)
        return self


class Clocks(SettingsTable):
    """Time limits that can be computed from events or reference tables, in hours; see the sources at the end."""

    pickup: Hours = Field(2, description="last swab of a tube to its pickup")
    room_temperature: Hours = Field(4, description="first swab to received")
    cold_store: Hours = Field(24, description="first swab to first load")
    result: Hours = Field(12, description="received to reported")
    result_priority: Hours = Field(6, description="received to reported, priority sites")
    result_never_beyond: Hours = Field(24, description="first swab to reported")
    recall: Hours = Field(6, description="pool positive or suspect to every member re-tested")
    city_half: Hours = Field(
        24, description="a round's first swab to half of the people on the list reported (--people)"
    )
    city_all: Hours = Field(
        48, description="a round's first swab to everybody on the list reported (--people)"
    )

    @model_validator(mode="after")
    def _in_order(self) -> Clocks:
        if self.city_all < self.city_half:
            hours: dict[str, object] = {"all": f"{self.city_all:g}", "half": f"{self.city_half:g}"}
            broken_together([("city_clocks", ("city_all", "city_half"), hours)])
        return self


class Retention(SettingsTable):
    """How long tubes are kept after the result, hours, and how cold, degrees Celsius: the table `retention`."""

    negative: Hours = Field(24, description="how long a negative tube is kept, hours")
    negative_c: Celsius = Field(4, description="at which temperature, degrees Celsius")
    positive: Hours = Field(7 * 24, description="how long a suspect or positive tube is kept, hours")
    positive_c: Celsius = Field(-20, description="at which temperature, degrees Celsius")
    discard: Hours = Field(
        24,
        description="how long a tube that may be discarded may still stand there; then it is overdue, hours",
    )


class Policy(SettingsTable):
    """The rules of one campaign; compare two by their `version`.

    Parameters
    ----------
    name : str
        Name of the policy; not part of `version`.
    time_zone : str
        IANA zone in which times without offset are read.
    files : FileLimits
        Limits of what is read from files.
    pools : PoolSizes
        How many people a tube is meant for, and how many tubes a box takes.
    codes : CodePatterns
        Patterns of tube, box and plate codes, and the wells of a plate.
    assay : CallRules
        Targets and Ct cut-offs, cycles.
    clocks : Clocks
        Time limits, hours.
    retention : Retention
        How long tubes are kept, hours, and how cold, degrees Celsius.
    decoding : Decoding
        How probabilities of people are computed from pools.
    false_alarms : AlarmRules
        When positives that the laboratory may explain are flagged for repetition.
    trace : Tracing
        How far the table `traces` goes, and how an infection spreads.
    clusters : Clustering
        Which positives hang together, and how far the space-time scan looks.
    store : Keeping
        How long a store keeps versions and events; not part of `version`.
    serve : Serving
        How much the doors of a store take, and how often it is committed; not part of `version`.
    arrivals : Arriving
        What times of arrival tell, in a store: wrong clocks and silent sources.
    nightly : Nightly
        Below which size a count by place is not shown at night, and what a sampling point is planned to do; not part of `version`.
    drift : DriftRules
        What control charts of laboratories look for; not part of `version`.
    machines : dict
        How files of machines are read: settings of docs/instruments/index.md; empty for the defaults.

    Examples
    --------
    >>> Policy().pools.capacity
    10
    """

    name: str = "ten-in-one"
    time_zone: str = "Asia/Shanghai"
    files: FileLimits = FileLimits()
    pools: PoolSizes = PoolSizes()
    codes: CodePatterns = CodePatterns()
    assay: CallRules = CallRules()
    clocks: Clocks = Clocks()
    retention: Retention = Retention()
    decoding: Decoding = Decoding()
    false_alarms: AlarmRules = AlarmRules()
    trace: Tracing = Tracing()
    clusters: Clustering = Clustering()
    store: Keeping = Keeping()
    serve: Serving = Serving()
    arrivals: Arriving = Arriving()
    nightly: Nightly = Nightly()
    drift: DriftRules = DriftRules()
    machines: dict[str, Any] = Field(
        default_factory=dict,
        description="how files of machines are read, as a table `[machines]` with settings of docs/instruments/index.md",
    )

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        return known_zone(name)

    @cached_property
    def version(self) -> str:
        """The first twelve hex digits of the SHA-256 of the rules; the name does not count."""
        # Without settings that came later the version equals that of releases before there were any.
        later = {"ct_mean", "ct_sd", "efficiency"}
        usual = {name for name in later if getattr(self.assay, name) == CallRules.model_fields[name].default}
        aside: dict[str, Any] = {
            "name": True,
            "store": True,
            "serve": True,
            "nightly": True,
            "drift": True,
            "assay": usual,
        }
        whole = ("machines", "false_alarms", "trace", "clusters", "arrivals")
        unset = (name for name in whole if getattr(self, name) == getattr(Policy(), name))
        aside |= dict.fromkeys(unset, True)
        rules = self.model_dump_json(exclude=aside)
        return hashlib.sha256(rules.encode()).hexdigest()[:12]


Rules = Policy | str | Path | Mapping[str, Any] | None
"""Types that `load_policy` takes."""


def load_policy(policy: Rules = None) -> Policy:
    """Make a policy from a preset's name, a TOML file or a mapping of settings; a Policy is returned unchanged.

    Parameters
    ----------
    policy : Policy, str, Path or mapping, optional
        A preset (`ten-in-one`, `twenty-in-one`, `single`), the path of a TOML file, or a mapping with the settings of
        such a file. A file or mapping has only settings that differ from its `base` preset (`ten-in-one` by default);
        a file without a `name` is called by the file's name, a mapping by its base's.

    Raises
    ------
    PolicyError
        If there is no such preset or file, or a rule is broken; every broken rule is listed.

    Examples
    --------
    >>> load_policy({"name": "strict", "assay": {"detected_ct": 35, "grey_ct": 38}}).assay.detected_ct
    35.0
    >>> load_policy({"asay": {"detected_ct": 35}})
    Traceback (most recent call last):
    poolpipe.errors.PolicyError: policy: asay: there is no such setting, did you mean assay? ... see docs/policy.md ...
    """
    if isinstance(policy, Policy):
        return policy
    if isinstance(policy, Mapping):
        return _based(_plain(policy), where="policy")
    if policy is None or (isinstance(policy, str | os.PathLike) and str(policy) in PRESETS):
        return _parsed(_preset(str(policy or "ten-in-one")), where=f"preset {policy}")
    if not isinstance(policy, str | os.PathLike):
        raise PolicyError.of("no_policy_type", where="policy", given=repr(policy))
    path = Path(policy)
    presets = ", ".join(PRESETS)
    if not path.is_file():
        nearest = suggestion(policy, PRESETS)
        raise PolicyError.of("no_policy", where=shown(policy), nearest=nearest, presets=presets)
    try:
        rules = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PolicyError.of("policy_unreadable", where=shown(path), why=error) from error
    except RecursionError as error:
        raise PolicyError.of("policy_unreadable", where=shown(path), why="nested too deeply") from error
    return _based({"name": shown(path.name), **rules}, where=shown(path))


def _based(rules: dict[str, object], *, where: str) -> Policy:
    """Merge settings into the preset that they name as their base."""
    base = rules.pop("base", "ten-in-one")
    if base in PRESETS:
        return _parsed(_merged(_preset(str(base)), rules), where=where)
    told = {"base": repr(base), "presets": ", ".join(PRESETS), "hint": suggestion(base, PRESETS)}
    wrong = [message("policy_base", told), *_broken(_merged(_preset("ten-in-one"), rules))]
    raise PolicyError.of("policy_broken", where=where, rules="; ".join(wrong), broken=tuple(wrong))


def _plain(rules: Mapping[str, Any]) -> dict[str, object]:
    """Copy a mapping of mappings of any types as dicts."""
    return {key: _plain(value) if isinstance(value, Mapping) else value for key, value in rules.items()}


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
    wrong = _broken(rules)
    if wrong:
        raise PolicyError.of("policy_broken", where=where, rules="; ".join(wrong), broken=tuple(wrong))
    return Policy.model_validate(rules)


def _broken(rules: dict[str, object]) -> list[str]:
    """Every rule of a policy that settings break, `[machines]` too."""
    machines = rules.get("machines")
    told = broken_rules(ImportPolicy, machines) if isinstance(machines, dict) else []
    return [*broken_rules(Policy, rules, NOTHING_TELLS), *(f"machines.{each}" for each in told)]
