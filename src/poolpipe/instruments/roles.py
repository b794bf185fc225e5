"""What is in a well, a sample or a control: the file's own task wins, a name decides only where the file is silent."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from poolpipe.import_policy import ImportPolicy, control_by_name
from poolpipe.instruments.cells import fold

if TYPE_CHECKING:
    from collections.abc import Sequence

    from poolpipe.instruments.layouts import Layout
    from poolpipe.instruments.notes import Notes
    from poolpipe.instruments.tables import Record
    from poolpipe.instruments.wells import Place

__all__ = ["CONTROLS", "Role", "role_of_name", "roles_of"]

_STANDARD = re.compile(r"st(d|andard)\b|标准")
CONTROLS = ("negative_control", "positive_control")
# Tasks of a target rather than of a well: what the well holds is said elsewhere or not at all.
OF_A_TARGET = frozenset(
    map(fold, ("ipc", "blocked_ipc", "blocked ipc", "target", "endogenous", "endogenous control"))
)


@dataclass(frozen=True, slots=True)
class Role:
    """What a well holds: sample, negative_control or positive_control; `name` is the name that alone decided it."""

    role: str
    name: str | None = None


def roles_of(
    layout: Layout, records: Sequence[Record], places: Sequence[Place], policy: ImportPolicy, notes: Notes
) -> list[Role | None]:
    """The role of each record's well; None where the file says a standard, nothing, or several things.

    Parameters
    ----------
    layout : Layout
        Gives the words of the file's tasks.
    records, places : sequence of Record, of Place
        Rows and their wells, side by side.
    policy : ImportPolicy
        `control_names` says how much a name counts.
    notes : Notes
        Gets a question wherever a name decided, or was overruled by the file.
    """
    rows: dict[tuple[str | None, str | None], list[Record]] = defaultdict(list)
    for record, place in zip(records, places, strict=True):
        # A row without a well is a world of its own.
        rows[place.plate, place.well or f"line {record.line}"].append(record)
    wells = {well: _of_well(layout, of_well, policy, notes) for well, of_well in rows.items()}
    return [
        wells[place.plate, place.well or f"line {record.line}"] or role_of_name(record, policy, notes)
        for record, place in zip(records, places, strict=True)
    ]


def _of_well(layout: Layout, rows: list[Record], policy: ImportPolicy, notes: Notes) -> Role | None:
    """The role that the tasks of a well's rows say; None where they say none, or nothing that is one."""
    tasks = [record["task"] or record["role"] for record in rows]
    said = {role for task in tasks if task and (role := layout.word(layout.roles, task))}
    names = {name for record in rows if (name := record["sample"] or record["tube"])}
    controls = said & set(CONTROLS)
    by_name = {control_by_name(name) for name in names}
    if len(controls) > 1 or (controls and "sample" in said and not by_name <= controls):
        notes.ask("task_disagrees", "the rows of one well have tasks of a sample and of a control, or of both controls",
                  f"{rows[0]['well']} (line {rows[0].line})", options=("correct the plate's set-up", "--loads"),
                  decided="no load is made of the well", setting="a plate map")  # fmt: skip
        return Role("")
    if controls:
        return Role(controls.pop())
    if "sample" in said and (control := next(iter(by_name - {None}), None)):
        over = policy.control_names == "over_task"
        name = next(name for name in sorted(names) if control_by_name(name))
        notes.ask("control_has_sample_task", f"{name!r} is named like a control, its task says that it is a sample",
                  rows[0]["well"] or name, options=("trust", "over_task"), setting="control_names",
                  decided=control if over else "sample")  # fmt: skip
        return Role(control, name) if over else Role("sample")
    if "sample" in said:
        return Role("sample")
    other = next((task for task in tasks if task and fold(task) not in OF_A_TARGET), None)
    if other is None:
        return None
    if not _STANDARD.match(fold(other)):
        notes.found("unknown_task", "a task that is neither sample nor control: nothing is taken to be in the well",
                    severity="warning", line=rows[0].line, sheet=rows[0].sheet, column="task", text=other)  # fmt: skip
    return Role("")


def role_of_name(record: Record, policy: ImportPolicy, notes: Notes) -> Role | None:
    """Decide the role of a row whose well has no task: by its name, else a sample where it has one.

    Parameters
    ----------
    record : Record
        The row.
    policy : ImportPolicy
        `control_names`.
    notes : Notes
        Takes the questions.

    Returns
    -------
    Role or None
        None where the row has no name.
    """
    name = record["sample"] or record["tube"]
    control = control_by_name(name)
    if control:
        notes.ask("control_by_name", f"{name!r} is named like a control, the file has no task for it",
                  record["well"] or name, options=("trust", "over_task", "ignore"), decided=policy.control_names,
                  setting="control_names")  # fmt: skip
        if policy.control_names != "ignore":
            return Role(control, name)
    return Role("sample") if name else None
