"""Write docs/policy.md from src/poolpipe/policy.py: every setting, its default, its range and its meaning."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, get_args

from pydantic import BaseModel

from poolpipe.policy import PRESETS, Policy, load_policy

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

PAGE = Path(__file__).parents[1] / "docs" / "policy.md"

HEAD = """<!-- Written by scripts/write_policy_page.py from src/poolpipe/policy.py; do not edit. -->
# Policy 判读规则

A policy holds the rules of a campaign: capacities, code patterns, cut-offs, clocks. It is data, read from TOML and
named by the hash of its content, and every result carries that version. Raw readings are kept, so the same campaign can be
read again under other rules, and `poolpipe diff` shows what that changes. 判读规则是数据：同一批原始扩增结果可按另一套规则重新判读并比较。

A file names only what differs from its `base` preset, which is `ten-in-one` unless it says otherwise:

```toml
base = "ten-in-one"
name = "strict"

[assay]
detected_ct = 35.0   # detected at or below 不高于此值为检出
grey_ct = 38.0       # grey zone up to here 灰区上限

[clocks]
recall = 4           # hours 小时
```

```sh
poolpipe run scans --out usual
poolpipe run scans --out strict --policy strict.toml
poolpipe diff usual strict
```

A policy with an unknown setting, a value outside its range or rules that contradict each other is refused, with every
broken rule named. The name does not count for the version; every other setting does (`ct_mean`, `ct_sd` and `efficiency`, the
law of Ct, once they differ from their defaults).
"""

SOURCES = """## Where the limits come from 依据

| limit | source |
| --- | --- |
| ten swabs a tube, short pools marked, 6 mL medium | national technical specification for 10-in-1 collection |
| a site is visited every 2 h; delivered within 2 to 4 h; about 30 tubes a box, one barcode | Ruijin city plan (2022-02), part 3 |
| results in 6 h (priority areas and people), 12 h (others), never beyond 24 h | Ruijin city plan, part 3 |
| 6 h from a positive pool to every member re-tested, by the lab that found it 首检负责制 | Ruijin city plan, part 3 |
| negative tubes kept 24 h at 4 °C, suspect and positive ones 7 days at -20 °C | Ruijin city plan, part 3 |
| untested after 24 h: -70 °C, -20 °C at worst | Ruijin city plan, part 3 |
| half of the people in 24 h, all in 48 h | Ruijin city plan, part 3 |
| a tube that may be discarded stands 24 h at most | a guess of this project: set it to when the lab clears its fridges |
| detected at Ct 37 or below, grey zone to 40 | a default of this project; kits differ, so they are settings |

Every limit is a setting, because plans differ between cities and change between campaigns. The plans' other limits (transfer to
hospital and quarantine, areas closed and released, fever clinics) are no settings: no event and no reference table tells of them.
"""

MEANINGS = {
    "name": "what people call the policy; it does not count for the version",
    "time_zone": "IANA zone of times that are written without an offset, and of the boards",
    "codes.tube": "regular expression the whole tube code must match",
    "codes.box": "the same for boxes",
    "codes.plate": "the same for plates",
    "codes.tube_check": "check character the tube code ends in",
    "codes.box_check": "the same for boxes",
    "codes.plate_check": "the same for plates",
    "codes.plate_wells": "96 wells are A01 to H12, 384 are A01 to P24",
    "assay.targets": "targets that all must be detected for a positive",
    "assay.internal_control": "name of the internal control",
}
"""What the model's own descriptions leave to this page."""


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


def page() -> str:
    """The whole page as Markdown."""
    return "\n".join([HEAD, _presets(), *_sections(), SOURCES])


def _presets() -> str:
    rows = [
        f"| `{name}` | {policy.pools.capacity} | `{policy.version}` |\n"
        for name in PRESETS
        for policy in [load_policy(name)]
    ]
    return "## Presets 预设\n\n| preset | people a tube | version |\n| --- | --- | --- |\n" + "".join(rows)


def _sections() -> list[str]:
    default = Policy()
    plain, parts = [], []
    for name, setting in Policy.model_fields.items():
        value = getattr(default, name)
        if isinstance(value, BaseModel):
            what = (type(value).__doc__ or "").strip().splitlines()[0]
            inner = [
                _row(f"{name}.{each}", field, getattr(value, each))
                for each, field in type(value).model_fields.items()
            ]
            parts.append(f"## `[{name}]`\n\n{what}\n\n{_grid(inner)}")
        else:
            plain.append(_row(name, setting, value))
    return ["## Top of the file 顶层设置\n\n" + _grid(plain), *parts]


def _grid(rows: list[str]) -> str:
    return "| setting | default | values | meaning |\n| --- | --- | --- | --- |\n" + "".join(rows)


def _row(name: str, field: FieldInfo, default: object) -> str:
    shown = str(list(default)) if isinstance(default, tuple) else "none" if default is None else str(default)
    meaning = MEANINGS.get(name) or field.description or ""
    cells = (f"`{name.rpartition('.')[2]}`", f"`{shown}`", _values(field), meaning)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _values(field: FieldInfo) -> str:
    choices = [f"`{each}`" for each in get_args(field.annotation) if isinstance(each, str | int)]
    signs = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
    bounds = [
        f"{sign} {getattr(rule, bound):g}"
        for rule in field.metadata
        for bound, sign in signs.items()
        if getattr(rule, bound, None) is not None
    ]
    return ", ".join(choices or bounds) or "–"


if __name__ == "__main__":
    main()
