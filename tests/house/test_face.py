"""The public face: what it exports is there, hides nothing, and says where else a name may be found."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib.metadata import version

import pytest

import poolpipe
from house.rooms import ROOT, modules, nodes


def test_face__exports_what_is_there():
    assert {name for name in poolpipe.__all__ if getattr(poolpipe, name) is None} == set()
    assert set(poolpipe.__all__) < set(dir(poolpipe))


def test_face__no_function_hides_the_module_of_its_name():
    at_the_top = {name.split(".")[1] for name in modules("src/poolpipe") if "." in name}
    assert not at_the_top & set(poolpipe.__all__), (
        "a name of the face is a module: name one of them otherwise"
    )


def test_modules__keep_their_class():
    """Assigning `__class__` changes what `import` does; a lazy `__getattr__` is enough."""
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in modules("src/poolpipe").values()
        for node in nodes(path)
        if isinstance(node, ast.Attribute) and node.attr == "__class__" and isinstance(node.ctx, ast.Store)
    ]
    assert not wrong, f"{wrong}: give the object its class when it is made"


def test_stage_functions__stay_in_front_whatever_is_imported():
    code = "import poolpipe, poolpipe.stages.links; poolpipe.run; print(callable(poolpipe.links))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "True"


@pytest.mark.parametrize(
    ("name", "way_out"),
    [
        ("recals", "did you mean 'recalls'"),
        ("conclude", r"day\.view\(policy"),
        ("zzz", "no attribute 'zzz'$"),
    ],
)
def test_face__says_where_a_name_may_be_found(name, way_out):
    with pytest.raises(AttributeError, match=way_out):
        getattr(poolpipe, name)


def test_version__is_the_distributions():
    assert poolpipe.__version__ == version("poolpipe")


def test_python_m__is_the_command():
    asked = subprocess.run(
        [sys.executable, "-m", "poolpipe", "--version"], capture_output=True, text=True, check=True
    )
    assert asked.stdout.startswith("poolpipe, version ")
