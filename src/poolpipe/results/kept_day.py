"""Keep a result's tubes and people as integers beside it, so that tracing one of them does not code a city again."""

from __future__ import annotations

import json
import warnings
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa

from poolpipe.coding.dictionaries import Dictionaries, Entities
from poolpipe.errors import InputError, PoolpipeWarning
from poolpipe.results.durable import proof_of_file
from poolpipe.results.placing import SUMMARY
from poolpipe.results.replacing import replaced_folder
from poolpipe.results.written import read_written
from poolpipe.tracing.coded_day import CodedDay, code_day

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["INDEX", "kept_day"]

INDEX = ".trace-index"
"""Folder in a result: hidden, so that no run takes it for events."""

_MANIFEST = "manifest.json"
_SCHEMA = "poolpipe.trace-index/1"
_OF = ("pools", "members", "recalls", "cases")
"""Tables that the index is made from."""


def kept_day(folder: Path, plate_wells: int) -> CodedDay:
    """Read the coded day that is kept beside a result; where there is none, or one of another result, make it.

    Parameters
    ----------
    folder : Path
        A result. The index takes about half a minute to make for a city of 25 million and is read in a second.
    plate_wells : {96, 384}
        Wells of a plate.

    Returns
    -------
    CodedDay
        Its columns are mapped from the files, each of which is checked against its SHA-256 first.

    Raises
    ------
    InputError
        If the folder holds no result of poolpipe, or tables of different runs.
    """
    found = _opened(folder / INDEX, _proofs(folder), plate_wells)
    if found is not None:
        return found
    _, tables = read_written(folder)
    pools, members, recalls, cases = (tables[name] for name in _OF)
    day = code_day(pools, members, recalls, cases, plate_wells)
    try:
        with replaced_folder(folder / INDEX, lambda _: None) as stage:
            _write(stage, day, _proofs(folder), plate_wells)
    except InputError as error:
        warnings.warn(
            f"{folder}: the index cannot be kept, and is made anew each time 追踪索引无法保存，每次重新建立 ({error})",
            PoolpipeWarning,
            stacklevel=2,
        )
    return day


def _proofs(folder: Path) -> dict[str, Any] | None:
    """Size and SHA-256 of each table that the index is made from, as the summary tells them."""
    try:
        told = json.loads((folder / SUMMARY).read_text(encoding="utf-8")).get("tables", {})
    except (OSError, ValueError, AttributeError):
        return None
    return {name: told[name] for name in _OF} if set(_OF) <= set(told) else None


def _frames(day: CodedDay) -> dict[str, pl.DataFrame]:
    codes = day.codes
    return {
        "pools": day.pools,
        "members": day.members,
        "answers": day.answers,
        "others": codes.others,
        **{f"texts-{name}": pl.DataFrame({"text": texts}) for name, texts in codes.texts.items()},
        **{
            f"entities-{name}": pl.DataFrame({"round": known.rounds, "text": known.texts})
            for name, known in codes.entities.items()
        },
    }


def _write(stage: Path, day: CodedDay, of: dict[str, Any] | None, plate_wells: int) -> None:
    files = {}
    for name, frame in _frames(day).items():
        path = stage / f"{name}.arrow"
        frame.rechunk().write_ipc(path, compression="uncompressed")
        files[path.name] = proof_of_file(path)
    told = {"schema": _SCHEMA, "of": of, "plate_wells": plate_wells, "files": files}
    (stage / _MANIFEST).write_text(json.dumps(told, indent=1), encoding="utf-8")


def _mapped(path: Path) -> pl.DataFrame:
    """A frame over the mapped file: only what is looked at is read from the disk."""
    with pa.memory_map(str(path)) as file:
        return pl.DataFrame(pa.ipc.open_file(file).read_all())


def _opened(index: Path, of: dict[str, Any] | None, plate_wells: int) -> CodedDay | None:
    """The kept day, if it is whole and of this result."""
    try:
        told = json.loads((index / _MANIFEST).read_text(encoding="utf-8"))
        same = (told["schema"], told["of"], told["plate_wells"]) == (_SCHEMA, of, plate_wells)
        if (
            of is None
            or not same
            or any(proof_of_file(index / name) != proof for name, proof in told["files"].items())
        ):
            return None
        frames = {name.removesuffix(".arrow"): _mapped(index / name) for name in told["files"]}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, pa.ArrowException):
        return None
    texts = {name[6:]: frame["text"] for name, frame in frames.items() if name.startswith("texts-")}
    entities = {
        name[9:]: Entities(frame["round"].to_numpy(), frame["text"].to_numpy())
        for name, frame in frames.items()
        if name.startswith("entities-")
    }
    codes = Dictionaries(texts, entities, frames["others"], pl.DataFrame())
    return CodedDay(codes, frames["pools"], frames["members"], frames["answers"])
