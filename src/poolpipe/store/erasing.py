"""Take a person out of the parts of a store: their scans, and every text that quotes their number."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING, Any, Final

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from poolpipe.coding.cleaning import FAULTS, clean_codes
from poolpipe.coding.dictionaries import RESIDENT
from poolpipe.coding.vocabulary import known_words
from poolpipe.errors import InputError
from poolpipe.events.persons import persons
from poolpipe.store.contents import REJECTS, clear_columns, vault_columns
from poolpipe.store.sealing import PSEUDONYM, pseudonyms_of_people
from poolpipe.tables import KINDS

if TYPE_CHECKING:
    from poolpipe.store.keys import DataKeys
    from poolpipe.store.ledger import TablePart
    from poolpipe.store.part_files import PartFiles

__all__ = ["ERASED", "document", "without_person"]

ERASED: Final = "ERASED"
"""Document type of a person who was erased; the number is random."""

_OF_PERSON: Final = ("name", "person", "phone")

_SHORT: Final = 8
"""A shorter number is sought as a word of its own: the figure 12 is in many texts that name nobody."""

_WIDE: Final = {chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}


def document(person_type: str, person: str) -> tuple[str, str]:
    """Clean a document as those of events are cleaned: whoever is named is found however the number is written.

    Parameters
    ----------
    person_type : str
        In the words of laboratories or of docs/tables.md; empty is a resident ID.
    person : str
        The number.

    Raises
    ------
    InputError
        If it is no number of a document: empty, over 64 characters, or a word for an unknown one.
    """
    words = clean_codes(pl.Series([person_type], dtype=pl.String)).fill_null(RESIDENT)
    kind = known_words("person_type", words).item()
    found = persons(pa.chunked_array([pa.array([person], pa.large_string())]), None)
    fault = "" if found.faults is None else FAULTS[found.faults[0]]
    if found.missing[0] or found.bad_length[0] or fault:
        raise InputError.of("no_document", where="person")
    number = clean_codes(pl.Series([person], dtype=pl.String))
    return kind, _capital(kind, number.item())


def without_person(
    part: TablePart, kind: str, number: str, files: PartFiles, sealing: DataKeys, erased: str
) -> TablePart | None:
    """Write a part without a person: their rows stay, under a number that leads nowhere, without name and telephone.

    Texts of other events that quote the number quote the one in its place, so that a void still finds its event.

    Parameters
    ----------
    part : TablePart
        Of events or of rejects.
    kind, number : str
        The person's document, as `document` gives it.
    erased : str
        The number that takes its place, the same in every part.

    Returns
    -------
    TablePart or None
        None where the part does not name the person.
    """
    if part.content == REJECTS:
        return _rejects_without(part, number, files, sealing)
    if part.content not in KINDS:
        return None
    vault = files.vault(part, vault_columns(part.content), sealing)
    clear = files.clear(part, clear_columns(part.content))
    changed = False
    if part.content == "collect":
        given = pl.DataFrame({"person_type": [kind, ERASED], "person": [number, erased]})
        person, instead = pseudonyms_of_people(given, sealing)
        theirs = pc.equal(clear["person"], pa.scalar(person, PSEUDONYM))
        if changed := bool(pc.any(theirs).as_py()):
            clear, vault = _under_another(clear, vault, theirs, instead)
    for name in vault.column_names:
        told = pl.Series(vault[name], dtype=pl.String)
        if name != "person" and told.null_count() < len(told) and (quotes := _quotes(told, number)).any():
            changed = True
            without = told.str.replace_all(f"(?i){_spellings(number)}", erased)
            # spelled in a way that leaves no place to put another number in: nothing of it stays
            without = without.set(_quotes(without, number), ERASED)
            vault = _with(vault, name, pc.if_else(pa.array(quotes), _text(without), vault[name]))
    if not changed:
        return None
    return files.write(part.content, clear, vault, sealing, part.first_at, part.last_at)


def _under_another(
    clear: pa.Table, vault: pa.Table, theirs: pa.ChunkedArray, instead: Any
) -> tuple[pa.Table, pa.Table]:
    """Put the person of some collects under another pseudonym, without what else the vault holds of them."""
    types = pc.if_else(
        theirs, pa.scalar(ERASED, pa.large_string()), clear["person_type"].cast(pa.large_string())
    )
    clear = _with(clear, "person", pc.if_else(theirs, pa.scalar(instead, PSEUDONYM), clear["person"]))
    clear = _with(clear, "person_type", types.dictionary_encode())
    # the hash of the event would let whoever guesses the person see that they were here
    rows = int(pc.sum(theirs).as_py())
    random = pa.array([secrets.token_bytes(16) for _ in range(rows)], pa.binary(16))
    keys = pc.replace_with_mask(clear["key"].combine_chunks(), theirs.combine_chunks(), random)
    for name in _OF_PERSON:
        vault = _with(vault, name, pc.if_else(theirs, pa.scalar(None, pa.large_string()), vault[name]))
    return _with(clear, "key", keys), vault


def _rejects_without(part: TablePart, number: str, files: PartFiles, sealing: DataKeys) -> TablePart | None:
    vault = pl.DataFrame(files.vault(part, vault_columns(REJECTS), sealing))
    names = _quotes(vault["raw"], number) | _quotes(vault["detail"], number)
    if not names.any():
        return None
    emptied = vault.with_columns(
        pl.when(names).then(pl.lit(ERASED)).otherwise(pl.col(each)).alias(each) for each in vault.columns
    )
    clear = files.clear(part, clear_columns(REJECTS))
    return files.write(
        REJECTS, clear, emptied.to_arrow().cast(vault_columns(REJECTS)), sealing, part.first_at, part.last_at
    )


def _quotes(texts: pl.Series, number: str) -> pl.Series:
    """Which texts quote a number, in full width or small letters, with blanks or hyphens in it, too."""
    half = texts.str.replace_many(_WIDE).str.to_lowercase()
    sought = _capital(RESIDENT, number).lower()
    if len(sought) < _SHORT:
        word = rf"(?:^|[^0-9a-z]){re.escape(sought)}(?:$|[^0-9a-z])"
        return half.str.contains(word).fill_null(value=False)
    gap = r"[\s\-]"
    squeezed = half.str.replace_all(gap, "")
    wanted = re.sub(gap, "", sought)
    return (half.str.contains(sought, literal=True) | squeezed.str.contains(wanted, literal=True)).fill_null(
        value=False
    )


def _spellings(number: str) -> str:
    """A pattern of a number as it is written in one piece."""
    return re.escape(number) if len(number) >= _SHORT else rf"\b{re.escape(number)}\b"


def _capital(kind: str, number: str) -> str:
    """A resident ID with a capital check character."""
    is_small = kind == RESIDENT and len(number) == 18 and number.endswith("x")
    return number[:17] + "X" if is_small else number


def _text(texts: pl.Series) -> pa.Array:
    return texts.to_arrow(compat_level=pl.CompatLevel.oldest())


def _with(table: pa.Table, name: str, column: pa.Array | pa.ChunkedArray) -> pa.Table:
    """A table with another column in the place of one."""
    place = table.column_names.index(name)
    return table.set_column(place, table.schema.field(name), column.cast(table.schema.field(name).type))
