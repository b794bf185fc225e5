"""Give loads of a machine's file, which names no lab, the lab that a plate map of the same run names for their plate."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import polars as pl
import pyarrow as pa

from poolpipe.coding.cleaning import clean_codes
from poolpipe.coding.plain_texts import as_text
from poolpipe.events.columns import EncodedColumn, one_array

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from poolpipe.events.assemble import Piece
    from poolpipe.events.sources import Source
    from poolpipe.events.taking import Placed
    from poolpipe.events.valid_events import ValidEvents

__all__ = ["PlateLabs", "labs_named", "noted", "waits_for_labs"]

_KEY: Final = ("round", "plate")
_ASKED, _TAKEN = "lab_missing", "lab_of_plate_map"


def waits_for_labs(part: Placed) -> bool:
    """Whether loads of a machine's file lack a lab, which a plate map that is read later may name."""
    table = part.batch.table
    return (
        part.batch.of_machine
        and "lab" in table.column_names
        and table.column("lab").null_count > 0
        and table.column("kind")[0].as_py() == "load"
    )


@dataclass(frozen=True)
class PlateLabs:
    """The lab of each plate for which the accepted loads name exactly one.

    Attributes
    ----------
    labs : DataFrame
        round (empty where none is given), plate, lab: one row per plate.
    """

    labs: pl.DataFrame

    @classmethod
    def of(cls, pieces: Iterable[Piece]) -> PlateLabs:
        """Collect them from accepted events."""
        return cls.named(
            pl.DataFrame({name: _texts(events, name) for name in (*_KEY, "lab")})
            for events, _ in pieces
            if events.kind == "load"
        )

    @classmethod
    def named(cls, loads: Iterable[pl.DataFrame]) -> PlateLabs:
        """Collect them from frames of loads: round, plate, lab."""
        nothing = pl.DataFrame(schema=dict.fromkeys((*_KEY, "lab"), pl.String))
        named = pl.concat([nothing, *(frame.unique() for frame in loads)])
        rounds = named.with_columns(pl.col("round").fill_null("")).unique()
        return cls(rounds.filter(pl.len().over(*_KEY) == 1))

    def told_to(self, part: Placed) -> tuple[Placed, bool]:
        """Fill in the labs of a part that `waits_for_labs`; also give whether each of its loads now has one."""
        table = part.batch.table
        given = pl.DataFrame(
            {
                name: clean_codes(pl.Series(as_text(one_array(table.column(name))), dtype=pl.String))
                if name in table.column_names
                else pl.Series([None] * table.num_rows, dtype=pl.String)
                for name in (*_KEY, "lab")
            }
        ).with_columns(pl.col("round").fill_null(""))
        found = given.join(self.labs, on=_KEY, how="left", suffix="_told", maintain_order="left")
        labs = found.select(pl.coalesce("lab", "lab_told").alias("lab"))["lab"]
        filled = table.set_column(table.column_names.index("lab"), "lab", labs.to_arrow())
        return replace(part, batch=replace(part.batch, table=filled)), labs.null_count() == 0

    def told_to_all(
        self, waiting: Iterable[Placed], sources: Sequence[Source]
    ) -> tuple[list[Placed], list[str]]:
        """Fill in the labs of all parts that wait; also give the names of the files each of whose loads now has one."""
        filled: list[Placed] = []
        whole: dict[str, bool] = {}
        for part in waiting:
            told, each_has_one = self.told_to(part)
            name = sources[int(part.files[0])].name
            whole[name] = whole.get(name, True) and each_has_one
            filled.append(told)
        return filled, [name for name, each_has_one in whole.items() if each_has_one]


def noted(note: Mapping[str, Any]) -> dict[str, Any]:
    """The notes on a machine's file all of whose loads took their lab from a plate map: that is no question any more."""
    told = dict(note)
    if _ASKED in note.get("answers", {}):
        answers = {(_TAKEN if code == _ASKED else code): said for code, said in note["answers"].items()}
        told |= {"answers": dict(sorted(answers.items())), "questions": sorted(answers)}
    return told


def labs_named(loads: pa.Table) -> pl.DataFrame:
    """Round, plate and lab of a table of load events, as texts; null where it has no such column."""
    nothing = pl.Series([None], dtype=pl.String).new_from_index(0, loads.num_rows)
    return pl.DataFrame(
        {
            name: pl.Series(loads[name].cast(pa.large_string())) if name in loads.column_names else nothing
            for name in (*_KEY, "lab")
        }
    ).unique()


def _texts(events: ValidEvents, name: str) -> pl.Series:
    column = events.codes.get(name) or EncodedColumn.nothing(len(events.at))
    return column.values.gather(pl.Series(column.rows, dtype=pl.Int32).replace(-1, None))
