"""Small files, each with one thing wrong, for the tests of what is told about it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from house.rooms import ROOT, nodes

if TYPE_CHECKING:
    from collections.abc import Iterable

_QUANTSTUDIO = (
    "* Experiment Barcode = P1\n* Block Type = 96-Well Block\n* Experiment Run End Time = 2022-02-10 12:00:00\n\n[Results]\n"
    "Well\tWell Position\tOmit\tSample Name\tTarget Name\tTask\tReporter\tCT\tCt Mean\tAmp Status\tHIGHSD\n"
)
GRID = ",1,2,3,4,5,6,7,8,9,10,11,12\nA,{}\n" + "".join(f"{row},,,,,,,,,,,,\n" for row in "BCDEFGH")


def quantstudio(*rows: str) -> str:
    """Rows of ``well omit sample ct mean amp flag``, separated by blanks; ``_`` is empty. The first is line 7."""
    lines = []
    for row in rows:
        well, omit, sample, ct, mean, amp, flag = (
            cell.replace("_", "") for cell in (*row.split(), *"_______")[:7]
        )
        cells = [
            well,
            f"A{well}",
            omit or "false",
            sample,
            "N",
            "UNKNOWN",
            "FAM",
            ct,
            mean,
            amp,
            flag or "N",
        ]
        lines.append("\t".join(cells) + "\n")
    return _QUANTSTUDIO + "".join(lines)


def table(head: str, *rows: str) -> str:
    """Columns and rows, separated by blanks here and by commas there; ``_`` is empty."""
    return "".join(
        ",".join("" if cell == "_" else cell for cell in row.split()) + "\n" for row in (head, *rows)
    )


def cfx(*facts: str, wells: int = 5) -> str:
    """Facts above a table of wells with one target; the table's first row is five lines below the facts' first."""
    rows = "".join(f",A{well:02},FAM,N,Unkn,T{well:03},3{well}.12\n" for well in range(1, wells + 1))
    return "\n".join(facts) + "\n\n,Well,Fluor,Target,Content,Sample,Cq\n" + rows


def rdml(
    *reactions: str,
    shape: str = "<rows>8</rows><columns>12</columns>",
    version: str = "1.3",
    head: str = "",
    run: str = "",
) -> str:
    return (
        f'<rdml version="{version}" xmlns="http://www.rdml.org">{head}<experiment id="e"><run id="r1">'
        f"<pcrFormat>{shape}</pcrFormat>{run}{''.join(reactions)}</run></experiment></rdml>"
    )


def reaction(position: int | str, cq: str, *, target: str = "N", more: str = "", sample: str = "S") -> str:
    return f'<react id="{position}"><sample id="{sample}"/><data><tar id="{target}"/><cq>{cq}</cq>{more}</data></react>'


def channel(name: str, *cps: str) -> str:
    """A block of a LightCycler's table, one row for each Cp."""
    rows = "".join(
        f"True\t255\tA{i}\tT{i:03}\t{'' if cp == '_' else cp}\t\t0\t\n" for i, cp in enumerate(cps, 1)
    )
    head = "Include\tColor\tPos\tName\tCp\tConcentration\tStandard\tStatus\n"
    return f"Experiment: x  Selected Filter: {name}\n{head}{rows}"


def worklist(*lines: str) -> str:
    return "".join(f"{line}\n" for line in lines)


def told(findings: Iterable[Any]) -> list[tuple[Any, ...]]:
    """Every part of a finding but its prose."""
    return [
        (each.code, each.severity, each.sheet, each.line, each.column, each.text.rstrip())
        for each in findings
    ]


def written_codes(method: str) -> set[str]:
    """Codes that the readers give to `Notes.found` or `Notes.ask`."""
    return {
        node.args[0].value
        for path in sorted((ROOT / "src/poolpipe/instruments").glob("*.py"))
        for node in nodes(path)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == method
        if node.args and isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str)
    }
