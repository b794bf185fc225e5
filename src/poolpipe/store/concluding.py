"""Keep what is concluded from a version in the store: every table as parts, and what they are of, as one version."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version as version_of
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from poolpipe.errors import InputError
from poolpipe.messages import message
from poolpipe.store.checking import StoreFinding
from poolpipe.store.conclusion_tables import (
    CONCLUDED,
    CONCLUSIONS,
    CONTENTS,
    VERSION,
    clear_schema,
    seal_rows,
    vault_schema,
)
from poolpipe.store.ledger_rows import digest_of_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from poolpipe.policy import Policy
    from poolpipe.results.day import Day
    from poolpipe.store.keys import DataKeys
    from poolpipe.store.ledger import Ledger, TablePart
    from poolpipe.store.part_files import PartFiles

    Progress = Callable[[str, int, int], None]

__all__ = [
    "Concluded",
    "check_conclusions",
    "concluded_at",
    "conclusions_among",
    "digest_of_events",
    "keep_day",
    "version_with_tables",
]


@dataclass(frozen=True, slots=True)
class Concluded:
    """What the kept tables of a version are of.

    Attributes
    ----------
    version : int
        In which they were committed, with the events that they follow from.
    as_of : datetime or None
        The moment of the day; None where no event was accepted.
    concluded_at : datetime
    policy, policy_version : str
        Name, and hash of all rules.
    rules : str
        The policy as JSON.
    poolpipe : str
        The version of poolpipe that concluded: another may conclude otherwise.
    rows : dict
        Table to its rows.
    """

    version: int
    as_of: datetime | None
    concluded_at: datetime
    policy: str
    policy_version: str
    rules: str
    poolpipe: str
    rows: dict[str, int]

    def is_of(self, policy: Policy) -> bool:
        """Whether concluding now under a policy would give these tables."""
        return self.rules == policy.model_dump_json() and self.poolpipe == version_of("poolpipe")


def conclusions_among(parts: list[TablePart]) -> list[TablePart]:
    """The parts of conclusions among those of a version."""
    return [part for part in parts if part.content in CONTENTS]


def digest_of_events(ledger: Ledger, version: int) -> str:
    """Digest of all files from which a version is concluded."""
    return digest_of_files(part for part in ledger.parts(version) if part.content not in CONTENTS)


def version_with_tables(ledger: Ledger, version: int) -> int | None:
    """The version whose kept tables are of a version's events: itself, or the next, which added nothing but them."""
    if ledger.parts(version, [CONCLUDED]):
        return version
    following = next((each for each in ledger.versions() if each.version == version + 1), None)
    return (
        version + 1
        if following and following.what == "conclude" and ledger.parts(version + 1, [CONCLUDED])
        else None
    )


def concluded_at(ledger: Ledger, files: PartFiles, version: int) -> Concluded | None:
    """What the tables of a version are of; None where it has none."""
    for part in ledger.parts(version, [CONCLUDED]):
        told = files.clear(part, clear_schema(CONCLUDED)).to_pylist()[0]
        return Concluded(**{**told, "rows": json.loads(told["rows"])})
    return None


def check_conclusions(ledger: Ledger, files: PartFiles, version: int | None = None) -> Iterator[StoreFinding]:
    """Compare the conclusions of one or every version with what is told of them; damaged files are named by `check_store`."""
    seen: set[tuple[int, ...]] = set()
    for each in ledger.versions():
        if version not in (None, each.version):
            continue
        parts = ledger.parts(each.version, CONTENTS)
        numbers = tuple(part.id for part in parts)
        if not parts or numbers in seen:
            continue
        seen.add(numbers)
        where = f"version {each.version}"
        try:
            told = concluded_at(ledger, files, each.version)
        except InputError:
            continue
        held = dict.fromkeys(CONCLUSIONS, 0)
        for part in parts:
            if part.content != CONCLUDED:
                held[part.content] += part.rows
        for name, rows in held.items():
            count = -1 if told is None else told.rows.get(name, 0)
            if rows != count:
                fields = {"what": name, "count": count, "held": rows}
                yield StoreFinding("counts_differ", where, message("store_counts_differ", fields))


def keep_day(
    day: Day,
    rules: Policy,
    ledger: Ledger,
    files: PartFiles,
    sealing: DataKeys,
    progress: Progress | None = None,
) -> int:
    """Write a day's tables into the store, and commit them as a version that has the newest one's events.

    Parameters
    ----------
    day : Day
        Concluded from the newest version's events, with the key.
    rules : Policy
        By which.
    ledger, files, sealing
        The store's, its lock held.
    progress : callable, optional
        Called with ("keeping the tables", rows written, of how many).

    Returns
    -------
    int
        The version: synced. Earlier tables are not part of it.

    Raises
    ------
    InputError
        If the disk does not take it; then the store is as it was.
    """
    version = ledger.newest() + 1
    rows = {name: int(day.summary["rows"][name]) for name in CONCLUSIONS}
    made: list[TablePart] = []
    try:
        for name in CONCLUSIONS:
            if rows[name]:
                _write(name, day, version, files, sealing, made)
            if progress:
                progress("keeping the tables", sum(each.rows for each in made), sum(rows.values()))
        made.append(_told(day, rules, version, rows, files, sealing))
    except BaseException:
        for part in made:
            files.remove(part)
        raise
    files.sync()
    # of a commit that failed nobody knows whether the disk has it: the files stay until the next writer knows
    before = conclusions_among(ledger.parts(ledger.newest()))
    with ledger.committing():
        return ledger.add_version("conclude", made, removed=[part.id for part in before])


def _write(
    name: str, day: Day, version: int, files: PartFiles, sealing: DataKeys, made: list[TablePart]
) -> None:
    """Write the parts of a table, one for each batch."""
    first = 0
    for batch in day.batched(name).batches():
        clear, vault = seal_rows(name, batch, first, version, sealing)
        made.append(files.write(name, clear, vault, sealing))
        first += len(batch)


def _told(
    day: Day, rules: Policy, version: int, rows: dict[str, int], files: PartFiles, sealing: DataKeys
) -> TablePart:
    """Write the one row that says what the tables are of; the summary, which may quote records, is sealed."""
    moment = day.summary["as_of"]
    told: dict[str, Any] = {
        VERSION: version,
        "as_of": None if moment is None else datetime.fromisoformat(moment),
        "concluded_at": datetime.now(UTC),
        "policy": rules.name,
        "policy_version": rules.version,
        "rules": rules.model_dump_json(),
        "poolpipe": version_of("poolpipe"),
        "rows": json.dumps(rows),
    }
    summary = json.dumps(day.summary, ensure_ascii=False)
    return files.write(
        CONCLUDED,
        pa.Table.from_pylist([told], clear_schema(CONCLUDED)),
        pa.Table.from_pylist([{"summary": summary}], vault_schema(CONCLUDED)),
        sealing,
    )
