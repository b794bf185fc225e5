"""The two lock files are one: whoever has no uv gets the same files, checked by the same hashes."""

from __future__ import annotations

import re
import tomllib

from house.rooms import ROOT

WAY_OUT = "run `make lock` and commit both"


def _uv():
    locked = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))["package"]
    return {
        (package["name"], package["version"]): {
            artefact["hash"]
            for artefact in [*package.get("wheels", ()), *([package["sdist"]] if "sdist" in package else [])]
        }
        for package in locked
        if package["name"] != "poolpipe"
    }


def _pip(name="requirements.lock"):
    pinned: dict[tuple[str, str], set[str]] = {}
    current: set[str] = set()
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
        if found := re.match(r"([A-Za-z0-9._-]+)==([^ ;\\]+)", line):
            current = pinned.setdefault((found[1], found[2]), set())
        elif found := re.search(r"--hash=(\S+)", line):
            current.add(found[1])
    return pinned


def test_locks__pin_the_same_versions():
    assert _pip().keys() == _uv().keys(), WAY_OUT


def test_locks__carry_the_same_hashes():
    uv, pip = _uv(), _pip()
    different = sorted(package for package in pip if pip[package] != uv.get(package))
    assert not different, f"{different}: {WAY_OUT}"


def test_lock__pins_every_dependency_pyproject_names():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [
        *project["project"]["dependencies"],
        *(each for extra in project["project"]["optional-dependencies"].values() for each in extra),
        *(each for group in project["dependency-groups"].values() for each in group if isinstance(each, str)),
        *project["build-system"]["requires"],
    ]
    names = {re.split(r"[\[<>=!~; ]", each)[0].lower().replace("_", "-").replace(".", "-") for each in wanted}
    assert names <= {name for name, _ in _pip()}, WAY_OUT


def test_lock_of_running__is_part_of_the_whole_and_holds_nothing_of_development():
    run, whole = _pip("requirements.run.lock"), _pip()
    assert run.items() <= whole.items(), WAY_OUT
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    names = {name for name, _ in run}
    wanted = {_name(each) for each in project["project"]["dependencies"]}
    assert wanted <= names, WAY_OUT
    extra = names & {"pytest", "mypy", "ruff", "hypothesis", "mkdocs-material", "matplotlib", "pandas"}
    assert not extra, f"{extra}: what running does not need, stays out of requirements.run.lock"


def _name(requirement):
    return re.split(r"[\[<>=!~; ]", requirement)[0].lower().replace("_", "-").replace(".", "-")
