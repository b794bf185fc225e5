"""Settings that decide ambiguities of instrument files; with the defaults no reading that is absent becomes negative."""

from __future__ import annotations

import re
from datetime import datetime  # noqa: TC003 -- pydantic reads the annotation
from typing import Literal

from pydantic import Field, field_validator

from poolpipe.settings import SettingsTable, broken
from poolpipe.zones import known_zone

__all__ = ["ImportPolicy", "control_by_name"]

# A plate has few controls, so their number has two digits at most; PC20220404 is a tube's barcode.
_CONTROL_NAMES = {
    "negative_control": re.compile(
        r"(?i)((PCR[ _-])?(NTC|NEC|NAC|NC|NEG)|阴性对照|阴性质控|阴性质控品|空白对照)([ _-]?\d{1,2})?"
    ),
    "positive_control": re.compile(
        r"(?i)((PCR[ _-])?(PTC|PC|POS)|阳性对照|阳性质控|阳性质控品)([ _-]?\d{1,2})?"
    ),
}


def control_by_name(name: str) -> str | None:
    """The role that a sample's name implies (NTC, PC-2, 阴性对照); None where it is not a control's name."""
    return next((role for role, names in _CONTROL_NAMES.items() if names.fullmatch(name)), None)


class ImportPolicy(SettingsTable):
    """Decisions for ambiguities of a file. Every question of a reader names the setting here.

    Parameters
    ----------
    zone : str
        IANA zone of times written without one.
    zone_abbreviations : dict of str to str
        Offsets (`+08:00`) of abbreviations that several countries use, such as CST. Without one an abbreviation is that of
        `zone` where that is called so.
    date_order : {"mdy", "dmy"}, optional
        Order of `03-10-2024` where nothing else in the file decides it; without it such a time is unknown.
    at : datetime, optional
        Time of the readings or loads where the file has none; with an offset, or in `zone`.
    reading_time : {"analysis", "run"}
        Which time a reading has: the analysis (so that a re-analysed run is a new reading), or the run's end.
    plate : str, optional
        Barcode of the plate where the file has none. One that differs from the file's is refused.
    plate_file_name : str, optional
        Regular expression with a group `plate`, matched against the file's name, where neither knows it.
    plate_wells : {96, 384}
        Size of the plate where wells are mere numbers and the file does not say.
    well_disagrees : {"majority", "name", "leave_out"}
        A row whose well number is another well than its name (A1): left out where the numbers of nearly all other rows
        fit their names, else the name counts; or always the name; or always left out.
    rotor_order : {"row", "column"}
        How positions of a rotor or a numbered worklist without wells are written as wells.
    no_call_ct : tuple of float
        Numbers that this lab's machines write for *no amplification* (40, 45, 100). Default none: 40 is a number.
    zero_ct : {"leave_out", "undetermined", "number"}
        What a Ct of exactly 0 is.
    empty_ct : {"leave_out", "undetermined"}
        What an empty Ct is where the layout does not say. Left out, the well has no call.
    omitted_wells, flagged_wells : {"leave_out", "keep"}
        Wells that the operator omitted; wells that the instrument's software flagged.
    yes_words, no_words : tuple of str
        Words for yes and no in columns such as *Omit*, beside those of the common languages. A row with any other word
        there is left out.
    duplicate_columns : {"refuse", "first", "last"}
        Two columns of one name or one meaning that do not agree.
    runs : {"one_plate", "run_is_plate"}
        Several runs in one RDML file: channels of one plate (refused where two runs read the same target in the
        same well), or a plate each, named by the run's id.
    targets : dict of str to str
        Names of targets or dyes in files -> targets of the policy (`{"FAM": "ORF1ab"}`).
    expected_targets : tuple of str
        Targets of the policy and its internal control; another name in a file is a question, another spelling of one of
        these is taken for it. Empty: any name will do.
    internal_control : str
        Which of them is the internal control, for files that call it 内标.
    sample_names : {"tubes", "ignore"}
        Whether the sample names of an instrument's file are tube barcodes and so make `load` events.
    control_names : {"trust", "ignore", "over_task"}
        Whether a sample called NTC, PC-2 or 阴性对照 is a control where the file has no task for its well. `over_task`: even
        where its task says that it is a sample.
    tube_pattern : str
        Regular expression of a tube's barcode; others are rejected as `bad_code`.
    lab : str, optional
        The lab of `load` and `report` events where the file does not say.
    round : str
        The screening round of the events; empty by default.
    encoding : str, optional
        Encoding of text that is not Unicode (`gb18030`, `cp1252`); decided by content without it.
    max_bytes, max_unpacked_bytes : int
        Bounds of a file and of what is packed inside it.

    Examples
    --------
    >>> ImportPolicy(zone="Europe/Berlin").zone
    'Europe/Berlin'
    """

    zone: str = "Asia/Shanghai"
    zone_abbreviations: dict[str, str] = Field(default_factory=dict)
    date_order: Literal["mdy", "dmy"] | None = None
    at: datetime | None = None
    reading_time: Literal["analysis", "run"] = "analysis"
    plate: str | None = None
    plate_file_name: str | None = None
    plate_wells: Literal[96, 384] = 96
    well_disagrees: Literal["majority", "name", "leave_out"] = "majority"
    rotor_order: Literal["row", "column"] = "row"
    no_call_ct: tuple[float, ...] = ()
    zero_ct: Literal["leave_out", "undetermined", "number"] = "leave_out"
    empty_ct: Literal["leave_out", "undetermined"] = "leave_out"
    omitted_wells: Literal["leave_out", "keep"] = "leave_out"
    flagged_wells: Literal["leave_out", "keep"] = "keep"
    yes_words: tuple[str, ...] = ()
    no_words: tuple[str, ...] = ()
    duplicate_columns: Literal["refuse", "first", "last"] = "refuse"
    runs: Literal["one_plate", "run_is_plate"] = "one_plate"
    targets: dict[str, str] = Field(default_factory=dict)
    expected_targets: tuple[str, ...] = ("ORF1ab", "N", "IC")
    internal_control: str = "IC"
    sample_names: Literal["tubes", "ignore"] = "tubes"
    control_names: Literal["trust", "ignore", "over_task"] = "trust"
    tube_pattern: str = r"[0-9A-Za-z._/-]{1,64}"
    lab: str | None = Field(None, min_length=1, max_length=64)
    round: str = Field("", max_length=64)
    encoding: str | None = None
    max_bytes: int = Field(64 * 2**20, gt=0)
    max_unpacked_bytes: int = Field(512 * 2**20, gt=0)

    @field_validator("lab", "plate")
    @classmethod
    def _not_blank(cls, value: str | None) -> str | None:
        if value is not None and not value.strip():
            raise broken("setting_blank")
        return value

    @field_validator("zone")
    @classmethod
    def _zone_exists(cls, value: str) -> str:
        return known_zone(value)

    @field_validator("zone_abbreviations")
    @classmethod
    def _offsets_are_offsets(cls, value: dict[str, str]) -> dict[str, str]:
        for name, offset in value.items():
            if not re.fullmatch(r"[+-]\d\d:\d\d", offset):
                raise broken("setting_offset", name=name, offset=repr(offset))
        return value

    @field_validator("plate_file_name", "tube_pattern")
    @classmethod
    def _patterns_compile(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                re.compile(value)
            except re.error as error:
                raise broken(
                    "setting_regex", pattern=repr(value), engine="Python's re", why=str(error)
                ) from error
        return value
