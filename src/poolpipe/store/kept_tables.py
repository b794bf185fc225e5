"""The kept tables of a version as a day: each is read when it is first asked for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa

from poolpipe.results.day import Day
from poolpipe.store.conclusion_tables import (
    CONCLUDED,
    CONCLUSIONS,
    CONTENTS,
    clear_schema,
    open_rows,
    vault_schema,
)
from poolpipe.store.contents import REJECTS
from poolpipe.store.reading import read_rejects
from poolpipe.tables import SORT_KEYS, TABLES
from poolpipe.zones import utc_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poolpipe.store.concluding import Concluded
    from poolpipe.store.keys import DataKeys
    from poolpipe.store.ledger import Ledger, TablePart
    from poolpipe.store.part_files import PartFiles

__all__ = ["KeptTables", "kept_day"]


class KeptTables(Mapping[str, pl.DataFrame]):
    """The tables of a version by name.

    Parameters
    ----------
    parts : list of TablePart
        Of the version: conclusions, and its rejects.
    files : PartFiles
    sealing : DataKeys, optional
        Without it people are their pseudonyms, and what the vault holds is not shown.
    """

    def __init__(self, parts: list[TablePart], files: PartFiles, sealing: DataKeys | None) -> None:
        self._parts, self._files, self._sealing = parts, files, sealing

    def __iter__(self) -> Iterator[str]:
        return iter(TABLES)

    def __len__(self) -> int:
        return len(TABLES)

    def __contains__(self, name: object) -> bool:
        return name in TABLES

    def __getitem__(self, name: str) -> pl.DataFrame:
        parts = [part for part in self._parts if part.content == name]
        if name == REJECTS:
            told = [read_rejects(part, self._files, self._sealing) for part in parts]
            empty = pl.DataFrame(schema={each.name: each.dtype for each in TABLES[name]})
            return pl.concat([empty, *told]).sort(*SORT_KEYS[name], "detail", "raw", nulls_last=False)
        schema, hidden = clear_schema(name), vault_schema(name)
        with ThreadPoolExecutor(2) as threads:
            clear = list(threads.map(lambda part: self._files.clear(part, schema), parts))
        vault = None
        if self._sealing is not None and len(hidden):
            sealing = self._sealing
            vault = pa.concat_tables(
                [hidden.empty_table(), *(self._files.vault(part, hidden, sealing) for part in parts)]
            )
        return open_rows(name, pa.concat_tables([schema.empty_table(), *clear]), vault, self._sealing)


def kept_day(
    told: Concluded, version: int, ledger: Ledger, files: PartFiles, sealing: DataKeys | None
) -> Day:
    """Give the kept tables of a version as a day.

    Parameters
    ----------
    told : Concluded
        What they are of.
    version : int
        Whose they are.
    ledger, files
        The store's.
    sealing : DataKeys, optional
        Without it the summary holds no more than `told` says.
    """
    parts = ledger.parts(version, [*CONTENTS, REJECTS])
    summary: dict[str, Any] = {
        "as_of": None if told.as_of is None else utc_text(told.as_of),
        "policy": {"name": told.policy, "version": told.policy_version},
        "rows": {name: told.rows.get(name, 0) for name in CONCLUSIONS},
    }
    if sealing is not None:
        sealed = next(part for part in parts if part.content == CONCLUDED)
        summary = json.loads(files.vault(sealed, vault_schema(CONCLUDED), sealing)["summary"][0].as_py())
    return Day(KeptTables(parts, files, sealing), summary)
