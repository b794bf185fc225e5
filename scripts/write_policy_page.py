"""Write docs/policy.md and policy.zh.md from src/poolpipe/policy.py: every setting, its default, its range and its meaning."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from pydantic import BaseModel

from poolpipe.languages import both, language, speaking
from poolpipe.policy import PRESETS, Policy, load_policy

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

DOCS = Path(__file__).parents[1] / "docs"
PAGES = {"en": DOCS / "policy.md", "zh": DOCS / "policy.zh.md"}

SETTINGS = tomllib.loads(Path(__file__).with_name("chinese_meanings.toml").read_text(encoding="utf-8"))[
    "settings"
]
"""What settings and sections mean, in Chinese by the English of policy.py."""

HEAD = """<!-- Written by scripts/write_policy_page.py from src/poolpipe/policy.py; do not edit. -->
# Policy 判读规则

[中文](policy.zh.md)

A policy holds the rules of a campaign: capacities, code patterns, cut-offs, clocks. It is data, read from TOML and
named by the hash of its content, and every result carries that version. Raw readings are kept, so the same campaign can be
read again under other rules, and `poolpipe diff` shows what that changes.

A file names only what differs from its `base` preset, which is `ten-in-one` unless it says otherwise:

```toml
base = "ten-in-one"
name = "strict"

[assay]
detected_ct = 35.0   # detected at or below
grey_ct = 38.0       # grey zone up to here

[clocks]
recall = 4           # hours
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

CHINESE_HEAD = """<!-- Written by scripts/write_policy_page.py from src/poolpipe/policy.py; do not edit. -->
# 判读规则

[English](policy.md)

判读规则是一次筛查的各项规定：样本管容量、条码规则、Ct 值界限、时限。它是数据：写成 TOML 文件，以内容的哈希为版本，每份结果都注明该版本。\
原始扩增结果都有保留，同一次筛查可按另一套规则重新判读，用 `poolpipe diff` 查看有何不同。

规则文件只写与所依预设（`base`）不同之处；不写 `base` 即为 `ten-in-one`：

```toml
base = "ten-in-one"
name = "strict"

[assay]
detected_ct = 35.0   # 不高于此值为检出
grey_ct = 38.0       # 灰区上限

[clocks]
recall = 4           # 小时
```

```sh
poolpipe run scans --out usual
poolpipe run scans --out strict --policy strict.toml
poolpipe diff usual strict
```

有未知的设置、超出范围的值或互相矛盾的规则，整个文件不予采用，并逐条指出。名称不计入版本，其余设置都计入\
（Ct 值分布的 `ct_mean`、`ct_sd`、`efficiency` 只在与默认值不同时计入）。
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

CHINESE_SOURCES = """## 依据

| 规定 | 出处 |
| --- | --- |
| 每管十支拭子，不足员的管须标记，保存液 6 mL | 国家 10合1 混采检测技术规范 |
| 每 2 小时到采样点取样一次；2 至 4 小时内送达；每箱约 30 管，一箱一码 | 瑞金市应急预案（2022 年 2 月）第三部分 |
| 6 小时（重点区域与人员）、12 小时（其他）出结果，最迟不超过 24 小时 | 瑞金市应急预案第三部分 |
| 混管阳性后 6 小时内，管内每人由首检机构复检完毕（首检负责制） | 瑞金市应急预案第三部分 |
| 阴性管 4 ℃ 留样 24 小时，可疑与阳性管 -20 ℃ 留样 7 天 | 瑞金市应急预案第三部分 |
| 24 小时内未检测的样本：-70 ℃ 保存，至少 -20 ℃ | 瑞金市应急预案第三部分 |
| 24 小时完成半数人员，48 小时完成全部 | 瑞金市应急预案第三部分 |
| 可弃置的管最多再存放 24 小时 | 本项目的估计：请按检测机构清理冰箱的时间设置 |
| Ct 值不高于 37 为检出，至 40 为灰区 | 本项目的默认值；试剂盒各有不同，故为设置 |

各地预案不同，同一地先后也有变化，因此每项限值都是设置。预案中的其他时限（转送医院与隔离点、区域封控与解除、发热门诊）不是设置：\
没有事件或基础表说明这些情况。
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
    """Write the page in both languages."""
    for name, path in PAGES.items():
        path.write_text(page(name), encoding="utf-8")


def page(name: str) -> str:
    """The whole page as Markdown, in English (`en`) or Chinese (`zh`)."""
    with speaking(name):
        return "\n".join([both(HEAD, CHINESE_HEAD), _presets(), *_sections(), both(SOURCES, CHINESE_SOURCES)])


def _presets() -> str:
    rows = [
        f"| `{name}` | {policy.pools.capacity} | `{policy.version}` |\n"
        for name in PRESETS
        for policy in [load_policy(name)]
    ]
    head = both("| preset | people a tube | version |", "| 预设 | 每管人数 | 版本 |")
    return f"## {both('Presets 预设', '预设')}\n\n{head}\n| --- | --- | --- |\n" + "".join(rows)


def _sections() -> list[str]:
    default = Policy()
    plain, parts = [], []
    for name, setting in Policy.model_fields.items():
        value = getattr(default, name)
        if isinstance(value, BaseModel):
            what = _told((type(value).__doc__ or "").strip().splitlines()[0])
            inner = [
                _row(f"{name}.{each}", field, getattr(value, each))
                for each, field in type(value).model_fields.items()
            ]
            parts.append(f"## `[{name}]`\n\n{what}\n\n{_grid(inner)}")
        else:
            plain.append(_row(name, setting, value))
    return [f"## {both('Top of the file 顶层设置', '顶层设置')}\n\n" + _grid(plain), *parts]


def _grid(rows: list[str]) -> str:
    head = both("| setting | default | values | meaning |", "| 设置 | 默认值 | 取值 | 含义 |")
    return f"{head}\n| --- | --- | --- | --- |\n" + "".join(rows)


def _row(name: str, field: FieldInfo, default: object) -> str:
    shown = str(list(default)) if isinstance(default, tuple) else "none" if default is None else str(default)
    meaning = _told(MEANINGS.get(name) or field.description or "")
    cells = (f"`{name.rpartition('.')[2]}`", f"`{shown}`", _values(field), meaning)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _told(text: str) -> str:
    """A text of policy.py, or of this page, in the page's language.

    Raises
    ------
    LookupError
        If nobody has written its Chinese.
    """
    if language() == "en":
        return text
    if text not in SETTINGS:
        message = f"{text!r} has no Chinese: write it in scripts/chinese_meanings.toml under [settings]"
        raise LookupError(message)
    return str(SETTINGS[text])


def _values(field: FieldInfo) -> str:
    choices = [f"`{each}`" for each in get_args(field.annotation) if isinstance(each, str | int)]
    signs = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
    bounds = [
        f"{sign} {getattr(rule, bound):,.12g}"
        for rule in field.metadata
        for bound, sign in signs.items()
        if getattr(rule, bound, None) is not None
    ]
    return both(", ", "、").join(choices or bounds) or "–"


if __name__ == "__main__":
    main()
