"""Every command and every Python example of README and docs runs as it is typed, in a folder that holds what the page speaks of."""

from __future__ import annotations

import gzip
import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import zipfile
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from house.rooms import ROOT
from poolpipe.cli import poolpipe
from poolpipe.simulate import simulate
from poolpipe.store import Store
from poolpipe.store.device_tokens import DeviceTokens

INSTALLED = Path(sys.executable).parent
SAMPLES = ROOT / "data" / "samples"

SERVED = (
    "poolpipe serve campaign &",
    (
        'curl localhost:8080/events/collect -H "Authorization: Bearer $(poolpipe token campaign add gun-1)" '
        '-d \'{"at":"2022-04-04 08:05","tube":"2022040001","person":"110105194912310021"}\''
    ),
)
"""How docs/serve.md starts."""

NOT_RUN = {
    "make demo": "installs from the network; CI types it",
    "make test": "runs all tests, this one too; CI types it",
    "sh scripts/bootstrap run": "installs from the network; `make demo` does the same",
    "poolpipe simulate data/samples/town --preset town --seed 0 --format mixed --force": (
        "tests/simulate/test_sample.py makes the sample again"
    ),
    "poolpipe serve campaign --host 0.0.0.0 --port 8443": "does not end by itself; tests/serve serve",
    "poolpipe serve campaign --certificate c.pem --private-key k.pem": "does not end by itself; tests/serve serve",
    **dict.fromkeys(
        (
            "poolpipe serve campaign --nats",
            "poolpipe serve campaign --nats nats://nats-1:4222",
            "poolpipe serve campaign --nats nats://nats-1:4222,nats://nats-2:4222 --nats-credentials poolpipe.creds",
        ),
        "does not end by itself; tests/serve/test_nats.py serves",
    ),
    "poolpipe recalls campaign --watch": "does not end by itself; tests/live/test_watching.py watches",
    **dict.fromkeys(SERVED, "typed in a shell, with another port"),
}
"""Commands that are not typed here, and why."""

SMALLER = {
    "poolpipe simulate ruijin --preset ruijin --pieces 4": "700,000 people",
    "poolpipe simulate day --preset shanghai --pieces 8": "25,665,000 people",
    "poolpipe simulate tenth --preset shanghai --people 2566500 --no-troubles": "2,566,500 people",
    "poolpipe simulate spread --preset ruijin --people 40000 --rounds 4 --spread": "160,000 swabs",
    "poolpipe simulate day --preset shanghai --no-troubles --pieces 8": "25,665,000 people",
    "poolpipe simulate city --people 20000": "20,000 people",
    "poolpipe simulate demo-city --people 20000 --seed 7": "20,000 people",
}
"""Commands that are typed with `--people 800` behind them, and the size that takes too long for a test."""

ELSEWHERE = {
    "docs/api.md": "tests/house/test_api.py",
    "docs/decode.md": "tests/decode/test_decode_page.py",
    "docs/designs.md": "tests/design/test_design_page.py",
    "docs/plan.md": "tests/plan/test_planning_page.py",
    "docs/exchange.md": "tests/exchange/test_export.py",
    "docs/instruments/index.md": "tests/instruments/test_pages.py",
    "README.md": "tests/house/test_readme.py",
}
"""Pages whose Python examples another test runs."""

PAGES = [
    path.relative_to(ROOT).as_posix()
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted(SAMPLES.glob("*/README.md"))]
    if not path.name.endswith(".zh.md")  # test_translations.py holds their code to be the same
]  # fmt: skip


def blocks(page, language):
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def lines(page):
    """The commands of a page, one a line, without comments."""
    text = "".join(blocks(page, "sh"))
    return [words for line in text.splitlines() if (words := re.sub(r"(?:^|\s+)#.*", "", line))]


def examples():
    """The examples of each command's help, as docs/commands.md shows it."""
    for block in blocks("docs/commands.md", "text"):
        found = re.findall(r"^    ((?:poolpipe|zcat) .*)$", block, re.MULTILINE)
        if found:
            yield pytest.param(found, id=" ".join(re.findall(r"poolpipe ([a-z ]+) \[", block)))


@pytest.fixture(scope="module")
def pantry(tmp_path_factory):
    """Everything that pages speak of, made once: a small town, a hospital's workbooks, machines' files, pools."""
    place = tmp_path_factory.mktemp("pantry")
    simulate(place / "town", people=500, seed=3, format="mixed")
    shutil.copytree(place / "town" / "events", place / "scans")
    for table in ("people", "sites"):
        frame = pl.read_parquet(place / "town" / "reference" / f"{table}.parquet")
        extra = [pl.lit(0.001).alias("prior")] if table == "people" else []
        frame.with_columns(extra).write_csv(place / f"{table}.csv")
    shutil.rmtree(place / "town")
    people = pl.read_csv(place / "people.csv", infer_schema=False)["person"].to_list()[:6]
    pl.DataFrame({"pool": list("AAABBB"), "person": people}).write_csv(place / "seats.csv")
    pools = {"pool": ["A", "B"], "call": ["positive", "negative"], "ct": [31.5, None], "people": [3, 3]}
    pl.DataFrame(pools).write_csv(place / "pools.csv")
    scan = f"kind,at,tube,person\ncollect,2022-02-10 08:30,T99999,{people[0]}\n"
    (place / "scans" / "2022-02-10.csv").write_text(scan, encoding="utf-8")
    (place / "collect.csv.gz").write_bytes(gzip.compress(scan.encode()))
    with Store(place / "campaign") as store:
        store.ingest(place / "scans")
        store.conclude()
    DeviceTokens(place / "campaign").add("S17-gun-1")
    (place / "strict.toml").write_text(blocks("docs/policy.md", "toml")[0], encoding="utf-8")
    county = SAMPLES / "county"
    for path in (*county.glob("*.xls*"), *county.glob("*.csv"), county / "reference" / "居民名册.xlsx"):
        shutil.copy(path, place)
    machines = SAMPLES / "instruments"
    for name, sample in (("map.csv", "plate-map.csv"), ("run.eds", "classic.eds")):
        shutil.copy(machines / sample, place / name)
    exported = (machines / "quantstudio-classic.txt").read_bytes()
    (place / "run.txt").write_bytes(exported.replace(b"P220210A", b"P0001"))  # the plate of the examples
    with (
        zipfile.ZipFile(machines / "design-and-analysis.xlsx") as old,
        zipfile.ZipFile(place / "run.xlsx", "w") as new,
    ):
        for part in old.namelist():
            new.writestr(part, old.read(part).replace(b"P220210A", b"P0001"))
    shutil.copytree(SAMPLES, place / "data" / "samples")
    (place / ".venv").symlink_to(INSTALLED.parent)
    return place


@pytest.fixture(scope="module")
def worked(pantry, tmp_path_factory):
    """The result that examples speak of as already there, made by the command as it is typed."""
    result = tmp_path_factory.mktemp("worked") / "result"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(pantry)
        done = CliRunner().invoke(poolpipe, ["run", "scans", "--out", str(result), "--quiet"])
    assert done.exit_code == 0, done.output
    return result


@pytest.fixture
def desk(pantry, tmp_path, monkeypatch):
    """A folder of one's own with all of it, and the installed program in the path."""
    shutil.copytree(pantry, tmp_path / "desk", symlinks=True)
    monkeypatch.chdir(tmp_path / "desk")
    monkeypatch.setenv("PATH", f"{INSTALLED}{os.pathsep}{os.environ['PATH']}")
    return tmp_path / "desk"


def typed(line):
    """Do one line: a pipe in a shell, everything else in this process, which has compiled already."""
    if line in NOT_RUN:
        return
    if "|" in line:
        subprocess.run(["bash", "-o", "pipefail", "-c", line], check=True, capture_output=True)
        return
    for each in line.split(" && "):
        command, _, file = each.partition(" > ")
        name, *words = shlex.split(command)
        assert name in ("poolpipe", ".venv/bin/poolpipe"), f"{line}: run it, or say in NOT_RUN why not"
        assert Path(shutil.which(name) or "").is_file(), f"{name} is not there"
        smaller = ["--people", "800"] if each in SMALLER else []
        done = CliRunner().invoke(poolpipe, [*words, *smaller])
        assert done.exit_code == 0, f"{each}\n{done.output[-800:]}"
        if file:
            Path(file).write_text(done.stdout, encoding="utf-8")


@pytest.mark.parametrize("page", [page for page in PAGES if lines(page) and "quickstart" not in page])
def test_page__commands_run_as_typed(page, desk):
    if "samples/county" in page:
        os.chdir(desk / "data" / "samples" / "county")
    for line in lines(page):
        typed(line)


@pytest.mark.parametrize("found", list(examples()))
def test_help__examples_run_as_typed(found, desk, worked):
    if any(re.search(r"\bresult\b", line) and "--out result" not in line for line in found):
        shutil.copytree(worked, desk / "result")
    for line in found:
        typed(line)


def test_quickstart__runs_in_a_shell_from_top_to_bottom(desk):
    script = [line for line in lines("docs/quickstart.zh.md") if line not in NOT_RUN]
    assert script[0] == "cd data/samples/county"
    script += ["COMP_WORDS='poolpipe rec' COMP_CWORD=1 _POOLPIPE_COMPLETE=bash_complete poolpipe"]
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(script)],
        env={**os.environ, "POOLPIPE_LANGUAGE": "zh"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-1000:]
    assert done.stdout.splitlines()[-1] == "plain,recalls", "Tab completes the command"
    county = desk / "data" / "samples" / "county"
    assert (county / "复采名单.xlsx").stat().st_size > 5_000
    assert "复采" in (county / "汇总.html").read_text(encoding="utf-8")


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl")
def test_serving__begins_with_two_lines(desk):
    assert tuple(lines("docs/serve.md")[:2]) == SERVED
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    serve, send = (line.replace("localhost:8080", f"localhost:{port}") for line in SERVED)
    serve = serve.replace(" &", f" --port {port} 2>served.ndjson &")
    ready = f"until curl --silent --fail localhost:{port}/ready >ready.json; do kill -0 $! && sleep 0.1; done"
    script = f"trap 'kill %1; wait' EXIT\n{serve}\n{ready}\n{send}"
    done = subprocess.run(["bash", "-eumc", script], capture_output=True, text=True, check=False)
    assert json.loads(done.stdout) == {"position": 1}, done.stderr + (desk / "served.ndjson").read_text()
    with Store(desk / "campaign") as store:
        assert store.events("collect").filter(pl.col("tube") == "2022040001").collect().height == 1


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "(?:python|pycon)")])
def test_page__python_runs_as_it_stands(page, desk):
    if page in ELSEWHERE:
        assert re.search(r"doctest|exec\(", (ROOT / ELSEWHERE[page]).read_text(encoding="utf-8"))
        return
    for code in blocks(page, "python"):
        exec(compile(code, page, "exec"), {})  # noqa: S102 -- our own page


def test_exceptions__are_commands_that_a_page_has():
    told = {line.removeprefix(".venv/bin/") for page in PAGES for line in lines(page)}
    told |= {line for param in examples() for line in param.values[0]}
    told |= {each for line in told for each in line.split(" && ")}
    assert set(NOT_RUN) | set(SMALLER) <= told
