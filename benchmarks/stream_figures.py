"""What was measured of a service, kept in `stream.json` part by part, and written into docs/serve.md from there."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.machine import describe
from benchmarks.marked import DOCS, put_between

FILE = Path(__file__).with_name("stream.json")


def keep(part: str, figures: dict[str, Any]) -> None:
    """Keep one part's figures, with the machine and the day beside, and write the page.

    Parameters
    ----------
    part : {"load", "plate", "day", "half_hour"}
    figures : dict
        As the benchmark of this part gives them.
    """
    kept = json.loads(FILE.read_text("utf-8")) if FILE.exists() else {}
    kept[part] = {"measured": f"{datetime.now(UTC):%Y-%m-%d}", "machine": describe(), **figures}
    FILE.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", "utf-8")
    write_page(kept)


def write_page(kept: dict[str, Any]) -> None:
    """Write all figures into docs/serve.md and its Chinese twin.

    Parameters
    ----------
    kept : dict
        Part to its figures.
    """
    for place, page in enumerate(("serve.md", "serve.zh.md")):
        put_between("stream", DOCS / page, block(kept, place))


def block(kept: dict[str, Any], place: int) -> str:
    """All figures that are kept, in English (0) or Chinese (1).

    Parameters
    ----------
    kept : dict
        Part to its figures.
    place : {0, 1}
    """
    writers = {"load": _load, "plate": _plate, "day": _day, "half_hour": _half_hour}
    return "\n\n".join(write(kept[part], place) for part, write in writers.items() if part in kept)


def _where(told: dict[str, Any], place: int, command: str) -> str:
    """Machine, day and command of a part."""
    machine, cores = told["machine"], ("cores", "核")[place]
    on = f"{machine['processor']}, {machine['cores']} {cores}, {machine['memory']}"
    return f"{on}; {told['measured']}, `python -m benchmarks.{command}`"


_SINGLES = {
    0.0: ("singles from 256 devices, as fast as answered", "256 台设备逐条发送，答复即发下一条"),
    5_000.0: ("singles at 5,000/s", "逐条，每秒 5,000"),
    20_000.0: ("singles at 20,000/s", "逐条，每秒 20,000"),
}
_PEERS = {
    "sqlite": (
        "an ASGI application that inserts each into SQLite and commits",
        "逐条写入 SQLite 并提交的 ASGI 应用",
    ),
    "postgres": ("the same on Postgres, 32 connections", "同上，写入 Postgres，32 个连接"),
    "nats": (
        "NATS JetStream alone, each message synced, 256 connections",
        "仅 NATS JetStream，每条消息落盘，256 个连接",
    ),
}


def _load(told: dict[str, Any], place: int) -> str:
    nothing = ("nothing is cleaned or concluded", "不清洗、不得出结论")[place]
    rows = []
    for each in told["singles"]:
        count = f"{each['singles_a_sync']:.0f}"
        note = (f"a sync for {count}", f"{count} 条一次落盘")[place]
        rows.append((_SINGLES[each["asked"]][place], each, note))
    rows += [(text[place], told[name], nothing) for name, text in _PEERS.items() if name in told]
    for form, each in told["batches"].items():
        rates = each["scans_a_second"]
        cleaned, shown = f"{rates['cleaned']:,.0f}", f"{rates['in the tables shown']:,.0f}"
        note = (
            f"scans/s: {cleaned} cleaned, {shown} in the tables shown",
            f"每秒清洗 {cleaned} 条，进入所示结果表 {shown} 条",
        )[place]
        rows.append(((f"{form}, 1,000 scans a request", f"{form}，每次 1,000 条")[place], each, note))
    lines = [("| load | requests/s | median, p99 | |", "| 负载 | 请求/秒 | 中位数、99 百分位 | |")[place]]
    lines += ["| --- | --- | --- | --- |"]
    for name, each, note in rows:
        waits = ", ".join(f"{wait:.0f} ms" for wait in each["ms"])
        lines.append(f"| {name} | {each['rate']:,.0f} | {waits} | {note} |")
    sent, peak = f"{told['sent']:,}", f"{told['peak_gb']:.1f} GB"
    end = (
        f"Every one of {sent} acknowledged scans was in the store once; the three processes took {peak} at most.",
        f"{sent} 条已确认的扫码在仓库中各有一次；三个进程合计至多 {peak}。",
    )[place]
    return "\n".join([*lines, "", end, _where(told, place, "stream_load --peer --postgres PYTHON")])


def _shown(told: dict[str, Any], place: int) -> list[tuple[str, str]]:
    """Rows that say how soon a plate's results are there."""
    names = (
        (
            "a plate's results in `/tables/recalls`: median, p99",
            "一块板的结果进入 `/tables/recalls`：中位数、99 百分位",
        ),
        ("the same, asked for its laboratory alone", "同上，只读该检测所"),
        ("the plate's acknowledgement", "该板的确认"),
        ("acknowledgements of 500 scans a second beside", "同时每秒 500 条扫码的确认"),
    )
    every = (
        told["shown_ms"],
        told["shown_of_lab_ms"],
        told["acknowledged_ms"],
        told["beside"]["acknowledged_ms"],
    )
    return [
        (name[place], f"{waits[0]:.0f} ms, {waits[2]:.0f} ms")
        for name, waits in zip(names, every, strict=True)
    ]


def _facts(head: tuple[str, str], rows: list[tuple[str, str]], place: int) -> str:
    return "\n".join(
        [f"| {head[place]} | |", "| --- | --- |", *(f"| {name} | {what} |" for name, what in rows)]
    )


def _plate(told: dict[str, Any], place: int) -> str:
    table = _facts(("a city of 40,000 people", "4 万人的城市"), _shown(told, place), place)
    return f"{table}\n\n{_where(told, place, 'plate_latency --people 40000')}"


def _day(told: dict[str, Any], place: int) -> str:
    stands, most = told["door_s"] + told["tables_s"], sum(told["peak_mb"].values()) / 1e3
    rows = [
        (("scans are taken after the start", "启动后开始接收")[place], f"{told['door_s']:.0f} s"),
        (
            ("the tables stand", "各结果表就绪")[place],
            f"{stands:.0f} s",
        ),
        (("memory of the three processes, at most", "三个进程合计内存，至多")[place], f"{most:.1f} GB"),
        *_shown(told, place),
    ]
    head = (
        "a day of 25.7 million people, 38.5 million events",
        "2,570 万人的一天，3,850 万条事件",
    )
    note = (
        "The first half minute, in which the charts of all laboratories are drawn, is left out of the waits: they are twice as long then.",
        "最初半分钟绘制各检测所的控制图，其间等待约为两倍，未计入。",
    )[place]
    where = _where(told, place, "plate_latency --events CITY/events")
    return f"{_facts(head, rows, place)}\n\n{note}\n{where}"


def _half_hour(told: dict[str, Any], place: int) -> str:
    lines = [
        (
            "| minute | new scans | sent again | cleaning, MB | door, MB | tables, MB |",
            "| 分钟 | 新扫码 | 重复发送 | 清洗，MB | 接收，MB | 结果表，MB |",
        )[place],
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for each in told["looks"]:
        took = " | ".join(f"{each['memory_mb'][name]:.0f}" for name in ("taking in", "door", "tables"))
        lines.append(f"| {each['minute']:.0f} | {each['new']:,.0f} | {each['again']:,.0f} | {took} |")
    minutes, rate, size = told["minutes"], f"{told['rate']:.0f}", f"{told['bytes_an_event']:.0f}"
    notes = (
        [
            f"{minutes} minutes at {rate} scans a second, with plates, a reader and a follower, beside much other work.",
            f"The door stays as it is. The tables grow with what they hold: {size} bytes a new scan here, of which most had a wrong check",
            "character, and so an anomaly of their own; some 300 bytes without.",
        ],
        [
            f"{minutes} 分钟，每秒 {rate} 条扫码，同时有检测结果、读表者与跟随者，机器上另有大量任务。",
            f"接收进程内存不变；结果表随所存数据增长：此处每条新扫码 {size} 字节，因其中多数校验码有误、各带一条异常；",
            "否则约 300 字节。",
        ],
    )[place]
    told_of = ("\n", "")[place].join(notes)  # no line of Chinese is broken
    return "\n".join([*lines, "", told_of, _where(told, place, "stream_hours")])


if __name__ == "__main__":
    write_page(json.loads(FILE.read_text("utf-8")))
