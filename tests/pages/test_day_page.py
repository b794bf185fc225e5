"""The page of a day: every number is the tables', nothing is loaded, nobody is named unless asked."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

import poolpipe
from pages.days import NOON, day, ledger, page, recall, tube
from pages.reading import Reading, drawings
from poolpipe.commands.export import export

SAMPLES = Path(__file__).parents[2] / "data" / "samples"
LOADED = re.compile(
    r"""(?:\b(?:src|srcset|href|action|poster|data)\s*=\s*["']?|url\(\s*["']?|@import\s+["']?)([^"'\s>)]+)"""
)
COUNTY = ("采样登记.xlsx", "装箱.csv", "板图.xlsx", "qPCR.xls")


@pytest.fixture(scope="module", params=["town", "county"])
def result(request, tmp_path_factory):
    """A result in a folder and the page that the command makes of it."""
    folder = tmp_path_factory.mktemp(request.param)
    given = (
        [SAMPLES / "town" / "events"]
        if request.param == "town"
        else [SAMPLES / "county" / name for name in COUNTY]
    )
    people = (
        SAMPLES / "town" / "reference" / "people.parquet"
        if request.param == "town"
        else SAMPLES / "county" / "reference" / "居民名册.xlsx"
    )
    poolpipe.run(given, people=people, out=folder / "result")
    asked = CliRunner().invoke(
        export, [str(folder / "result"), "--format", "html", "--out", str(folder / "page.html")]
    )
    assert asked.exit_code == 0, asked.output
    return poolpipe.Day.read(folder / "result"), (folder / "page.html").read_text(encoding="utf-8"), folder


def _number(text):
    return int(text.replace(",", ""))


def _rounded_down(part, whole):
    return f"{1000 * part // whole / 10:g} %" if whole else "–"


def test_headlines__are_a_naive_recount_of_the_tables(result):
    told, text, _ = result
    headlines = Reading(text).headlines
    recalls, pools = told.recalls.to_dicts(), told.pools.to_dicts()
    status = Counter(row["status"] for row in recalls)
    overdue = sum(row["overdue"] for row in recalls)
    on_time = sum(row["status"] == "closed" and not row["late"] for row in recalls)
    assert _number(headlines["待复采人员"][0]) == status["open"]
    assert (
        f"应复采 {len(recalls):,} 人；已采待报 {status['recollected']:,} 人；已办结 {status['closed']:,} 人"
        in headlines["待复采人员"][1]
    )
    assert _number(headlines["超时未办结"][0]) == overdue
    assert ("未达标" in headlines["超时未办结"][1]) == (overdue > 0)
    assert headlines["6 小时内办结"][0] == _rounded_down(on_time, status["closed"] + overdue)
    assert _number(headlines["阳性人员"][0]) == told.cases.height
    counts = Counter((row["mode"], row["call"]) for row in pools)
    singles = f"阳性 {counts['single', 'positive']}、可疑 {counts['single', 'suspect']}"
    assert (
        f"混管：阳性 {counts['pool', 'positive']}、可疑 {counts['pool', 'suspect']}；单采管：{singles}"
        in headlines["阳性人员"][1]
    )
    collected = [row for row in pools if row["mode"] is not None]
    reported = sum(row["state"] == "reported" for row in collected)
    assert headlines["已出结果"][0] == _rounded_down(reported, len(collected))
    assert f"采样 {told.members.height:,} 人次" in headlines["已出结果"][1]
    for name, code in (("按时送达", "clock_room_temperature"), ("按时出结果", "clock_result")):
        over = sum(row["code"] == code for row in told.anomalies.to_dicts())
        assert headlines[name][0] == _rounded_down(len(collected) - over, len(collected))


def test_tables__are_a_naive_recount(result):
    told, text, _ = result
    read = Reading(text)
    found = Counter(row["code"] for row in told.anomalies.to_dicts())
    shown: Counter[str] = Counter()
    for row in read.rows("anomalies"):
        shown[row[0].split()[-1]] += _number(row[1])
    assert shown == found
    assert sum(_number(row[1]) for row in read.rows("rejects")) == told.rejects.height
    steps = ("collected", "packed", "picked_up", "received", "loaded", "reported")
    reached = [sum(row[step] for row in told.ledger.to_dicts()) for step in steps]
    assert [_number(row[1]) for row in read.rows("funnel")] == reached
    missing: Counter[str] = Counter()
    for row in told.pools.to_dicts():
        if row["mode"] is not None and row["state"] != "reported":
            missing[row["site"] or "（未填）"] += 1
    assert {row[0]: _number(row[2]) for row in read.rows("losses")} == missing
    places = Counter(
        row["site"] or "（未填）" for row in told.pools.to_dicts() if row["call"] in ("positive", "suspect")
    )
    assert {row[0]: _number(row[1]) + _number(row[2]) for row in read.rows("places")} == places
    files = {each["file"]: each for each in told.summary["files"]}
    counts = {
        row[0].split()[0]: [_number(cell) for cell in row[1:]] for row in read.rows("files") if len(row) == 5
    }
    assert counts == {
        name: [each[key] for key in ("read", "accepted", "duplicates", "rejected")]
        for name, each in files.items()
    }


def test_curve__counts_what_happened_before_each_moment(result):
    told, text, _ = result
    rows = Reading(text).rows("curve")
    as_of = told.summary["as_of"]
    recalls = told.recalls.to_dicts()
    assert len(rows) <= 75
    assert [_number(cell) for cell in rows[0][1:]] == [0, 0, 0, 0]
    year = f"{as_of[:4]}-"
    for at, *cells in rows:
        moment = pl.Series([year + at]).str.to_datetime("%Y-%m-%d %H:%M", time_zone="Asia/Shanghai")[0]
        if moment.strftime("%H:%M") != at[-5:] or cells[0] == "–" or moment.minute % 10:
            continue  # as_of itself has seconds
        names = ("opened_at", "due_at", "recollected_at", "closed_at")
        naive = [sum(row[name] is not None and row[name] < moment for row in recalls) for name in names]
        assert [_number(cell) for cell in cells] == naive, at
    last = [row for row in rows if row[1] != "–"][-1]
    assert _number(last[1]) == len(recalls)


def test_recall_list__is_those_not_closed_by_rank_and_masked(result):
    told, text, _ = result
    waiting = [row for row in told.recalls.to_dicts() if row["status"] != "closed"]
    rows = Reading(text).rows("list")
    assert [int(row[0]) for row in rows] == [
        row["rank"] for row in sorted(waiting, key=lambda row: row["rank"])
    ]
    assert all("*" in row[1] for row in rows)
    assert all(row["tube"] in cells[3] for row, cells in zip(waiting, rows, strict=True))


def test_page__names_nobody_unless_asked(result):
    told, text, folder = result
    numbers = {row["person"] for row in told.members.to_dicts() if len(row["person"]) >= 8}
    everything = text + "".join(drawings(text))
    assert not [number for number in numbers if number in everything]
    out = folder / "named.html"
    asked = CliRunner().invoke(
        export, [str(folder / "result"), "--format", "html", "--show-ids", "--out", str(out)]
    )
    assert asked.exit_code == 0
    named = out.read_text(encoding="utf-8")
    waiting = told.recalls.filter(pl.col("status") != "closed")["person"].to_list()
    assert waiting
    assert all(person in named for person in waiting)


def test_page__loads_nothing_and_runs_nothing(result):
    _, text, _ = result
    assert all(each.startswith("data:image/svg+xml;base64,") for each in LOADED.findall(text))
    assert "http:" not in text
    assert "https:" not in text
    assert "<script" not in text.lower()
    assert "default-src 'none'" in text
    for drawn in drawings(text):
        addresses = re.findall(r"https?://[^\"' ]+", drawn)
        assert set(addresses) <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
        assert "<script" not in drawn
        assert "<image" not in drawn


def test_page__has_both_languages_pictures_with_words_and_is_small(result):
    _, text, _ = result
    assert len(text.encode()) < 3_000_000
    assert 'id="in-zh" checked' in text
    assert 'id="in-en"' in text
    assert text.count('class="zh" lang="zh-CN"') == text.count('class="en" lang="en"')
    alternatives = re.findall(r'<img [^>]*alt="([^"]*)"', text)
    assert len(alternatives) == 6
    assert all(len(each) > 15 for each in alternatives)
    assert text.count("图中数字") == 3, "a table behind every picture"
    english = Reading(text, "en")
    assert "Waiting to be re-collected" in english.headlines
    assert "Positives by place and hour" in english.texts


def test_page__is_the_same_bytes_again_and_from_memory(result, monkeypatch, draw):
    told, text, _ = result
    monkeypatch.setattr("vl_convert.vegalite_to_svg", draw)
    assert page(told) == text
    english = page(told, language="en")
    assert 'id="in-en" checked' in english
    assert '<html lang="en">' in english


def test_county__tells_how_its_files_were_understood():
    told = poolpipe.run([SAMPLES / "county" / name for name in COUNTY])
    read = Reading(page(told))
    rows = read.rows("files")
    told_files = {rows[place - 1][0].split()[0]: row[0] for place, row in enumerate(rows) if len(row) == 1}
    assert "身份证号 → person" in told_files["采样登记.xlsx#4月4日"]
    assert "未采用的列： 序号" in told_files["装箱.csv"]
    assert [row[0] for row in read.rows("unread")] == ["采样登记.xlsx#填表说明"]


def test_list__is_limited_and_says_how_many_more():
    people = [f"{number:018}" for number in range(100_000)]
    one = day(recalls=[recall(1, "")]).recalls
    recalls = pl.concat([one] * len(people)).with_columns(
        pl.Series("person", people), rank=pl.int_range(1, len(people) + 1)
    )
    text = page(day(recalls=recalls))
    assert len(Reading(text).rows("list")) == 200
    assert "其余 99,800 行" in text
    assert "100,000" in text
    assert len(text.encode()) < 1_000_000


@pytest.mark.parametrize("as_of", [None, NOON])
def test_page__of_nothing_says_so(as_of):
    text = page(day(as_of=as_of))
    for told in ("没有采样记录。", "没有阳性或可疑样本管。", "无需复采。", "无异常。"):
        assert told in text
    assert "未知：没有被接受的采样记录" in text
    assert "无人待复采" not in text
    assert ("没有被接受的事件" in text) == (as_of is None)
    assert Reading(text).headlines["已出结果"][0] == "–"
    assert not drawings(text)


def test_page__of_one_tube_has_a_curve_and_a_square():
    one = day(
        pools=[tube("T1", "positive", site=None)], recalls=[recall(1, "110101199003070000")], ledger=[ledger(None, 1, 1, 1, 1, 1, 1)],
    )  # fmt: skip
    read = Reading(page(one))
    assert read.rows("places") == [["（未填）", "1", "0", "02-10 12:00", "02-10 12:00"]]
    assert read.rows("curve")[-1][1:] == ["–", "1", "–", "–"]
    assert read.rows("list")[0][:3] == ["1", "110101********0000", "02-10 18:00 剩余 6 小时 0 分"]


def test_positive_tubes_of_nobody__are_told_and_meet_no_target():
    orphan = day(
        pools=[tube("T1", "positive", mode=None, people=0), tube("T2", "suspect", mode=None, people=0)]
    )
    text = page(orphan)
    assert "有 2 管阳性或可疑但无人登记，应复采人员不明。" in text
    assert "无需复采。" not in text
    headlines = Reading(text).headlines
    assert "另有无人登记的 2 管" in headlines["阳性人员"][1]
    assert "达标" not in headlines["超时未办结"][1]


def test_as_of_before_every_recall__leaves_what_is_due():
    early = day(
        as_of=NOON - timedelta(days=2),
        pools=[tube("T1", "positive")],
        recalls=[recall(1, "110101199003070000")],
    )
    assert Reading(page(early)).rows("curve")


def test_days_over_several_dates__have_few_steps_and_columns():
    calls = [
        tube(f"T{number}", "positive", called_at=NOON + timedelta(hours=7 * number)) for number in range(200)
    ]
    recalls = [
        recall(number + 1, f"P{number}", opened=NOON + timedelta(hours=7 * number)) for number in range(200)
    ]
    read = Reading(page(day(as_of=NOON + timedelta(days=70), pools=calls, recalls=recalls)))
    assert len(read.rows("curve")) <= 75
    assert read.rows("places")[0][1] == "200"


def test_hostile_texts__are_shown_as_texts():
    evil = "<script>alert(1)</script>"
    turned = "safe\u202egnp.exe"
    long = "长" * 10_000
    sites = (evil, turned, long, long + "1", '"><img src=x onerror=alert(1)>', "{{ 7*7 }}", "a\x00b", "")
    hostile = day(
        pools=[tube(f"T{number}", "positive", site=site) for number, site in enumerate(sites)],
        recalls=[recall(1, evil, person_type=turned, tube=long, lab=evil)],
        ledger=[ledger(site, 3, 2, 2, 2, 1, 0) for site in sites],
        anomalies=[{"code": "short_pool", "severity": "info", "round": evil, "subject_kind": "tube", "subject": long, "detail": evil}],
        rejects=[{"file": evil, "line": 1, "code": "bad_code", "detail": f"tube '{evil}': {turned}", "raw": evil}],
        summary={
            "policy": {"name": evil, "version": turned}, "warnings": [evil, long], "skipped": [evil], "skipped_because": {evil: turned},
            "files": [{"file": evil, "read": 1, "accepted": 0, "duplicates": 0, "rejected": 1}],
            "columns_left_out": {evil: [evil, turned]}, "words": {"mode": {evil: "pool"}},
            "understood": {evil: {"kind": "collect", "columns": {evil: "tube", turned: "person"}}},
            "labs": [], "anomalies": {"short_pool": 1},
        },
    )  # fmt: skip
    for show_ids in (False, True):
        text = page(hostile, show_ids=show_ids)
        everything = text + "".join(drawings(text))
        assert "<script" not in everything
        assert "<img src=x" not in everything
        assert "\u202e" not in everything
        assert "\x00" not in everything
        assert "{{ 7*7 }}" in everything
        assert "\\u202e" in everything
        assert "长" * 700 not in everything
        assert len(text.encode()) < 1_000_000


def test_numbers_in_names_of_files_and_sites__are_masked():
    number = "110101199003070003"
    file = {"file": f"{number}.csv", "read": 0, "accepted": 0, "duplicates": 0, "rejected": 0}
    named = day(
        pools=[tube("T1", "positive", site=number)], ledger=[ledger(number, 1, 0, 0, 0, 0, 0)],
        summary={"warnings": [f"{number}.csv: look"], "skipped": [f"{number}.csv"], "files": [file]},
    )  # fmt: skip
    text = page(named)
    assert number not in text + "".join(drawings(text))
    assert number in page(named, show_ids=True)
