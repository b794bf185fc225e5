"""The public face has examples, and they come out as they stand."""

from __future__ import annotations

import doctest
import importlib

import pytest
from scripts import write_api_page

from house.rooms import ROOT

NAMES = [
    pytest.param(home, name, id=f"{home}.{name}")
    for home, names in write_api_page.faces().items()
    for name in names
]


def _examples(home, name):
    thing = getattr(importlib.import_module(home), name)
    module = importlib.import_module(thing.__module__)
    found = doctest.DocTestFinder(exclude_empty=True).find(thing, name, module, globs=dict(vars(module)))
    return thing, found


@pytest.mark.parametrize(("home", "name"), NAMES)
def test_example__comes_out_as_it_stands(home, name, monkeypatch):
    """Run every example of a name and of its methods from the project's folder."""
    monkeypatch.chdir(ROOT)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS, verbose=False)
    told: list[str] = []
    for each in _examples(home, name)[1]:
        runner.run(each, out=told.append)
    assert not runner.summarize(verbose=False).failed, "".join(told)


@pytest.mark.parametrize(("home", "name"), NAMES)
def test_public_name__has_an_example(home, name):
    """Functions, classes, errors and warnings alike."""
    _, found = _examples(home, name)
    assert any(each.examples for each in found), f"{home}.{name}: show how it is used, under Examples"
