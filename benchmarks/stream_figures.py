"""What was measured of a service, kept in `stream.json` part by part, and written into docs/serve.md from there."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.machine import describe

FILE = Path(__file__).with_name("stream.json")


def keep(part: str, figures: dict[str, Any]) -> None:
    """Keep one part's figures, with the machine and the day beside, and write the page.

    Parameters
    ----------
    part : {"load", "plate", "day", "half_hour"}
    figures : dict
        As the benchmark of this part gives them.
    """
    kept = json.loads(FILE.read_text("utf-8")) if FILE.exists() else {}
    kept[part] = {"measured": f"{datetime.now(UTC):%Y-%m-%d}", "machine": describe(), **figures}
    FILE.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", "utf-8")
