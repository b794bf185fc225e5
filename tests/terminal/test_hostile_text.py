"""What a file, a name, a path or an instrument says is text: no board, message or error lets it do anything."""

from __future__ import annotations

import ast
import io
import json

import click
import polars as pl
import pytest
from click.testing import CliRunner
from rich.console import Console
from rich.text import Text

from cli.days import NOON, day, recall, table, tube
from house.rooms import ROOT, modules, nodes, word
from poolpipe import cli
from poolpipe.commands.frames import board as frame_board
from poolpipe.display import COMMANDING
from poolpipe.errors import InputError, PolicyError, TableError
from poolpipe.results.diff import compare
from poolpipe.terminal.boards import (
    Board,
    anomaly_board,
    campaign_board,
    day_boards,
    difference_boards,
    missing_board,
    reject_board,
)
from poolpipe.terminal.console import check_inputs
from poolpipe.terminal.marks import frame

HOSTILE = (
    "\x1b[2J\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\ \x9b31m \x7f\x00\r\n\t"
    "[bold red on white]x[/] [link=http://x]y[/link] \u202eabc\u202c \u2066d\u2069 e\u200bf\u200dg\ufeff \U000e0041:smile:"
)
ZONE = "Asia/Shanghai"


def drawn(*renderables, width=100, color=None):
    shown = io.StringIO()
    console = Console(
        file=shown,
        width=width,
        color_system=color,
        force_terminal=color is not None,
        legacy_windows=False,
    )
    for each in renderables:
        console.print(each)
    return shown.getvalue()


def commands_in(text):
    return COMMANDING.findall(text.replace("\n", ""))


def typed(*arguments):
    return CliRunner().invoke(cli.poolpipe, [str(each) for each in arguments])


def hostile_day():
    return day(
        policy=(HOSTILE, HOSTILE),
        files=[{"file": HOSTILE, "read": 1, "accepted": 0, "duplicates": 0, "rejected": 1}],
        pools=[
            tube(HOSTILE, "positive", round=HOSTILE, site=HOSTILE, box=HOSTILE, lab=HOSTILE),
            tube(f"2{HOSTILE}", round=HOSTILE, site=HOSTILE, box=HOSTILE, lab=HOSTILE),
        ],
        recalls=[recall(HOSTILE, HOSTILE, round=HOSTILE, lab=HOSTILE, person_type=HOSTILE, p_infected=0.5)],
        cases=[{"round": HOSTILE, "tube": HOSTILE, "person_type": HOSTILE, "person": HOSTILE}],
        ledger=[
            {"round": HOSTILE, "site": HOSTILE, "box": HOSTILE, "orphans": 0}
            | dict.fromkeys(("collected", "packed", "picked_up", "received", "loaded", "reported"), 1)
        ],
        anomalies=[
            {
                "code": code,
                "severity": "error",
                "round": HOSTILE,
                "subject_kind": kind,
                "subject": HOSTILE,
                "detail": HOSTILE,
            }
            for code, kind in (
                ("orphan_tube", "tube"),
                ("bad_person_id", "person"),
                ("conflicting_event", "event"),
            )
        ],
        retention=[
            {"round": HOSTILE, "tube": HOSTILE, "lab": HOSTILE, "call": "negative", "status": "overdue"}
        ],
        workload=[
            {"lab": HOSTILE, "hour": NOON} | dict.fromkeys(("received", "loaded", "reported", "waiting"), 1)
        ],
        rejects=[
            {
                "file": HOSTILE,
                "line": 1,
                "code": code,
                "detail": f"tube '{HOSTILE}': {HOSTILE}",
                "raw": HOSTILE,
            }
            for code in ("bad_code", "not_parseable")
        ],
    )


@pytest.fixture
def odd():
    found = hostile_day()
    found.summary.update(
        columns_left_out={HOSTILE: [HOSTILE]},
        skipped=[HOSTILE],
        skipped_because={HOSTILE: HOSTILE},
        coverage=[
            {"round": HOSTILE, "people": 9, "collected": 1, "reported": 1}
            | {f"{name}_{end}": None for name in ("half", "all") for end in ("due", "at", "late")}
        ],
        instruments={HOSTILE: {"format": HOSTILE, "questions": [HOSTILE], "not_understood": 1}},
    )
    return found


PEOPLE = pl.DataFrame(
    {"person_type": [HOSTILE], "person": [HOSTILE], "community": [HOSTILE], "building": [HOSTILE]}
)


@pytest.mark.parametrize("show_ids", [False, True])
def test_boards__of_a_day_draw_every_hostile_text_as_escapes(odd, show_ids):
    boards = list(day_boards(odd, zone=ZONE, people=PEOPLE, show_ids=show_ids))
    assert all(isinstance(each, Board) for each in boards)
    for each in boards:
        assert not commands_in(drawn(each))
    shown = drawn(*boards, width=4000)
    assert "\\x1b[2J" in shown, "drawn, not dropped"
    assert "[bold red on white]x[/]" in shown, "markup is text"
    assert "\\u202e" in shown
    assert ":smile:" in shown


def test_boards__on_a_terminal_with_colours_and_links_write_their_own_codes_alone(odd):
    shown = drawn(*day_boards(odd, zone=ZONE, people=PEOPLE, show_ids=True), color="truecolor")
    assert "\x1b]8" not in shown, "no link"
    assert "\x1b[2J" not in shown
    assert not commands_in(Text.from_ansi(shown).plain)


def test_boards__of_a_comparison_draw_every_hostile_text(odd):
    shown = drawn(*difference_boards(compare(odd, day()), show_ids=True))
    assert "\\x1b" in shown
    assert not commands_in(shown)


def test_frame_board__draws_headings_and_cells_of_a_strangers_table():
    shown = drawn(frame_board(pl.DataFrame({HOSTILE: [HOSTILE], "list": [[HOSTILE]]}), HOSTILE))
    assert not commands_in(shown)


def test_board__takes_text_alone():
    with pytest.raises(TypeError, match="a str or a Text, not Board"):
        frame("x").add_row(frame("y"))


def test_board__draws_even_what_somebody_put_into_a_text_of_ours():
    made = frame("x")
    made.add_column(Text(f"a{HOSTILE}", style="bold"))
    made.add_row(Text.assemble(("red\x1b[2J", "red"), "\nplain\u202e"))
    shown = drawn(made)
    assert not commands_in(shown)
    assert [line.strip() for line in shown.splitlines() if "red\\x1b" in line or "plain" in line] == [
        "red\\x1b[2J",
        "plain\\u202e",
    ]


def test_board__masks_a_tube_that_is_somebodys_number():
    number = "110101199003070038"
    boards = [
        missing_board(table("pools", [tube(number)]), as_of=NOON, zone=ZONE),
        anomaly_board(
            table(
                "anomalies",
                [
                    {
                        "code": "orphan_tube",
                        "severity": "error",
                        "round": "",
                        "subject_kind": "tube",
                        "subject": number,
                    }
                ],
            )
        ),
    ]
    assert number not in drawn(*boards)
    assert number in drawn(
        missing_board(table("pools", [tube(number)]), as_of=NOON, zone=ZONE, show_ids=True)
    )


def test_reject_board__tells_the_shape_of_a_value_and_the_value_when_asked():
    rejects = table(
        "rejects",
        [{"file": "a.csv", "line": 1, "code": "bad_code", "detail": "tube '赵六#1': outside", "raw": ""}],
    )
    assert "tube '**#1': outside" in drawn(reject_board(rejects))
    assert "tube '赵六#1': outside" in drawn(reject_board(rejects, show_ids=True))


@pytest.mark.parametrize("kind", [InputError, PolicyError, TableError])
@pytest.mark.parametrize("debug", [False, True])
def test_errors__are_drawn_when_shown(monkeypatch, kind, debug):
    @click.command()
    def fail():
        raise kind(HOSTILE, where=HOSTILE, way_out=HOSTILE)

    monkeypatch.setattr(cli, "COMMANDS", {**cli.COMMANDS, "fail": cli.Word("fail:fail", "fails")})
    monkeypatch.setattr(cli, "import_module", lambda _: type("module", (), {"fail": fail}))
    told = typed("fail", *(["--debug"] if debug else []))
    assert told.exit_code == 1
    assert not commands_in(told.output)
    assert not commands_in(str(told.exception))


@pytest.mark.parametrize("number", ["110101199003070038", "13800138000"])
def test_errors__that_nobody_foresaw_withhold_what_they_quote(monkeypatch, number):
    @click.command()
    def fail():
        raise ValueError(f"conversion failed for ['张三', \"{number}\"] {HOSTILE}")

    monkeypatch.setattr(cli, "COMMANDS", {**cli.COMMANDS, "fail": cli.Word("fail:fail", "fails")})
    monkeypatch.setattr(cli, "import_module", lambda _: type("module", (), {"fail": fail}))
    told = typed("fail")
    assert "ValueError" in told.stderr
    assert number not in told.output
    assert "张三" not in told.output
    assert not commands_in(told.output)


def test_trace__of_debug_is_drawn_and_masked(capsys):
    with pytest.raises(InputError, match="no file matches") as caught:
        check_inputs(["110101199003070038\x1b[2J\u202e"])
    cli._trace(caught.type, caught.value, caught.tb)
    told = capsys.readouterr().err
    assert "Traceback" in told
    assert "110101199003070038" not in told
    assert not commands_in(told)


@pytest.mark.parametrize(
    "arguments",
    [
        (HOSTILE,),
        ("run", HOSTILE, "--out", "x"),
        ("run", f"*{HOSTILE}", "--out", "x"),
        ("run", ".", "--out", "x", f"--{HOSTILE}"),
        ("run", ".", "--out", "x", "--as-of", HOSTILE),
        ("run", ".", "--out", "x", "--policy", HOSTILE),
        ("diff", HOSTILE, HOSTILE),
        ("export", HOSTILE, "--format", "csv", "--out", "x"),
        ("export", ".", "--format", HOSTILE, "--out", "x"),
        ("import", HOSTILE, "--dry-run"),
        ("import", ".", "--target", HOSTILE.replace("=", ""), "--dry-run"),
        ("decode", HOSTILE, HOSTILE, HOSTILE),
        ("design", HOSTILE),
        ("design", "characteristics", "dorfman", HOSTILE, "--p", "0.1"),
        ("design", "prevalence", HOSTILE),
        ("plan", "--people", HOSTILE),
        ("simulate", "x", "--trouble", HOSTILE),
    ],
)
def test_arguments__are_drawn_in_what_is_said_of_them(arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    told = typed(*(each.replace("\x00", "") for each in arguments))
    assert told.exit_code in (1, 2)
    assert "\\x1b" in told.output or "\\u202e" in told.output
    assert not commands_in(told.output)


def test_run__draws_hostile_names_and_cells_and_writes_them_safely_as_json(tmp_path):
    name = f"collect-{HOSTILE}".replace("/", "").replace("\x00", "")[:100] + ".csv"
    row = ",".join(f'"{each}"' for each in ("2022-02-10T08:00:00", HOSTILE, HOSTILE, HOSTILE, HOSTILE, "2"))
    folder = tmp_path / "scans"
    folder.mkdir()
    (folder / name).write_text(
        f'at,tube,person,site,person_type,"col{HOSTILE}"\n{row}\n'.replace("\x00", ""), newline=""
    )
    (folder / "receive.csv").write_text(
        f'at,box,giver,receiver,lab\n2022-02-10T09:00:00,B1,"{HOSTILE}","{HOSTILE}","lab\x1b[2J"\n'.replace(
            "\x00", ""
        ),
        newline="",
    )
    told = typed("run", folder, "--out", tmp_path / "out")
    assert told.exit_code == 0, told.output
    assert not commands_in(told.output)
    as_json = typed("run", folder, "--out", tmp_path / "out2", "--json")
    assert not commands_in(as_json.stdout)
    assert json.loads(as_json.stdout)["files"]


def test_commands__write_through_the_one_door():
    writers = {"commands/terminal.py", "cli.py", "commands/frames.py"}
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for name, path in modules("src/poolpipe").items()
        if word(name) in {"commands", "cli", "boards"}
        and path.relative_to(ROOT / "src" / "poolpipe").as_posix() not in writers
        for node in nodes(path)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func)
        in {"click.echo", "print", "sys.stdout.write", "sys.stderr.write", "click.secho"}
        and not (node.args and ast.unparse(node.args[0]).startswith("json_text("))
    ]
    assert not wrong, (
        f"{wrong}: a line goes through terminal.tell, a table through a Board, JSON through json_text"
    )


def test_boards__are_made_by_frame_alone():
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for name, path in modules("src/poolpipe").items()
        for node in nodes(path)
        if word(name) in {"boards", "commands", "cli"}
        and isinstance(node, ast.Call)
        and ast.unparse(node.func) in {"Table", "rich.table.Table", "Panel", "Text.from_markup"}
    ]
    assert not wrong, f"{wrong}: start it with boards.marks.frame"


def test_campaign_board__draws_what_a_policy_is_called():
    assert not commands_in(drawn(campaign_board(day(policy=(HOSTILE, "0")), zone=ZONE)))
