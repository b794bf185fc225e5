"""A mapping: what the columns, kinds and words of a city's files mean, where docs/tables.md does not know them."""

from __future__ import annotations

import tomllib
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa
from pydantic import Field, field_validator

from poolpipe.choices import suggestion
from poolpipe.coding.cleaning import clean_codes
from poolpipe.coding.headers import bare_header
from poolpipe.coding.plain_texts import as_text
from poolpipe.errors import PolicyError
from poolpipe.events.batches import KNOWN_COLUMNS
from poolpipe.paths import shown
from poolpipe.settings import SettingsTable, broken, broken_rules
from poolpipe.tables import KINDS

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

__all__ = ["SKIP", "ColumnMapping", "FileMapping", "load_mapping", "with_words"]

SKIP = "skip"
"""Kind of a file or sheet that is left out."""


def _known_columns(columns: dict[str, str]) -> dict[str, str]:
    for header, column in columns.items():
        if column and column not in KNOWN_COLUMNS:
            near = suggestion(column, sorted(KNOWN_COLUMNS))
            raise broken("mapping_column", header=header, column=column, hint=near)
    return columns


class FileMapping(SettingsTable):
    """What a file or sheet holds, where its header and name do not tell.

    Parameters
    ----------
    kind : str
        Kind of its events; `skip` leaves it out, empty leaves it to header and name.
    header : int, optional
        Line or row of the header, from 1; what stands above it is passed over.
    columns : dict of str to str
        Header to column of docs/tables.md; an empty column leaves it out.
    """

    kind: str = ""
    header: int | None = Field(None, ge=1, le=1_000)
    columns: dict[str, str] = Field(default_factory=dict)

    @field_validator("kind")
    @classmethod
    def _kind_is_known(cls, kind: str) -> str:
        if kind not in ("", SKIP, *KINDS):
            choices = (*KINDS, SKIP)
            raise broken(
                "mapping_kind", kind=kind, choices=", ".join(choices), hint=suggestion(kind, choices)
            )
        return kind

    @field_validator("columns")
    @classmethod
    def _columns_are_known(cls, columns: dict[str, str]) -> dict[str, str]:
        return _known_columns(columns)

    @cached_property
    def by_header(self) -> Mapping[str, str]:
        """Cleaned header to column."""
        return {bare_header(header): column for header, column in self.columns.items()}


class ColumnMapping(SettingsTable):
    """The mapping of a city: a TOML file that `run` and `check` take.

    Parameters
    ----------
    columns : dict of str to str
        Header to column, in every file; an empty column leaves it out.
    words : dict of str to dict
        Column to words and the values of docs/tables.md that they stand for.
    files : dict of str to FileMapping
        Name of a file, or of a sheet (`book.xlsx#sheet`), to what holds for it alone.

    Examples
    --------
    >>> mapping = ColumnMapping(columns={"登记时间": "at"}, files={"a.csv": {"kind": "collect"}})
    >>> mapping.of_file("a.csv").kind, mapping.of_file("b.csv").columns
    ('collect', {'登记时间': 'at'})
    """

    columns: dict[str, str] = Field(default_factory=dict)
    words: dict[str, dict[str, str]] = Field(default_factory=dict)
    files: dict[str, FileMapping] = Field(default_factory=dict)

    @field_validator("columns")
    @classmethod
    def _columns_are_known(cls, columns: dict[str, str]) -> dict[str, str]:
        return _known_columns(columns)

    def of_file(self, name: str) -> FileMapping:
        """What holds for a file or sheet: what is said of it counts before what is said of its workbook, and of all files.

        Parameters
        ----------
        name : str
            As results name it.
        """
        if not self.files:
            return self._of_all_files
        book = self.files.get(name.partition("#")[0], FileMapping())
        own = self.files.get(name, book)
        columns = {**self.columns, **book.columns, **own.columns}
        return FileMapping(kind=own.kind or book.kind, header=own.header or book.header, columns=columns)

    @cached_property
    def _of_all_files(self) -> FileMapping:
        """What holds for every file where none is named: one for thousands of files."""
        return FileMapping(columns=self.columns)


def load_mapping(mapping: ColumnMapping | str | os.PathLike[str] | None) -> ColumnMapping:
    """Read a mapping from a TOML file; a ColumnMapping is returned unchanged, None is an empty one.

    Parameters
    ----------
    mapping : ColumnMapping, str, Path or None

    Raises
    ------
    PolicyError
        If there is no such file, it is no TOML, or a setting of it is none; every broken rule is told.
    """
    if mapping is None:
        return ColumnMapping()
    if isinstance(mapping, ColumnMapping):
        return mapping
    path = Path(mapping)
    try:
        settings: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PolicyError.of("mapping_unreadable", where=shown(path), why=error) from error
    if wrong := broken_rules(ColumnMapping, settings):
        raise PolicyError.of("mapping_broken", where=shown(path), rules="; ".join(wrong), broken=tuple(wrong))
    return ColumnMapping.model_validate(settings)


def with_words(table: pa.Table, words: Mapping[str, Mapping[str, str]]) -> pa.Table:
    """Replace the words of a mapping in the columns of a batch by what they stand for.

    Parameters
    ----------
    table : pyarrow.Table
        Records; other columns and words stay as they are.
    words : mapping of str to mapping
        Column to words and values; words are compared after cleaning.
    """
    for column, meant in words.items():
        if column not in table.column_names:
            continue
        texts = pl.Series("values", as_text(table.column(column).combine_chunks()), pl.String)
        cleaned = clean_codes(texts)
        known = cleaned.is_in(list(meant))
        replaced = pl.select(pl.when(known).then(cleaned.replace(dict(meant))).otherwise(texts)).to_series()
        place = table.column_names.index(column)
        table = table.set_column(place, column, pa.chunked_array([replaced.to_arrow()]))
    return table
