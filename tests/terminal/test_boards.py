"""Boards: what people act on is on them, and nothing they should not see."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import polars as pl
import pytest
from rich.cells import cell_len

import poolpipe
from cli.days import NOON, day, printed, recall, table, tube
from poolpipe.display import mask
from poolpipe.policy import Policy
from poolpipe.tables import ANOMALIES, CALLS, EVENTS, REJECTS, STATES
from poolpipe.terminal.advice import ALIASES
from poolpipe.terminal.boards import (
    anomaly_board,
    box_board,
    campaign_board,
    coverage_board,
    day_boards,
    lab_board,
    ledger_board,
    machine_board,
    missing_board,
    recall_board,
    reject_board,
    retention_board,
    unused_board,
)
from poolpipe.words import VALUE_WORDS

ZONE = "Asia/Shanghai"
PERSON = "36078119850110000X"


def recalls_seen(*rows, **options):
    return printed(recall_board(table("recalls", rows), as_of=NOON, zone=ZONE, **options))


def test_way_out__is_told_in_both_languages():
    told: list[Any] = [*ANOMALIES.values(), *REJECTS.values()]
    for each in told:
        assert each.meaning.isascii()
        assert each.way_out.isascii()
        assert not each.chinese.isascii()
        assert not each.way_out_chinese.isascii()


def test_chinese__names_every_call_state_and_severity():
    assert {
        *CALLS,
        *STATES,
        "open",
        "recollected",
        "closed",
        "error",
        "warning",
        "info",
    } <= VALUE_WORDS.keys()


def test_aliases__stand_for_columns_that_events_have():
    known = {name for kind in EVENTS.values() for name in kind.columns} | {"kind"}
    assert set(ALIASES.values()) <= known
    assert not set(ALIASES) & known


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("360781198501100005", "360781********0005"),
        ("E12345678", "E12****78"),
        ("1234", "1**4"),
        ("12", "**"),
        ("", ""),
    ],
)
def test_mask__keeps_at_most_a_third_and_a_quarter(number, masked):
    assert mask(number) == masked


def test_recall_board__puts_the_most_urgent_first():
    shown = recalls_seen(recall("T2", PERSON, rank=2), recall("T1", PERSON, rank=1))
    assert shown.index("T1") < shown.index("T2")


def test_recall_board__counts_time_left_from_as_of():
    shown = recalls_seen(recall("T1", PERSON, due_at=NOON + timedelta(hours=3, minutes=24, seconds=59)))
    assert "3 h 24" in shown
    assert "02-10 15:24" in shown, "due in the local zone"


def test_recall_board__says_that_time_is_over():
    shown = recalls_seen(recall("T1", PERSON, due_at=NOON - timedelta(minutes=65)))
    assert "-1 h 05" in shown


def test_recall_board__masks_identity_numbers_unless_asked():
    row = recall("T1", PERSON)
    assert PERSON not in recalls_seen(row)
    assert mask(PERSON) in recalls_seen(row)
    assert PERSON in recalls_seen(row, show_ids=True)


def test_recall_board__only_counts_the_settled():
    shown = recalls_seen(recall("T1", PERSON, status="closed", outcome="negative"))
    assert "T1" not in shown
    assert "closed 已办结 1" in shown
    assert "无人待复采" in shown


def test_recall_board__names_the_community_where_it_is_known():
    people = pl.DataFrame(
        {"person_type": ["RIC"], "person": [PERSON], "community": ["象湖社区"], "building": [None]}
    )
    shown = recalls_seen(recall("T1", PERSON), recall("T1", "440524198001010013", rank=2), people=people)
    assert "象湖社区" in shown
    assert mask("440524198001010013") in shown


def test_recall_board__counts_what_it_leaves_out():
    rows = [recall(f"T{n}", PERSON, rank=n) for n in range(1, 8)]
    assert "and 4 more" in recalls_seen(*rows, rows=3)


def test_ledger_board__adds_up_and_leads_with_what_is_missing():
    step = dict.fromkeys(STATES, 5)
    rows = [
        {"round": "", "site": "S1", "box": "B1", **step, "orphans": 0},
        {"round": "", "site": "S2", "box": "B2", **step, "reported": 3, "orphans": 1},
        {"round": "", "site": "S2", "box": "B3", **step, "orphans": 0},
    ]
    lines = printed(ledger_board(table("ledger", rows))).splitlines()
    cells = {line.split()[0]: line.split()[1:] for line in lines if line.split()}
    assert cells["S2"] == ["10", "10", "10", "10", "10", "8", "2", "1"]
    assert cells["all"] == ["合计", "15", "15", "15", "15", "15", "13", "2", "1"]
    assert list(cells).index("S2") < list(cells).index("S1")


def test_missing_board__says_where_a_tube_was_seen_last():
    pools = [
        tube("T1", "negative"),
        tube("T2", state="packed", box="B7", packed_at=NOON),
        tube("T3", "invalid", state="loaded"),
    ]
    shown = printed(missing_board(table("pools", pools), as_of=NOON + timedelta(hours=30), zone=ZONE))
    assert "T1" not in shown
    assert "packed 已装箱" in next(line for line in shown.splitlines() if "T2" in line)
    assert "30 h 00" in shown
    third = shown[shown.index("T3") :]
    assert "loaded 已上机" in third
    assert "invalid 无效，须重检" in third


def test_anomaly_board__puts_errors_first_and_masks_people():
    rows = [
        {"code": "short_pool", "severity": "info", "round": "", "subject_kind": "tube", "subject": "T1"},
        {"code": "person_in_two_tubes", "severity": "error", "round": "", "subject_kind": "person", "subject": f"RIC:{PERSON}"},
    ]  # fmt: skip
    shown = printed(anomaly_board(table("anomalies", rows)))
    assert shown.index("person_in_two_tubes") < shown.index("short_pool")
    assert PERSON not in shown
    assert "一人多管" in shown
    assert PERSON in printed(anomaly_board(table("anomalies", rows), show_ids=True))


def test_reject_board__names_file_line_and_way_out():
    rows = [{"file": "收/read.csv", "line": 7, "code": "bad_well", "detail": "well 'Z99'", "raw": "x"}]
    shown = printed(reject_board(table("rejects", rows)))
    assert "收/read.csv:7" in shown
    assert REJECTS["bad_well"].way_out_chinese in shown


def test_boards__show_strangers_text_without_obeying_it():
    hostile = "[bold red]x[/]\x1b[2J"
    rows = [
        {"code": "orphan_tube", "severity": "error", "round": "", "subject_kind": "tube", "subject": hostile}
    ]
    shown = printed(anomaly_board(table("anomalies", rows)))
    assert "[bold red]x[/]" in shown.replace("\n", "")
    assert "\x1b" not in shown


def test_campaign_board__counts_every_call_and_record():
    files = [{"file": "a", "read": 12, "accepted": 9, "duplicates": 2, "rejected": 1}]
    pools = [tube("T1", "positive"), tube("T2", "negative"), tube("T3"), tube("T4", mode=None, people=0)]
    shown = printed(campaign_board(day(pools=pools, files=files), zone=ZONE))
    assert "positive 阳性 1" in shown
    assert "negative 阴性 1" in shown
    assert "2" in next(line for line in shown.splitlines() if "尚无结果" in line)
    assert "orphan 无登记 1" in shown
    assert "12 records read" in shown
    assert "accepted 接受 9 · duplicate 重复 2 · rejected 拒收 1" in shown
    assert "2022-02-10 12:00" in shown


def test_unused_board__suggests_what_a_column_was_meant_for():
    odd = day()
    odd.summary.update(columns_left_out={"收.csv": ["tube_no", "天气", "身份证号"]}, skipped=["notes.docx"])
    shown = printed(unused_board(odd))
    assert re.search(r"tube_no\s+tube\s*$", shown, re.MULTILINE)
    assert re.search(r"天气\s+-\s*$", shown, re.MULTILINE)
    assert re.search(r"身份证号\s+person\s*$", shown, re.MULTILINE)
    assert "notes.docx" in shown
    assert unused_board(day()) is None


def test_machine_board__names_what_was_assumed():
    odd = day()
    told = {
        "format": "rotor-gene-q",
        "questions": ["plate_size", "time_without_zone"],
        "answers": {"plate_size": "plate_wells"},
        "not_understood": 2,
    }
    odd.summary["instruments"] = {"run.csv": told}
    shown = printed(machine_board(odd))
    assert re.search(r"run\.csv\s+rotor-gene-q\s+plate size 板的孔数:.*\s2\s*$", shown, re.MULTILINE)
    assert "plate_wells" in shown
    assert re.search(r"^\s+time without zone 时间未写时区:", shown, re.MULTILINE)
    assert "--dry-run" in shown
    assert machine_board(day()) is None


def busy_day():
    """A day with long codes and Chinese names on every board."""
    lab, code = "瑞金市人民医院检验科", "TUBE-0000000000000001"
    kept = [
        {
            "round": "第二轮",
            "tube": code,
            "lab": lab,
            "call": "negative",
            "keep_until": NOON,
            "status": status,
        }
        for status in ("keep", "may_discard", "overdue")
    ]
    hour = {"lab": lab, "hour": NOON, "received": 99_999, "loaded": 99_999, "reported": 9, "waiting": 99_999}
    made = day(
        pools=[
            tube(code, "suspect", site="瑞金市第一中学采样场所", lab=lab),
            tube(f"{code[:-1]}2", box="BOX-00000001"),
        ],
        recalls=[recall(code, PERSON, lab=lab, p_infected=0.5)],
        ledger=[
            {
                "round": "第二轮",
                "site": "瑞金市第一中学",
                "box": "B",
                **dict.fromkeys(STATES, 999_999),
                "orphans": 9_999,
            }
        ],
        anomalies=[
            {
                "code": code,
                "severity": each.severity,
                "round": "",
                "subject_kind": each.subject_kind,
                "subject": "x",
            }
            for code, each in ANOMALIES.items()
        ],
        rejects=[
            {"file": "collect.csv", "line": 123_456, "code": code, "detail": "tube 'T#1': outside", "raw": ""}
            for code in REJECTS
        ],
        retention=kept,
        workload=[{**hour, "capacity_per_hour": 1000.0}, {**hour, "lab": None, "capacity_per_hour": None}],
    )
    round_ = {"round": "第二轮", "people": 5000, "collected": 4998, "reported": 4936, "half_due": NOON.isoformat(),
              "half_at": NOON.isoformat(), "half_late": False, "all_due": NOON.isoformat(), "all_at": None,
              "all_late": True}  # fmt: skip
    made.summary.update(
        coverage=[round_, {**round_, "round": "empty", "collected": 0}],
        retention={"keep": 1, "may_discard": 1, "overdue": 1},
        boxes={"capacity": 30, "journeys": 94, "over_capacity": 12},
        columns_left_out={"收.csv": ["tube_no"]},
        skipped=["notes.docx"],
        instruments={"run.csv": {"format": "rotor-gene-q", "questions": ["plate_size"], "not_understood": 2}},
    )
    return made


def test_boards__fit_their_columns_and_an_empty_day():
    for each in (busy_day(), day()):
        for width in (80, 100):
            shown = printed(*day_boards(each, zone=ZONE), width=width)
            assert max(cell_len(line) for line in shown.splitlines()) <= width


@pytest.mark.parametrize("width", [40, 60, 80])
def test_boards__leave_columns_out_rather_than_cut_a_code(width):
    shown = printed(*day_boards(busy_day(), zone=ZONE), width=width)
    assert "\N{HORIZONTAL ELLIPSIS}" not in shown
    lines = shown.splitlines()
    for whole in ("TUBE-0000000000000001"[: width // 2], "plate_control_failed", mask(PERSON)):
        assert any(whole in line for line in lines), f"{whole} is broken over lines"
    assert ("left out on this narrow terminal" in shown) == (width < 80)


def test_narrow_board__names_the_columns_that_it_leaves_out():
    board = recall_board(table("recalls", [recall("T1", PERSON)]), as_of=NOON, zone=ZONE)
    shown = " ".join(printed(board, width=36).split())
    assert "left out on this narrow terminal 终端过窄，未显示: #, " in shown
    assert mask(PERSON) in shown


def test_boards__are_readable_at_eighty_columns():
    shown = printed(*day_boards(busy_day(), zone=ZONE), width=80)
    assert "\N{HORIZONTAL ELLIPSIS}" not in shown, "no heading and no cell is cut"
    lines = shown.splitlines()
    for whole in (
        "TUBE-0000000000000001",
        "999,999",
        "99,999",
        "4,936",
        "collect.csv:123456",
    ):
        assert any(whole in line for line in lines), f"{whole} is broken over lines"
    for code, each in ANOMALIES.items():
        assert any(code in line for line in lines)
        assert any(each.chinese in line for line in lines), f"{each.chinese} is broken over lines"
    for heading in (
        "collected",
        "orphans",
        "未出结果",
        "检测机构",
        "test again",
        "busiest",
        "过半期限、达到",
    ):
        assert any(heading in line for line in lines), heading


def test_coverage_board__shows_rounds_that_reached_somebody():
    shown = printed(coverage_board(busy_day(), zone=ZONE))
    assert "5,000 people on the list" in shown
    assert re.search(r"第二轮\s+4,998\s+4,936\s+02-10 12:00\s+02-10 12:00", shown)
    assert re.search(r"99%\s+98%\s+02-10 12:00\s+not yet 未达到", shown)
    assert "empty" not in shown
    assert coverage_board(day(), zone=ZONE) is None


def test_lab_board__holds_load_against_capacity():
    shown = printed(lab_board(busy_day(), zone=ZONE))
    assert re.search(r"99,999\s+99,999\s+9\s+99,999\s+24,000\s+12:00", shown)
    assert "417%" in shown
    assert "(unknown 未知)" in shown
    assert "未给检测能力" in shown, "no capacity was given by a table"
    assert lab_board(day(), zone=ZONE) is None


def test_retention_board__counts_what_may_go_and_what_should_be_gone():
    shown = printed(retention_board(busy_day(), zone=ZONE))
    assert re.search(r"瑞金市人民医院检验科\s+1\s+0\s+1\s+1\s+02-10 12:00", shown)
    assert retention_board(day(), zone=ZONE) is None


def test_box_board__lists_boxes_of_more_tubes_than_they_take():
    scans = [
        {
            "at": "2022-02-10T08:00:00+08:00",
            "tube": f"T{n}",
            "person": f"P{n}",
            "person_type": "X",
            "round": "R1",
        }
        for n in range(3)
    ]
    packs = [
        {"at": "2022-02-10T09:00:00+08:00", "tube": f"T{n}", "box": "B7", "round": "R1"} for n in range(3)
    ]
    frames = {"collect": pl.DataFrame(scans), "pack": pl.DataFrame(packs)}
    full = poolpipe.run(frames, policy=Policy(pools={"box_capacity": 2}))
    shown = printed(box_board(full, zone=ZONE))
    assert "Boxes of more than 2 tubes 超装转运箱 · 1 of 1" in shown
    assert re.search(r"B7\s+3\s+3\s+02-10 09:00\s+-\s+-\s+-\s*$", shown, re.MULTILINE)
    assert "over capacity 超装 1 (> 2)" in printed(campaign_board(full, zone=ZONE))
    assert box_board(poolpipe.run(frames), zone=ZONE) is None
