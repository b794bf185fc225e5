"""The marked block of figures in README.md and README.zh.md."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.contenders import FLOOR, OURS, PEERS
from benchmarks.targets import against_peers, fastest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

START, END = "<!-- figures:start -->", "<!-- figures:end -->"


def fill(file: Path, block: str) -> None:
    """Put the block between the marks of a README; a file without the marks stays as it is."""
    if not file.exists():
        return
    text = file.read_text(encoding="utf-8")
    if START not in text or END not in text:
        return
    before, rest = text.split(START, 1)
    after = rest.split(END, 1)[1]
    file.write_text(f"{before}{START}\n{block}\n{END}{after}", encoding="utf-8")


def english(figures: dict[str, Any]) -> str:
    people, rows, machine = _main(figures)
    table = _table(("", "time", "peak memory"), rows)
    told = (
        f"{people:,} people, one day, measured on {figures['measured']} on {machine.format(cores='cores')}."
    )
    lead = against_peers(figures)
    ahead = (
        f" On {lead[0]:,} people it is {lead[2]:.1f} times as fast as the fastest peer ({lead[1]})."
        if lead
        else ""
    )
    return f"{told}{ahead} See [docs/benchmarks.md](docs/benchmarks.md).\n\n{table}"


def chinese(figures: dict[str, Any]) -> str:
    people, rows, machine = _main(figures)
    names = {"copying the files": "仅复制文件（下限）", "poolpipe run": "poolpipe run（全部结果表）"}
    table = _table(
        ("", "用时", "内存峰值"),
        [(names.get(name, name.replace("the same day in", "同一工作：")), *rest) for name, *rest in rows],
    )
    told = f"{people:,} 人，一天的数据；{figures['measured']} 测于 {machine.format(cores='核')}。"
    lead = against_peers(figures)
    ahead = f"{lead[0]:,} 人时，速度为最快的同类写法（{lead[1]}）的 {lead[2]:.1f} 倍。" if lead else ""
    return f"{told}{ahead}详见 [docs/benchmarks.md](docs/benchmarks.md)。\n\n{table}"


def _main(figures: dict[str, Any]) -> tuple[int, list[tuple[str, str, str]], str]:
    """People of the largest city, a row for everybody who finished it, and the machine in a few words."""
    largest = max(figures["cities"], key=int)
    city, machine = figures["cities"][largest], figures["machine"]
    names = {
        FLOOR: "copying the files",
        OURS: "poolpipe run",
        **{peer: f"the same day in {peer}" for peer in PEERS},
    }
    rows = [
        (told, f"{run['wall_s']:.1f} s", f"{run['peak_bytes'] / 1e9:.1f} GB")
        for name, told in names.items()
        if (run := fastest(city, name))
    ]
    return int(largest), rows, f"{machine['processor']}, {machine['cores']} {{cores}}, {machine['memory']}"


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    return "\n".join(f"| {' | '.join(line)} |" for line in [head, ("---",) * len(head), *rows])
