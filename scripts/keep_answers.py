"""Write anew what tests keep of the answers to many files: ``python -m scripts.keep_answers``; with `--texts FOLDER` all texts, too."""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import click

TESTS = Path(__file__).parents[1] / "tests"
PARTS = ("instruments", "events", "pipeline", "exchange", "decode")


@click.command()
@click.option(
    "--texts", type=click.Path(path_type=Path), help="Folder for all that is told, a file an input."
)
def main(texts: Path | None) -> None:
    """Write `answers.json` beside the tests of each part."""
    sys.path[:0] = [str(TESTS), str(TESTS.parent)]
    counted = import_module("kept_answers").counted
    for part in PARTS:
        answers: Any = import_module(f"{part}.answers")
        told = {str(name): answers.texts_of(name) for name in answers.SAMPLES}
        kept = {name: counted(each) for name, each in told.items()}
        text = json.dumps(kept, ensure_ascii=False, indent=1)
        (TESTS / part / "answers.json").write_text(f"{text}\n", encoding="utf-8")
        if texts:
            _write_texts(texts / part, told)


def _write_texts(folder: Path, told: dict[str, dict[str, str]]) -> None:
    for name, each in told.items():
        for what, text in each.items():
            file = folder / name.replace("/", "_") / f"{what}.txt"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8", errors="surrogatepass")


if __name__ == "__main__":
    main()
