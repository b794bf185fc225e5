"""What each column of a table holds: roles by the header's names, and the columns of Ct values with their targets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from poolpipe.instruments.cells import fold, plain
from poolpipe.instruments.layouts import targets_in

if TYPE_CHECKING:
    from poolpipe.import_policy import ImportPolicy
    from poolpipe.instruments.documents import Row
    from poolpipe.instruments.layouts import Layout
    from poolpipe.instruments.notes import Notes

__all__ = ["Columns", "CtColumn", "columns_of"]

RIVALS = (
    "call",
    "validity",
    "status",
    "task",
    "role",
    "at",
)  # of which a second column may contradict the first
EVERY_NAME = ("ct", "flag")  # roles of which all columns count, not only the first


@dataclass(frozen=True, slots=True)
class CtColumn:
    """A column of Ct values of one target: its name is in the header (`target`) or in another column."""

    index: int
    target: str = ""
    target_index: int = -1


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a table: indices by role, and Ct columns with a target of their own."""

    header: Row
    roles: dict[str, list[int]]
    channels: tuple[CtColumn, ...] = ()
    rivals: dict[str, list[int]] = field(default_factory=dict)  # columns that say the same under another name

    @property
    def cts(self) -> list[int]:
        """Indices of all columns of Ct values."""
        return [*self.roles.get("ct", ()), *(channel.index for channel in self.channels)]

    @property
    def used(self) -> list[int]:
        """Indices of all columns that have a role."""
        named = [channel.target_index for channel in self.channels if channel.target_index >= 0]
        return [*(i for indices in self.roles.values() for i in indices), *self.cts, *named]

    @property
    def needed(self) -> list[int]:
        """Indices of the columns without which a row has no certain meaning; flags and means are optional."""
        extra = {i for role in ("flag", "mean") for i in self.roles.get(role, ())}
        return [i for i in self.used if i not in extra]

    def of(self, *roles: str) -> list[int]:
        """Indices of the columns of some roles."""
        return [i for role in roles for i in self.roles.get(role, ())]

    @property
    def unused(self) -> list[str]:
        """Names of the columns without a role."""
        used = set(self.used)
        return [plain(cell) for i, cell in enumerate(self.header.cells) if i not in used and plain(cell)]


def columns_of(layout: Layout, row: Row, policy: ImportPolicy, notes: Notes) -> Columns:
    """Assign roles to the columns below a header row; a name that occurs twice is noted.

    Parameters
    ----------
    layout : Layout
        Names of the columns.
    row : Row
        The header.
    policy : ImportPolicy
        Expected targets.
    notes : Notes
        Takes the findings.

    Returns
    -------
    Columns
    """
    names = [fold(cell) for cell in row.cells]
    roles: dict[str, list[int]] = {}
    for role, options in layout.columns.items():
        present = [option for option in options if option in names]
        chosen = present if role in EVERY_NAME else present[:1]
        if indices := [i for i, name in enumerate(names) if name in chosen]:
            roles[role] = indices
    if roles.get("position") == roles.get("well"):
        roles.pop("position", None)
    for name in sorted({name for name in names if name and names.count(name) > 1}):
        text = f"the column {name!r} stands {names.count(name)} times"
        notes.found("duplicate_column", text, severity="info", line=row.line, column=name)
    channels = []
    for channel in layout.channels:
        pair = (fold(channel.target), fold(channel.ct))
        if all(name in names for name in pair):
            channels.append(CtColumn(names.index(pair[1]), target_index=names.index(pair[0])))
    taken = {i for indices in roles.values() for i in indices}
    wide = [CtColumn(i, target) for i, target in targets_in(layout, row, policy) if i not in taken]
    taken |= {channel.index for channel in (*channels, *wide)}
    rivals = {
        role: others
        for role in RIVALS
        if role in roles
        and (others := [i for i, name in enumerate(names) if name in layout.columns[role] and i not in taken])
    }
    return Columns(row, roles, (*channels, *wide), rivals)
