"""Write src/poolpipe/nightly/mart_types.json: the columns and types of every table of a night, as DuckDB makes them."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import poolpipe
from poolpipe.nightly import run_night, tables_shown
from poolpipe.nightly.database import open_night

ROOT = Path(__file__).parents[1]
FILE = ROOT / "src" / "poolpipe" / "nightly" / "mart_types.json"


def main() -> None:
    """Count a night of the sample town, and describe its tables."""
    with TemporaryDirectory() as folder:
        result, out = Path(folder, "result"), Path(folder, "night.duckdb")
        poolpipe.run(ROOT / "data" / "samples" / "town" / "events", out=result)
        run_night(result, date(2022, 4, 4), out)
        FILE.write_text(types_of(out), encoding="utf-8")


def types_of(night: Path) -> str:
    """The text of the file: one table a line."""
    with open_night(night) as connection:
        lines = []
        for name in tables_shown():
            told = {row[0]: row[1] for row in connection.execute(f"describe {name}").fetchall()}
            lines.append(f"  {json.dumps(name)}: {json.dumps(told)}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    main()
