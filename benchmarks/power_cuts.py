"""Cut the power at every moment of a store's life, and hold what is left against what had been acknowledged.

    python -m benchmarks.power_cuts --states 10000 --seed 1 --write

Makes a store, ingests, concludes, compacts, changes keys and erases while every file operation is recorded; draws states in which a
power cut may leave the folder; opens each, compares its tables with those of the files that had been acknowledged, with
or without the command in flight, lets a writer clean up, and sometimes checks all and ingests everything again.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import poolpipe
from benchmarks.power_record import Recorder
from benchmarks.power_trials import Wrong, argument_parser, tried, tried_in_memory
from poolpipe.store import Store
from poolpipe.store.conclusion_tables import CONTENTS
from poolpipe.store.delta_log import LOGGED, _replayed
from poolpipe.store.part_proofs import is_proved
from poolpipe.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

DOCS = Path(__file__).parents[1] / "docs"
PERSON = "E0000003"
"""Whom the recorded store erases."""

_HIDDEN = ("rejects",)
"""Compared by their counts: what they say names files, and an erased person's is emptied."""


def write_scans(folder: Path) -> list[Path]:
    """A few small files of every kind that matters here: two rounds of collects, repeats, a refused record, results."""
    folder.mkdir(parents=True, exist_ok=True)
    head = "at,tube,person_type,person,name,phone\n"
    texts = {
        "collect-1.csv": head + "".join(
            f"2022-02-10 08:0{n},T{n // 4},PASSPORT,E000000{n},Name {n},1390000000{n}\n" for n in range(8)
        ),
        "collect-2.csv": head + "".join(
            f"2022-02-11 08:0{n},U{n // 4},PASSPORT,E000000{n},Name {n},1390000000{n}\n" for n in range(8)
        ) + "yesterday,U1,PASSPORT,E0000003,Name 3,\n",
        "report-1.csv": "at,tube,call\n2022-02-10 15:00,T0,positive\n2022-02-10 15:00,T1,negative\n",
        "collect-3.csv": head + "".join(
            f"2022-02-10 08:0{n},T{n // 4},PASSPORT,E000000{n},Name {n},1390000000{n}\n" for n in range(4, 9)
        ),
        "report-2.csv": "at,tube,call\n2022-02-11 15:00,U0,negative\n2022-02-11 15:00,U1,negative\n",
    }  # fmt: skip
    for name, text in texts.items():
        (folder / name).write_text(text, "utf-8")
    return [folder / name for name in texts]


@dataclass
class Life:
    """A recorded store: its steps, and what it held after each command."""

    root: Path
    path: Path
    scans: list[Path]
    recorder: Recorder
    held: list[tuple[frozenset[str], dict[str, Any]]] = field(default_factory=list)
    kept: list[bool] = field(default_factory=list)
    """Whether the store kept conclusions then."""

    def expected(self, done: int) -> list[tuple[frozenset[str], dict[str, Any]]]:
        """What may be there when so many commands are acknowledged: with or without the next."""
        return self.held[done : done + 2]


def tables_of(day: poolpipe.Day) -> dict[str, Any]:
    """The tables of a day; an erased person's random number is left out."""
    told: dict[str, Any] = {name: day.table(name) for name in TABLES if name not in _HIDDEN}
    for name, table in told.items():
        if {"person", "person_type"} <= set(table.columns):
            told[name] = table.with_columns(
                person=table["person"].zip_with(table["person_type"] != "ERASED", table["person"].clear(len(table)))
            ).sort(table.columns, maintain_order=True) if "ERASED" in table["person_type"] else table  # fmt: skip
    return told | {"rejects": day.rejects.height}


def same(mine: dict[str, Any], yours: dict[str, Any]) -> bool:
    return all(
        mine[name] == yours[name] if isinstance(mine[name], int) else mine[name].equals(yours[name])
        for name in mine
    )


def recorded_life(folder: Path) -> Life:
    """Live through a store's commands while every operation is recorded."""
    scans = write_scans(folder / "scans")
    root = folder / "disk"
    root.mkdir()
    path = root / "new" / "city"
    life = Life(root, path, scans, Recorder(root))
    one, two, three, four, five = scans
    commands: list[Callable[[Store], object]] = [
        lambda store: store.version,
        lambda store: store.ingest(one),
        lambda store: store.ingest([two, three]),
        lambda store: store.conclude(),
        lambda store: store.compact(keep_days=0),
        lambda store: store.rotate_key(),
        lambda store: store.ingest(four),
        lambda store: store.conclude(),
        lambda store: store.erase(PERSON, "PASSPORT"),
        lambda store: store.conclude(),
        lambda store: store.rotate_key(data=True),
        lambda store: store.note_unsealing("me", "run", "test"),
        lambda store: store.ingest(five),
        lambda store: store.conclude(),
        lambda store: store.compact(keep_days=0),
    ]
    life.held.append((frozenset(), tables_of(poolpipe.run({}))))
    life.kept.append(False)
    with life.recorder.recording():
        for place, command in enumerate(commands):
            with Store(path) as store:
                command(store)
                life.recorder.done()
                day = tables_of(store.run())
                taken = frozenset(Path(name).name for name in store.inputs()["file"])
                life.kept.append(store.kept() is not None)
            if place < 8:  # nobody is erased yet: the files say the same
                given = [each for each in scans if each.name in taken]
                assert same(day, tables_of(poolpipe.run(given or {}))), place
            life.held.append((taken, day))
    return life


class Verifier:
    """Opens states, and remembers the tables of what it has seen, because files of one hash say one thing."""

    def __init__(self, life: Life) -> None:
        self._life = life
        self._seen: dict[Any, dict[str, Any]] = {}
        self.counts: Counter[str] = Counter()

    def verify(self, done: int, *, whole: bool) -> None:
        """Hold the folder on disk against what is expected of it.

        Raises
        ------
        Wrong
            With what was found.
        """
        life = self._life
        may = life.expected(done)
        with Store(life.path) as store:
            self._hold(store, may)
            self._hold_kept(store, life.kept[done : done + 2])
            before = self._tables(store)
            with store._writing():
                pass
            self._clean(store)
            if not same(before, self._tables(store)):
                raise Wrong("cleaning up changed the tables")
            if whole:
                self._ingest_again(store, may)

    def _hold(self, store: Store, may: Sequence[tuple[frozenset[str], dict[str, Any]]]) -> None:
        taken = [Path(name).name for name in store.inputs()["file"]]
        if len(set(taken)) != len(taken) or set(taken) not in [set(files) for files, _ in may]:
            raise Wrong(f"taken are {taken}, not {[sorted(files) for files, _ in may]}")
        for part in store._ledger.all_parts():
            for name, proof in ((part.path, part.proof), (part.vault, part.vault_proof)):
                if name and not is_proved(store.path / name, proof, thorough=True):
                    raise Wrong(f"{name} is not as it was")
        mine = self._tables(store)
        if not any(same(mine, tables) for files, tables in may if set(files) == set(taken)):
            raise Wrong(f"tables are of no expected state, with {taken}")
        self.counts["with the command in flight" if set(taken) != may[0][0] else "as acknowledged"] += 1

    def _hold_kept(self, store: Store, may: Sequence[bool]) -> None:
        """Hold conclusions that are kept against what is concluded now."""
        kept = store.kept()
        if (kept is not None) not in may:
            raise Wrong(f"conclusions are {'kept' if kept else 'not kept'}")
        if kept is None:
            return
        self.counts["with conclusions"] += 1
        seen = (
            "kept",
            tuple(part.sha256 for part in store._ledger.parts(store.version)),
            store._keys.sealing,
        )
        if seen not in self._seen:
            self._seen[seen] = tables_of(kept)
        if not same(self._seen[seen], self._tables(store)):
            raise Wrong("conclusions that are kept are not those of the events")

    def _tables(self, store: Store) -> dict[str, Any]:
        parts = tuple(part.sha256 + part.vault_sha256 for part in store._ledger.parts(store.version))
        seen = (parts, store._keys.sealing)
        if seen not in self._seen:
            self._seen[seen] = tables_of(store.run())
        return self._seen[seen]

    @staticmethod
    def _clean(store: Store) -> None:
        named = {name for part in store._ledger.all_parts() for name in (part.path, part.vault) if name}
        there = {path.relative_to(store.path).as_posix() for path in store.path.glob("*/*/*.parquet")}
        if named != there:
            raise Wrong(f"files are left or gone: {sorted(named ^ there)}")
        if strange := [path.name for path in store.path.rglob("*.tmp")]:
            raise Wrong(f"left behind: {strange}")
        for content in (*LOGGED, *(CONTENTS if store.kept() else ())):
            log, live = store.path / "tables" / content / "_delta_log", {p.name for p in store.files(content)}
            if live and set(_replayed(log) or {}) != live:
                raise Wrong(f"the Delta log of {content} is behind")

    def _ingest_again(self, store: Store, may: Sequence[tuple[frozenset[str], dict[str, Any]]]) -> None:
        self.counts["checked and ingested again"] += 1
        if found := store.check():
            raise Wrong(f"check finds {found}")
        store.ingest(self._life.scans)
        store.conclude()
        if found := store.check():
            raise Wrong(f"after ingesting again check finds {found}")
        is_erased = any("ERASED" in tables["members"]["person_type"] for _, tables in may)
        if not is_erased and not same(tables_of(store.run()), tables_of(poolpipe.run(self._life.scans))):
            raise Wrong("after ingesting again tables differ from those of the files")


def run(states: int, seed: int, folder: Path, *, whole_every: int = 10) -> tuple[Counter[str], list[str]]:
    """Verify so many distinct states; see `power_trials.tried`."""
    life = recorded_life(folder)
    steps = life.recorder.steps
    return tried(
        steps, life.root, Verifier(life), states, seed, lambda rng, _: rng.randrange(len(steps) + 1), whole_every=whole_every
    )  # fmt: skip


def write_figures(states: int, wrong: int) -> None:
    """Write how many states were drawn, and how many were wrong, into the page."""
    for name, pattern, text in (
        ("store.md", r"of [\d,]+ states [\d,]+ with", f"of {states:,} states {wrong:,} with"),
        ("store.zh.md", r"[\d,]+ 个状态中", f"{states:,} 个状态中"),
        ("store.zh.md", r"无法读取的有 [\d,]+ 个", f"无法读取的有 {wrong:,} 个"),
    ):
        page = DOCS / name
        page.write_text(re.sub(pattern, text, page.read_text("utf-8")), "utf-8")


def main() -> int:
    """Run many states in a folder in memory."""
    parser = argument_parser(__doc__)
    parser.add_argument("--write", action="store_true", help="write the count into docs/store.md and .zh.md")
    options = parser.parse_args()
    wrong = tried_in_memory(run, options.states, options.seed)
    if options.write:
        write_figures(options.states, len(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
