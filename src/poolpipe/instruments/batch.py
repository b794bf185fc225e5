"""Several files at once: read, check against each other, and write as event files (docs/tables.md)."""

from __future__ import annotations

import csv
import hashlib
import os
import tomllib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import polars as pl

from poolpipe.errors import PolicyError
from poolpipe.import_policy import ImportPolicy
from poolpipe.instruments import read
from poolpipe.instruments.campaign import campaign_import_policy
from poolpipe.instruments.contract_events import events, missing_facts
from poolpipe.instruments.crosscheck import check_plates, check_pools
from poolpipe.instruments.errors import AmbiguousFileError, InstrumentError
from poolpipe.instruments.model import LOADS, POOLS, InstrumentFile, Question
from poolpipe.instruments.stamping import stamp
from poolpipe.policy import Policy, load_policy
from poolpipe.settings import broken_rules

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["Imported", "import_files", "load_import_policy", "write_events"]


@dataclass
class Imported:
    """What became of one file: its content or the error, its events, and the files written."""

    path: str
    file: InstrumentFile | None = None
    error: InstrumentError | None = None
    events: dict[str, pl.DataFrame] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    written: dict[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """For programs: everything but the rows."""
        facts: dict[str, Any] = {"path": self.path} | (self.file.to_dict() if self.file else {})
        if self.error:
            facts["error"] = {"type": type(self.error).__name__, "what": self.error.what,
                              "where": self.error.where, "way_out": self.error.way_out}  # fmt: skip
        facts["events"] = {kind: frame.height for kind, frame in self.events.items()}
        facts["missing"] = self.missing
        facts["crosschecks"] = [{"code": q.code, "what": q.what, "where": q.where, "decided": q.decided}
                                for q in self.questions]  # fmt: skip
        facts["written"] = self.written
        return facts


def load_import_policy(path: Path | None, **changes: Any) -> ImportPolicy:
    """The import policy of a TOML file with changes from the command line; raises PolicyError with the reason.

    The file is a campaign's policy, with settings of imports in `[machines]`, or holds only those, at its top or in
    `[import]`.
    """
    where = str(path or "import options")
    given = {name: value for name, value in changes.items() if value not in (None, (), {})}
    try:
        settings = tomllib.loads(path.read_text("utf-8-sig")) if path else {}
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise PolicyError.of("policy_unreadable", where=where, why=error) from error
    if path is not None and ({"base", "machines"} | set(Policy.model_fields)) & set(settings):
        return campaign_import_policy(load_policy(path), **given)
    written = settings.get("import", settings)
    if not isinstance(written, dict):
        raise PolicyError.of("import_no_table", where=where)
    if wrong := broken_rules(ImportPolicy, written | given):
        raise PolicyError.of("import_broken", where=where, rules="; ".join(wrong), broken=tuple(wrong))
    return ImportPolicy.model_validate(written | given)


def import_files(
    paths: Sequence[Path],
    policy: ImportPolicy,
    *,
    known_loads: pl.DataFrame | None = None,
    stamping: Path | None = None,
    layouts: Path | None = None,
) -> list[Imported]:
    """Read files and make their events.

    Parameters
    ----------
    paths : sequence of Path
        Instrument files, worklists, maps, in any order.
    policy : ImportPolicy
        Decides what is ambiguous.
    known_loads : DataFrame, optional
        `plate`, `well` of loads known from elsewhere, for checking plates against.
    stamping : Path, optional
        CSV with columns source_plate, quadrant (1 to 4), plate: these 96 plates were stamped into a 384 plate, so
        their loads are written for that plate.
    layouts : Path, optional
        The lab's own layouts.

    Returns
    -------
    list of Imported
        One a file, in order; a file that cannot be read has its error and does not stop the others.
    """
    imported = [_read_one(path, policy, layouts) for path in paths]
    files = [item.file for item in imported if item.file is not None]
    loads = pl.concat([file.loads for file in files] or [pl.DataFrame(schema=LOADS)])
    if stamping is not None:
        imported.append(_stamped(stamping, loads, imported))
        loads = pl.concat([item.file.loads for item in imported if item.file is not None])
    known = loads.select("plate", "well")
    maps_known = _from_maps(imported).select("plate", "well")
    if known_loads is not None:
        maps_known = pl.concat([maps_known, known_loads.select("plate", "well")])
    pools = pl.concat([file.pools for file in files] or [pl.DataFrame(schema=POOLS)])
    for item in imported:
        if item.file is None:
            continue
        if maps_known.height and item.file.readings.height:
            own = known.filter(pl.col("plate").is_in(item.file.loads["plate"].drop_nulls().to_list()))
            reference = (
                pl.concat([maps_known, own]) if item.file.recognised.plate_from == "each row" else maps_known
            )
            item.questions += check_plates(item.file.readings, reference.unique())
        if not item.file.readings.height:
            item.questions += check_pools(item.file.reports["tube"], pools)
        item.missing = missing_facts(item.file)
        try:
            item.events = events(item.file, policy)
        except InstrumentError as error:
            item.error = error
    return imported


def _read_one(path: Path, policy: ImportPolicy, layouts: Path | None) -> Imported:
    try:
        return Imported(str(path), read(path, policy=policy, layouts=layouts))
    except InstrumentError as error:
        return Imported(str(path), error=error)


def _from_maps(imported: list[Imported]) -> pl.DataFrame:
    """Loads of robots and maps only: what a PCR machine's file says about itself proves nothing about its plate."""
    frames = [item.file.loads for item in imported if item.file is not None and not item.file.readings.height]
    return pl.concat(frames or [pl.DataFrame(schema=LOADS)])


def _stamped(path: Path, loads: pl.DataFrame, imported: list[Imported]) -> Imported:
    """The stamping as a file of its own; loads of the stamped plates are taken out of the others."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = [{k: (v or "").strip() for k, v in row.items() if k} for row in csv.DictReader(stream)]
        plates: dict[str, dict[str, int]] = {}
        for row in rows:
            quadrants = plates.setdefault(row["plate"], {})
            if row["source_plate"] in quadrants:
                raise AmbiguousFileError.of("stamped_twice", where=str(path), plate=row["source_plate"])
            quadrants[row["source_plate"]] = int(row["quadrant"])
        frames = [stamp(loads, quadrants, plate) for plate, quadrants in plates.items()]
    except InstrumentError as error:
        return Imported(str(path), error=error)
    except (OSError, KeyError, ValueError, csv.Error) as error:
        fault = InstrumentError.of("no_stamping", where=str(path), why=repr(error))
        return Imported(str(path), error=fault)
    sources = [source for quadrants in plates.values() for source in quadrants]
    for item in imported:
        if item.file is not None:
            rest = item.file.loads.filter(~pl.col("plate").is_in(sources).fill_null(value=False))
            item.file = replace(item.file, loads=rest)
    from poolpipe.instruments.model import READINGS, REPORTS, Recognised

    content = pl.concat(frames or [pl.DataFrame(schema=LOADS)])
    digest = hashlib.sha256(content.write_ndjson().encode()).hexdigest()
    recognised = Recognised(format="stamping", plate_from="each row", plate_wells=384, sha256=digest)
    file = InstrumentFile(
        path.name, pl.DataFrame(schema=READINGS), content, pl.DataFrame(schema=REPORTS), pl.DataFrame(schema=POOLS),
        recognised,
    )  # fmt: skip
    return Imported(str(path), file)


def write_events(imported: list[Imported], out: Path) -> None:
    """Write each file's events to `OUT/<kind>/<digest>.ndjson`, each file in one atomic step.

    The name is made of the source's content, so that importing a file again replaces its events by the same ones.

    Parameters
    ----------
    imported : list of Imported
        Files as read; those with an error are left out.
    out : Path
        Made where it does not exist.
    """
    for item in imported:
        if item.file is None or item.error is not None:
            continue
        for kind, frame in item.events.items():
            folder = out / kind
            folder.mkdir(parents=True, exist_ok=True)
            target = folder / f"{item.file.recognised.sha256[:16]}.ndjson"
            content = _as_text(frame).encode()
            same = target.exists() and target.read_bytes() == content
            if not same:
                state = "replaced" if target.exists() else "written"
                draft = target.with_name(f".{target.name}.{os.getpid()}")
                draft.write_bytes(content)
                draft.replace(target)
            item.written[str(target)] = "unchanged" if same else state


def _as_text(frame: pl.DataFrame) -> str:
    """NDJSON with times as RFC 3339 in UTC."""
    return frame.with_columns(pl.col("at").dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")).write_ndjson()
