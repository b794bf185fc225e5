"""What the ids of an RDML file mean: names of samples and targets where a machine writes keys of its own instead.

The LightCycler 96 gives every sample a GUID and its name in the description, writes a target as `dye@target`, and has a
sample of the type `ntp` in every well to which nothing was assigned (PCRuniversum/RDML, `R/RDML.init.R`, leaves those out
and reads the targets so).
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from poolpipe.instruments.xmltree import child_text

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

__all__ = ["Ids", "ids_of"]

_GUID = re.compile(r"\{?[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\}?")


@dataclass(frozen=True, slots=True)
class Ids:
    """Names by id; an id that is not in them is a name itself.

    `samples` and `types` (as written) are by the id of a sample, `targets` are (name, dye) by that of a target: the name
    is empty where only the dye is known. `unassigned` are samples that mean an empty well.
    """

    samples: dict[str, str]
    types: dict[str, str]
    targets: dict[str, tuple[str, str]]
    unassigned: frozenset[str]


def ids_of(root: Element) -> Ids:
    """The names of an RDML file's samples and targets.

    Parameters
    ----------
    root : Element
        The `rdml` element, tags without namespace.
    """
    samples, types, unassigned = {}, {}, set()
    for sample in root.findall("sample"):  # those further down are references
        key = sample.get("id", "")
        types[key] = child_text(sample, "type")
        if _GUID.fullmatch(key):
            samples[key] = child_text(sample, "description")
            if types[key].lower() == "ntp":
                unassigned.add(key)
    of_roche = "roche" in child_text(root, "id/publisher").lower()
    targets = {each.get("id", ""): _target(each, of_roche=of_roche) for each in root.iter("target")}
    names = Counter(name for name, _ in targets.values())
    # Two targets of one name, in two dyes, are two targets still.
    told = {key: (key if name and names[name] > 1 else name, dye) for key, (name, dye) in targets.items()}
    return Ids(samples, types, told, frozenset(unassigned))


def _target(element: Element, *, of_roche: bool) -> tuple[str, str]:
    """Name and dye of a target; Roche's software writes the dye before an `@`, whether it names it elsewhere or not."""
    key = element.get("id", "")
    dye = element.find("dyeId")
    written = "" if dye is None else (dye.get("id") or dye.text or "").strip()
    if of_roche and not written:
        written = key.partition("@")[0] if "@" in key else ""
    name = key.removeprefix(f"{written}@") if written else key
    if _GUID.fullmatch(name):
        name = child_text(element, "description")
    return name, written
