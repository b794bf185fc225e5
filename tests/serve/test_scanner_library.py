"""The scanner's library of docs/serve.md: offline, refused, and against a service; no scan is lost, none counts twice."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from serve.services import new_store, people, serving

if TYPE_CHECKING:
    from collections.abc import Callable

PAGE = Path(__file__).parents[2] / "docs" / "serve.md"
SCANS = [
    {"at": f"2022-02-10 08:00:{n:02}", "tube": f"T{n // 10}", "person_type": "PASSPORT", "person": f"E{n}"}
    for n in range(25)
]

DRIVER = """
const fs = require("fs");
const [url, token, file, asked] = process.argv.slice(2);
const held = fs.existsSync(file) ? JSON.parse(fs.readFileSync(file)) : {};
const save = () => fs.writeFileSync(file, JSON.stringify(held));
const store = {
  getItem: (name) => held[name] ?? null,
  setItem: (name, value) => { held[name] = value; save(); },
  removeItem: (name) => { delete held[name]; save(); },
};
if (!globalThis.crypto) globalThis.crypto = require("crypto").webcrypto;
(async () => {
  const scanner = new Scanner(url, token, "collect", store);
  for (const scan of JSON.parse(asked)) scanner.scan(scan);
  const waits = [];
  for (let turn = 0; turn < 40; turn++) {
    const wait = await scanner.send();
    waits.push(wait);
    if (wait === null || wait > 0) break;
  }
  console.log(JSON.stringify(waits));
})();
"""


def _block(language: str) -> str:
    found = re.search(
        rf"<!-- {language} -->\n```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL
    )
    assert found is not None
    return found[1]


def _python(folder: Path) -> Callable[[str, str, list[dict[str, str]]], list[float | None]]:
    names: dict[str, Any] = {}
    exec(compile(_block("python"), str(PAGE), "exec"), names)  # noqa: S102 - our own page

    def send(url: str, token: str, scans: list[dict[str, str]]) -> list[float | None]:
        scanner = names["Scanner"](url, token, file=folder / "scans.sqlite")
        for scan in scans:
            scanner.scan(**scan)
        waits: list[float | None] = []
        while len(waits) < 40 and (not waits or waits[-1] == 0):
            waits.append(scanner.send())
        scanner.kept.close()
        return waits

    return send


def _javascript(folder: Path) -> Callable[[str, str, list[dict[str, str]]], list[float | None]]:
    (folder / "scanner.cjs").write_text(_block("javascript") + DRIVER)

    def send(url: str, token: str, scans: list[dict[str, str]]) -> list[float | None]:
        told = ["node", str(folder / "scanner.cjs"), url, token, str(folder / "held.json"), json.dumps(scans)]
        waits: list[float | None] = json.loads(
            subprocess.run(told, check=True, capture_output=True, text=True).stdout
        )
        return waits

    return send


@pytest.mark.parametrize("language", ["python", "javascript"])
def test_library__keeps_each_scan_until_it_is_acknowledged(tmp_path: Path, language: str) -> None:
    if language == "javascript" and not shutil.which("node"):
        pytest.skip("no node")
    send = (_python if language == "python" else _javascript)(tmp_path)
    tokens = new_store(tmp_path / "city", gun={"rate": 1000}, slow={"rate": 0.01})
    nowhere = "http://127.0.0.1:9"
    (wait,) = send(nowhere, tokens["gun"], SCANS[:10])
    assert wait is not None
    assert 1 <= wait <= 3
    with serving(tmp_path / "city") as service:
        url = f"http://127.0.0.1:{service.port}"
        (wait,) = send(url, "nobody", SCANS[10:20])  # kept, too
        assert wait is not None
        assert wait > 0
        assert send(url, tokens["gun"], SCANS[20:]) == [0, None]
        assert send(url, tokens["gun"], []) == [None]
        assert service.end(signal.SIGTERM) == 0, service.log
    assert people(tmp_path / "city") == sorted(str(each["person"]) for each in SCANS)
