"""Write the figures of `cluster_speed --keep` into docs/cluster.md and its Chinese twin: `python -m benchmarks.cluster_page`.

The second table is of partitions of the same size in cities of any: what must not grow with the city. The third is a calculation from the
largest city measured: work proportional to people, on cores that are all busy.
"""

from __future__ import annotations

import json
from typing import Any

from benchmarks.cluster_speed import MEASURED
from benchmarks.marked import DOCS, put_between

HEADS = {
    "cluster.md": (
        ("people", "what", "s", "times one process", "reading, partitions, driver, s", "CPU of workers; here, s", "sent, MB",
         "largest partition, MB", "driver, GB", "Sail, or Java; largest Python worker, GB"),
        ("people", "what", "people a partition", "s a million people", "CPU of workers; here, s a million people",
         "largest partition, MB", "Sail, or largest Python worker, GB"),
        ("people", "machines of 16 cores", "workers, s", "driver, s", "sent, GB", "driver, GB"),
        ("one process", "parts", "five tables as plain SQL",
         "{processor}, {cores} cores, {day}, the fastest of the runs of `benchmarks.cluster_speed`"),
    ),
    "cluster.zh.md": (
        ("人数", "方式", "秒", "单进程的倍数", "读取、分区、驱动程序，秒", "CPU：工作进程；本进程，秒", "传送，MB",
         "最大分区，MB", "驱动程序，GB", "Sail 或 Java；最大的 Python 工作进程，GB"),
        ("人数", "方式", "每个分区的人数", "每百万人秒数", "CPU：工作进程；本进程，每百万人秒数",
         "最大分区，MB", "Sail，或最大的 Python 工作进程，GB"),
        ("人数", "16 核机器", "工作机，秒", "驱动程序，秒", "传送，GB", "驱动程序，GB"),
        ("单进程", "个分区", "五张表的普通 SQL",
         "{processor}，{cores} 核，{day}，`benchmarks.cluster_speed` 各次运行中最快的一次"),
    ),
}  # fmt: skip
CORES = 16
SAME = 250_000
"""People of a partition of the second table."""
CITIES = ((25, 1), (100, 4), (1400, 40))
"""Millions of people, and on how many machines."""


def main() -> None:
    """Write the tables on both pages."""
    kept = json.loads(MEASURED.read_text("utf-8"))
    for page, (head, same_head, model_head, (one, parts, sql, stand)) in HEADS.items():
        rows = []
        for people, city in kept["cities"].items():
            for what, told in city.items():
                name = what.replace("parts", parts).replace("sql,", f"{sql},").replace("one", one)
                rows.append(_row(people, name, told, city["one"]["seconds"]))
        machine = kept["machine"]
        stood = stand.format(processor=machine["processor"], cores=machine["cores"], day=kept["measured"])
        put_between("figures", DOCS / page, "\n".join([*_head(head), *rows, "", stood]))
        same = [row.replace("parts", parts) for row in _same_size(kept["cities"])]
        put_between("same", DOCS / page, "\n".join([*_head(same_head), *same]))
        put_between("costs", DOCS / page, "\n".join([*_head(model_head), *_model(kept["cities"])]))


def _head(names: tuple[str, ...]) -> list[str]:
    return [f"| {' | '.join(names)} |", "| --- " * len(names) + "|"]


def _cpu(told: dict[str, Any]) -> str:
    own = f"{told['cpu']:.1f}" if "cpu" in told else ""
    return "; ".join(filter(None, (f"{told['worker_cpu']:.1f}" if "worker_cpu" in told else "", own)))


def _row(people: str, name: str, told: dict[str, Any], one: float) -> str:
    steps, memory = "", ""
    if "until_reading" in told:
        reading, found = told["until_reading"], told["until_parts"]
        steps = f"{reading:.1f}, {found - reading:.1f}, {told['seconds'] - found:.1f}"
    engine = told.get("sail_gb") or told.get("java_gb")
    if engine:
        memory = f"{engine:.1f}" + (f"; {told['python_gb']:.1f}" if "python_gb" in told else "")
    cells = [
        f"{people} M", name, f"{told['seconds']:.1f}", f"{told['seconds'] / one:.1f}", steps, _cpu(told),
        str(told.get("sent_mb", "")), str(told.get("largest_part_mb", "")), f"{told['gb']:.1f}", memory,
    ]  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _same_size(cities: dict[str, Any]) -> list[str]:
    """Cities of partitions of about as many people, by engine."""
    rows = []
    for engine in ("sail", "spark"):
        for people, city in cities.items():
            for what, told in city.items():
                if not what.startswith(f"{engine}, "):
                    continue
                size = int(people) * 1_000_000 // int(what.split()[1])
                if abs(size - SAME) > SAME // 10:
                    continue
                worker = told.get("python_gb") or told["sail_gb"]
                per = [f"{told[name] / int(people):.2f}" for name in ("seconds", "worker_cpu", "cpu")]
                cells = (
                    f"{people} M",
                    what,
                    f"{size:,}",
                    per[0],
                    "; ".join(per[1:]),
                    told["largest_part_mb"],
                    f"{worker:.1f}",
                )
                rows.append(f"| {' | '.join(map(str, cells))} |")
    return rows


def _model(cities: dict[str, Any]) -> list[str]:
    """The costs of larger cities, from the largest that was run on Sail and, for what a person adds to the driver, the smallest."""
    sail = {
        int(people): next(told for what, told in city.items() if what.startswith("sail"))
        for people, city in cities.items()
        if any(what.startswith("sail") for what in city)
    }
    most, least = max(sail), min(sail)
    told = sail[most]
    cpu, sent = told["worker_cpu"] / most, told["sent_mb"] / most
    driver = (told["seconds"] - told["until_parts"]) / most
    gb = max(0.0, (told["gb"] - sail[least]["gb"]) / max(1, most - least))
    rows = []
    for people, machines in CITIES:
        workers = cpu * people / (machines * CORES)
        cells = (
            people,
            machines,
            f"{workers:.0f}",
            f"{driver * people:.0f}",
            f"{sent * people / 1000:.1f}",
            f"{gb * people:.0f}",
        )
        rows.append("| " + " | ".join([f"{cells[0]} M", *map(str, cells[1:])]) + " |")
    return rows


if __name__ == "__main__":
    main()
