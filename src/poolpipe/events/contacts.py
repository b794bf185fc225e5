"""Read names, telephones and homes of some people from rosters and registrations, for a list that a team carries out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import polars as pl

from poolpipe.coding.cleaning import clean_codes, code_faults
from poolpipe.errors import InputError, TableError
from poolpipe.events.opening import table_batches
from poolpipe.events.reference import read_reference
from poolpipe.paths import shown
from poolpipe.tables import require

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["CONTACTS", "Contacts", "read_contacts"]

CONTACTS: Final = ("name", "phone", "township", "community", "address", "building", "household")
"""Columns that rosters and registrations tell of a person."""

BETWEEN: Final = " / "
"""Written between two values of one person that differ: it is not decided which is right."""

_KEY: Final = ("person_type", "person")


@dataclass(frozen=True, slots=True)
class Contacts:
    """What the files tell of the people asked for.

    Attributes
    ----------
    people : polars.DataFrame
        person_type, person, and `CONTACTS` as texts, null where no file has them; one row a person. Where files, or
        rows of a file, differ, the values stand side by side with ` / ` between them.
    doubtful : int
        People of whom the files tell several names.
    unread : int
        Lines of the files that could not be read.
    """

    people: pl.DataFrame
    doubtful: int = 0
    unread: int = 0

    @classmethod
    def none(cls) -> Contacts:
        """What no file tells."""
        return cls(pl.DataFrame(schema=dict.fromkeys((*_KEY, *CONTACTS), pl.String)))


def read_contacts(files: Iterable[Path], wanted: pl.DataFrame) -> Contacts:
    """Read what files tell of some people; nothing of anybody else is kept.

    Parameters
    ----------
    files : iterable of Path
        Rosters (the table `people`) and registrations (collect events), of any format that is read; of a workbook
        every sheet that has a person's number.
    wanted : polars.DataFrame
        person_type and person of the people asked for, as in the result tables.

    Returns
    -------
    Contacts

    Raises
    ------
    InputError
        If a file cannot be read, or it is not clear what its columns mean.
    TableError
        If a file has no column `person`.
    """
    keys = wanted.select(_KEY).unique()
    read = [_rows_of(file, keys) for file in files]
    found = [part for parts, _ in read for part in parts]
    rows = pl.concat(found) if found else pl.DataFrame(schema=dict.fromkeys((*_KEY, *CONTACTS), pl.String))
    told = rows.group_by(_KEY).agg(pl.col(name).drop_nulls().unique(maintain_order=True) for name in CONTACTS)
    doubtful = told.filter(pl.col("name").list.len() > 1).height
    joined = (
        pl.when(pl.col(name).list.len() > 0).then(pl.col(name).list.join(BETWEEN)).alias(name)
        for name in CONTACTS
    )
    return Contacts(told.with_columns(joined), doubtful, sum(unread for _, unread in read))


def _rows_of(file: Path, keys: pl.DataFrame) -> tuple[list[pl.DataFrame], int]:
    """Rows of the people asked for in one file, batch by batch, and how many of its lines could not be read."""
    if not file.is_file():
        raise InputError.of("no_such_file", where=shown(file))
    kept: list[pl.DataFrame] = []
    names: set[str] = set()
    unread = 0
    for told in table_batches(file, "people"):
        if told is None:  # the file is read anew
            kept, unread = [], 0
            continue
        batch, broken = told
        unread += broken
        names |= set(batch.columns)
        if "person" in batch.columns:
            kept.append(_cleaned(batch).join(keys, on=_KEY, how="semi", nulls_equal=True))
    try:
        require(sorted(names), ("person",), table=shown(file))
    except TableError as error:
        raise TableError.like(error, where=shown(file)) from None
    return kept, unread


def _cleaned(batch: pl.DataFrame) -> pl.DataFrame:
    """The columns of a batch as they are compared and shown; telephones are cleaned like codes."""
    cleaned = read_reference(people=batch).people
    known = batch.clear() if cleaned is None else cleaned
    if "phone" in known.columns:
        phones = clean_codes(known["phone"])
        faults = code_faults(phones)  # a number that has lost its digits would reach somebody else
        sound = pl.Series([True] * len(phones)) if faults is None else pl.Series(faults == 0)
        known = known.with_columns(pl.when(sound).then(phones).alias("phone"))
    missing = [name for name in (*_KEY, *CONTACTS) if name not in known.columns]
    told = known.with_columns(pl.lit(None, pl.String).alias(name) for name in missing)
    document = pl.col("person_type").fill_null("RIC")
    return told.select(document, "person", *(_text(name) for name in CONTACTS))


def _text(name: str) -> pl.Expr:
    """A text without blanks around it and inside runs of them; null where nothing is left."""
    text = pl.col(name).cast(pl.String).str.replace_all(r"[\s\u3000]+", " ").str.strip_chars()
    return pl.when(text != "").then(text).alias(name)
