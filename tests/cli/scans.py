"""A handful of scans as a site, a courier and a lab would send them."""

from __future__ import annotations

import csv
import json

DAY = "2022-02-10T"


def _rows(people):
    for number, person in enumerate(people):
        yield (
            "collect",
            {"at": f"{DAY}08:{number:02}:00", "tube": "T1", "person": person, "site": "S1", "point": "1"},
        )
    yield (
        "collect",
        {"at": f"{DAY}08:30:00", "tube": "T2", "person": "440524198001010013", "site": "S1", "point": "1"},
    )
    for tube in ("T1", "T2"):
        yield "pack", {"at": f"{DAY}09:00:00", "tube": tube, "box": "B1"}
    yield "pickup", {"at": f"{DAY}09:30:00", "box": "B1", "giver": "a", "receiver": "b"}
    yield (
        "receive",
        {"at": f"{DAY}10:00:00", "box": "B1", "giver": "b", "receiver": "c", "lab": "县医院", "tubes": 2},
    )
    for well, load in {
        "A01": {"tube": "T1"}, "A02": {"tube": "T2"},
        "H11": {"role": "negative_control"}, "H12": {"role": "positive_control"},
    }.items():  # fmt: skip
        yield "load", {"at": f"{DAY}11:00:00", "plate": "P1", "well": well, "lab": "县医院", **load}
        for target in ("ORF1ab", "N", "IC"):
            positive = well in ("A01", "H12") or (target == "IC" and well != "H11")
            ct = "25.3" if positive else ""
            yield "read", {"at": f"{DAY}13:00:00", "plate": "P1", "well": well, "target": target, "ct": ct}


def people(count=10):
    return [f"3607811985{number:02}10{number:04}" for number in range(1, count + 1)]


def write_scans(folder, *, count=10, encoding="utf-8"):
    """Two tubes, the first positive: one CSV a kind, named as Chinese clerks name them, and NDJSON reads."""
    kinds: dict[str, list[dict[str, object]]] = {}
    for kind, row in _rows(people(count)):
        kinds.setdefault(kind, []).append(row)
    folder.mkdir(parents=True, exist_ok=True)
    for kind, rows in kinds.items():
        if kind == "read":
            lines = "".join(json.dumps(row) + "\n" for row in rows)
            (folder / "read-孔读数.ndjson").write_text(lines, encoding="utf-8")
            continue
        with (folder / f"{kind}-第一轮.csv").open("w", encoding=encoding, newline="") as file:
            writer = csv.DictWriter(file, list(dict.fromkeys(name for row in rows for name in row)))
            writer.writeheader()
            writer.writerows(rows)
    return folder
