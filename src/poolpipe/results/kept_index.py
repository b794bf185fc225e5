"""Keep the index of a result's tubes and people beside it, as files that are mapped, so that tracing one of them codes no city again."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import warnings
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from poolpipe.errors import InputError, PoolpipeWarning
from poolpipe.messages import message
from poolpipe.paths import arrow_file, shown
from poolpipe.results.placing import SUMMARY
from poolpipe.results.replacing import replaced_folder
from poolpipe.results.written import opened
from poolpipe.tracing.city_homes import CityHomes
from poolpipe.tracing.city_index import CityIndex, RoundSeats, index_city
from poolpipe.tracing.city_lookups import city_dictionaries
from poolpipe.tracing.city_walk import CityHazards, city_hazards
from poolpipe.tracing.coded_day import code_day
from poolpipe.tracing.flat_arrays import STRETCH, DamagedError, FlatArray, proofs_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from poolpipe.policy import Policy
    from poolpipe.results.durable import Proof
    from poolpipe.tracing.coded_day import CodedDay

P = TypeVar("P", CityHomes, CityHazards)

__all__ = ["INDEX", "HomesOfList", "KeptIndex", "coded_result", "keep_homes", "kept_index", "state_of_index"]

INDEX = ".trace-index"
"""Folder in a result: hidden, so that no run takes it for events."""

_MANIFEST, _PROOFS = "manifest.json", "proofs.bin"
_SCHEMA = "poolpipe.trace-index/3"
_OF = ("pools", "members", "recalls", "cases")
"""Tables that the index is made from."""

_PEOPLE = ["person_type", "person", "collected_at", "p_infected"]
_BATCH = 1 << 20
_SEATS = ("tube", "person", "at", "begins", "rows")
_PARTS: dict[type[Any], str] = {CityHomes: "homes", CityHazards: "homes_hazards"}
"""What the files of households are called."""


class HomesOfList(NamedTuple):
    """Households of a list of residents, in an index of a city.

    Attributes
    ----------
    of : Proof
        Of the file with the list.
    homes : CityHomes
    hazards : CityHazards
        With these households, under the usual policy.
    """

    of: Proof
    homes: CityHomes
    hazards: CityHazards


class KeptIndex(NamedTuple):
    """An index as it lies in a folder, which tables and plates it is of, and the households that lie beside."""

    city: CityIndex
    of: dict[str, Any]
    homes: HomesOfList | None


def kept_index(folder: Path, plate_wells: int, usual: Policy, damaged: str | None = None) -> KeptIndex:
    """Open the index that is kept beside a result; where there is none, or one of another result, make it.

    Parameters
    ----------
    folder : Path
        A result.
    plate_wells : {96, 384}
        Wells of a plate.
    usual : Policy
        The policy under which hazards are kept: columns `hazard_…`, as `city_walk.CityHazards` has them.
    damaged : str, optional
        A file of the index that was found to be damaged: all is made anew.

    Returns
    -------
    KeptIndex
        Its columns are mapped from the files. Each stretch of 64 KiB is compared with its SHA-256 when it is first looked at, and
        `flat_arrays.DamagedError` names the file where it is another.

    Warns
    -----
    PoolpipeWarning
        If a file is damaged, or the index cannot be kept.

    Raises
    ------
    InputError
        If the folder holds no result of poolpipe, or tables of different runs.
    """
    place, of = (
        folder / INDEX,
        {
            "tables": _proofs_of_tables(folder),
            "plate_wells": plate_wells,
            "trace": usual.trace.model_dump(mode="json"),
        },
    )
    before: KeptIndex | None = None
    if damaged is None:
        try:
            before = _opened(place)
        except DamagedError as error:
            damaged = error.name
    if before is not None and of["tables"] is not None and before.of == of:
        return before
    if damaged is not None:
        _warn("index_damaged", place / damaged, {})
    day = coded_result(folder, plate_wells)
    try:
        others = city_dictionaries(before.city).others if before else None
        index = index_city(day, before.city if before else None, others, keep=True)
    except DamagedError as error:
        _warn("index_damaged", place / error.name, {})
        index = index_city(day, keep=True)
    hazards = city_hazards(index, usual)._asdict()
    index.tubes.update({f"hazard_{name}": column for name, column in hazards.items()})
    made = KeptIndex(index, of, None)
    _keep(folder, made)
    return made


def keep_homes(folder: Path, kept: KeptIndex, told: HomesOfList) -> None:
    """Keep households beside the index of a result, where it lies there still.

    Parameters
    ----------
    folder : Path
        The result.
    kept : KeptIndex
        As `kept_index` gave it.
    told : HomesOfList
        Households of its city; earlier ones are replaced.

    Warns
    -----
    PoolpipeWarning
        If they cannot be kept.
    """
    try:
        there = _opened(folder / INDEX)
    except DamagedError:
        return  # the next look at it says so
    if there is not None and there.of == kept.of:
        _keep(folder, there._replace(homes=told))


def _keep(folder: Path, kept: KeptIndex) -> None:
    place = folder / INDEX
    try:
        with replaced_folder(place, lambda _: None) as stage:
            _write(stage, place, kept)
    except InputError as error:
        _warn("index_not_kept", folder, {"why": error.what})


def coded_result(folder: Path, plate_wells: int) -> CodedDay:
    """Code a result's tables; that of its people a million at a time."""
    with opened(folder, *_OF) as written:
        pools, recalls, cases = (_frame(written.path(name)) for name in ("pools", "recalls", "cases"))
        with arrow_file(written.path("members")) as file:
            batches = pq.ParquetFile(file).iter_batches(_BATCH, columns=_PEOPLE)
            day = code_day(pools, map(_as_frame, batches), recalls, cases, plate_wells)
        written.check()
    return day


def _frame(path: Path) -> pl.DataFrame:
    # Polars takes no path that is not UTF-8.
    return (
        pl.read_parquet(path, glob=False) if shown(path) == str(path) else pl.read_parquet(path.read_bytes())
    )


def _as_frame(batch: pa.RecordBatch) -> pl.DataFrame:
    return pl.DataFrame(pa.Table.from_batches([batch])).cast({"person_type": pl.String, "person": pl.String})


def state_of_index(folder: Path) -> object:
    """A value that changes when the result or its index does; None where there is no index."""
    try:
        return tuple(_stamp(path.stat()) for path in (folder / SUMMARY, folder / INDEX / _MANIFEST))
    except OSError:
        return None


def _stamp(status: os.stat_result) -> tuple[int, ...]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _warn(code: str, where: Path, fields: dict[str, object]) -> None:
    warnings.warn(f"{shown(where)}: {message(code, fields)}", PoolpipeWarning, stacklevel=3)


def _proofs_of_tables(folder: Path) -> dict[str, Any] | None:
    """Size and SHA-256 of each table that the index is made from, as the summary tells them."""
    try:
        told = json.loads((folder / SUMMARY).read_text(encoding="utf-8")).get("tables", {})
    except (OSError, ValueError, AttributeError):
        return None
    return {name: told[name] for name in _OF} if set(_OF) <= set(told) else None


def _columns(kept: KeptIndex) -> Iterator[tuple[str, FlatArray]]:
    """Every column with the name of its file."""
    index = kept.city
    for place, people in enumerate(index.people):
        yield f"people-{place}.npy", people
    for seats in index.seats:
        for name in _SEATS:
            yield f"round-{seats.digest}-{name}.npy", getattr(seats, name)
    for name, column in index.tubes.items():
        yield f"{name}.npy", column
    if kept.homes:
        for part in kept.homes[1:]:
            for name, column in zip(part._fields, part, strict=True):
                yield f"{_PARTS[type(part)]}-{name}.npy", column


def _write(stage: Path, place: Path, kept: KeptIndex) -> None:
    index, files, proofs = kept.city, {}, []
    for name, column in _columns(kept):
        if name in files:  # two rounds without people
            continue
        proof = column.proofs
        if proof is None:
            np.save(stage / name, column.values, allow_pickle=False)
            proof = proofs_of(column.values)
        else:
            _shared(place / column.name, stage / name)  # no byte of a round that is known is written again
        files[name] = [column.values.dtype.str, len(column)]
        proofs.append(proof)
    content = b"".join(proofs)
    (stage / _PROOFS).write_bytes(content)
    told = {
        "schema": _SCHEMA,
        "of": kept.of,
        "residents": kept.homes.of if kept.homes else None,
        "rounds": index.rounds,
        "tubes": index.round_tubes.tolist(),
        "seats": index.round_seats.tolist(),
        "digests": [seats.digest for seats in index.seats],
        "people": len(index.people),
        "files": files,
        "proofs": hashlib.sha256(content).hexdigest(),
    }
    told["sha256"] = _own_proof(told)
    (stage / _MANIFEST).write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")


def _shared(path: Path, to: Path) -> None:
    try:
        os.link(path, to)
    except OSError:  # this disk has no links
        shutil.copyfile(path, to)


def _own_proof(told: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(told, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def _opened(place: Path) -> KeptIndex | None:
    """The index in a folder; None where there is none, or one of another version."""
    try:
        content = (place / _MANIFEST).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise DamagedError(_MANIFEST) from error
    try:
        told = json.loads(content)
        if told["schema"] != _SCHEMA:
            return None
        if told.pop("sha256") != _own_proof(told):
            raise DamagedError(_MANIFEST)
        proofs = (place / _PROOFS).read_bytes()
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DamagedError(_MANIFEST) from error
    if hashlib.sha256(proofs).hexdigest() != told["proofs"]:
        raise DamagedError(_PROOFS)
    columns, begin = {}, 0
    for name, (kind, rows) in told["files"].items():
        size = -(-rows * np.dtype(kind).itemsize // STRETCH) * hashlib.sha256().digest_size
        columns[name] = FlatArray(_mapped(place / name, kind, rows), name, proofs[begin : begin + size])
        begin += size
    index = CityIndex(
        told["rounds"], np.array(told["tubes"], np.int64), np.array(told["seats"], np.int64),
        [RoundSeats(digest, *(columns[f"round-{digest}-{name}.npy"] for name in _SEATS)) for digest in told["digests"]],
        [columns[f"people-{part}.npy"] for part in range(told["people"])],
        {name.removesuffix(".npy"): column for name, column in columns.items() if "-" not in name},
    )  # fmt: skip
    homes = None
    if told["residents"] is not None:
        homes = HomesOfList(told["residents"], _part(CityHomes, columns), _part(CityHazards, columns))
    return KeptIndex(index, told["of"], homes)


def _part(kind: type[P], columns: dict[str, FlatArray]) -> P:
    return kind(*(columns[f"{_PARTS[kind]}-{name}.npy"] for name in kind._fields))


def _mapped(path: Path, kind: str, rows: int) -> np.ndarray[Any, Any]:
    if not rows:
        return np.empty(0, kind)
    try:
        found = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise DamagedError(path.name) from error
    if found.dtype.str != kind or found.shape != (rows,):
        raise DamagedError(path.name)
    mapped: np.ndarray[Any, Any] = found.view(np.ndarray)
    return mapped
