"""Every command, as a user meets it: help, one JSON object, exit codes, answers in a terminal, files written."""

from __future__ import annotations

import csv
import json
import os
import pty
import re
import shutil
import sqlite3
import subprocess
import sys
import time
import urllib.request
from contextlib import closing
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from product import COMMAND, WORDS, churn, quick_procedures, run, write_csv
from traineragent.cli.main import app

from .conftest import Program

COMMANDS = (
    "train",
    "plan",
    "resume",
    "refine",
    "runs",
    "show",
    "explain",
    "doctor",
    "predict",
    "serve",
    "ui",
    "demo",
    "sop",
    "memory",
)
PROHIBITED = "From CVs tell us which women are likely to be pregnant soon, so that we need not interview them."
HEAVY = ("numpy", "pandas", "sklearn", "lightgbm", "optuna", "onnx", "onnxruntime", "scipy", "uvicorn", "starlette")


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_csv(churn(), tmp_path_factory.mktemp("table") / "customers.csv")


@pytest.fixture(scope="module")
def delivered(table: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of one linear candidate, exit code 0."""
    folder = tmp_path_factory.mktemp("delivered")
    procedures = quick_procedures(folder / "procedures", [{"family": "linear"}])
    done = run("train", WORDS, "--data", table, "--trials", 1, "--config", procedures, "--out", folder / "run")
    assert done.code == 0, done.err
    assert "Delivered" in done.out
    assert "traineragent serve" in done.out
    return folder / "run"


# --------------------------------------------------------------------------------------------------------------- start
@pytest.mark.parametrize("statement", ["import traineragent", "import traineragent.cli"])
def test_importing_loads_nothing_heavy(statement: str) -> None:
    code = f"{statement}, sys; print([m for m in {HEAVY} if m in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


@pytest.mark.parametrize("arguments", [(), *((c,) for c in COMMANDS), ("sop", "show")])
def test_help_of_every_command_loads_nothing_heavy(arguments: tuple[str, ...]) -> None:
    code = (
        f"import sys; sys.argv = ['traineragent', *{arguments}, '--help']\n"
        "from traineragent.cli.main import main\n"
        "try: main()\n"
        "except SystemExit as e: assert not e.code, e.code\n"
        f"print('loaded', [m for m in {HEAVY} if m in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.endswith("loaded []\n")
    assert "Usage: traineragent" in said


def test_help_names_every_command(program: Program) -> None:
    said = program("--help")
    assert said.code == 0
    for command in COMMANDS:
        assert re.search(rf"^\s+{command}\s+\S", said.out, re.MULTILINE), command
    assert {c.name or c.callback.__name__ for c in app.registered_commands} <= set(COMMANDS)  # type: ignore[union-attr]


def test_version(program: Program) -> None:
    from traineragent import __version__

    assert program("--version").out == f"traineragent {__version__}\n"


# ---------------------------------------------------------------------------------------------------------- exit codes
def test_a_prohibited_request_is_declined_with_4(program: Program, table: Path) -> None:
    said = program("plan", PROHIBITED, "--data", table, "--json")
    assert said.code == 4
    verdict = said.json["verdict"]
    assert verdict["decision"] == "decline"
    assert verdict["reasons"]


def test_a_declined_request_trains_nothing_and_leaves_a_report(program: Program, table: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    said = program("train", PROHIBITED, "--data", table, "--out", out, "--json")
    assert said.code == 4
    assert said.json["status"] == "declined"
    assert said.json["reason"]
    assert not list(out.glob("trials/0*"))
    assert not (out / "bundle").exists()
    assert json.loads((out / "report.json").read_text()) == said.json


def test_a_prophecy_is_declined_with_4(program: Program, table: Path) -> None:
    said = program("plan", "Predict next week's winning lottery numbers with certainty.", "--data", table, "--json")
    assert said.code == 4
    assert said.json["verdict"]["decision"] == "decline"


def test_a_question_nobody_can_be_asked_ends_with_5(program: Program, table: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    said = program("train", "Make me something clever.", "--data", table, "--no-ask", "--out", out, "--json")
    assert said.code == 5
    assert said.json["status"] == "needs_answer"
    assert "column" in said.json["questions"][0]["text"]
    assert said.json["questions"][0]["choices"]


def test_a_request_without_data_asks_for_it(program: Program, tmp_path: Path) -> None:
    said = program("train", "Predict which customers will leave.", "--no-ask", "--out", tmp_path / "run", "--json")
    assert said.code == 5
    assert "--data" in said.json["questions"][0]["text"]


@pytest.mark.e2e
def test_a_limit_that_cannot_be_met_is_delivered_with_3_and_the_measured_value(table: Path, tmp_path: Path) -> None:
    procedures = quick_procedures(tmp_path / "procedures", [{"family": "linear"}])
    said = run(
        "train", f"{WORDS} The model must be smaller than 0.0041 MB.", "--data", table, "--trials", 1,
        "--config", procedures, "--out", tmp_path / "run", "--json",
    )  # fmt: skip
    assert said.code == 3, said.err
    assert said.json["status"] == "delivered_unmet"
    (limit,) = said.json["requirements"]
    assert (limit["name"], limit["direction"], limit["limit"]) == ("size_mb", "<=", 0.0041)
    assert limit["measured"] > 0.0041
    assert limit["met"] is False
    assert (tmp_path / "run" / "bundle" / "model.onnx").is_file()


# ------------------------------------------------------------------------------------------------------ one JSON object
@pytest.mark.e2e
@pytest.mark.parametrize("command", ["show", "explain", "resume", "runs"])
def test_json_is_one_object(delivered: Path, program: Program, command: str) -> None:
    said = program(command, delivered, "--json")
    assert said.code == 0, said.err
    assert isinstance(said.json, dict)
    assert said.out.count("\n") == 1


def test_doctor_says_what_is_there(program: Program) -> None:
    assert program("doctor", "--json").json
    told = program("doctor")
    assert told.code == 0
    assert "numpy" in told.out


def test_doctor_names_every_extra_and_how_to_get_what_is_missing(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = metadata.version

    def version(package: str) -> str:
        if package == "psycopg":
            raise metadata.PackageNotFoundError(package)
        return known(package)

    monkeypatch.setattr(metadata, "version", version)
    extras = program("doctor", "--json").json["extras"]
    assert {"text", "vision", "diffusion", "hub", "llm", "postgresql", "mysql"} == set(extras)
    assert extras["postgresql"] == {"psycopg": None}
    assert "not installed: psycopg; cure: pip install 'traineragent[postgresql]'" in program("doctor").out


@pytest.mark.slow
def test_the_demo_takes_no_run_of_another_request_away(program: Program, delivered: Path, tmp_path: Path) -> None:
    said = program("demo", "--out", delivered)
    assert said.code == 2
    assert "is no earlier demo" in said.err
    assert (delivered / "report.json").is_file()
    (tmp_path / "mine-data.csv").write_text("years of work")
    assert "the demo would write its table there" in program("demo", "--out", tmp_path / "mine").err
    assert (tmp_path / "mine-data.csv").read_text() == "years of work"


def test_plan_prints_the_task_and_keeps_nothing(
    program: Program, table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = program("plan", "Predict which customers left. Answers under 20 ms.", "--data", table, "--json")
    assert said.code == 0, said.err
    task = said.json
    assert {"task_type", "metrics", "data_info", "deployment_info", "requirements", "constraints", "budget",
            "assumptions", "verdict"} <= set(task)  # fmt: skip
    assert (task["task_type"], task["data_info"]["target"]) == ("tabular_classification", "left")
    (limit,) = task["requirements"]
    assert (limit["name"], limit["limit"], limit["direction"]) == ("latency_ms_p95", 20.0, "<=")
    assert "20 ms" in limit["stated_as"]
    assert list(tmp_path.iterdir()) == []
    assert "accept" in program("plan", WORDS, "--data", table).out


@pytest.mark.parametrize("agent", ["task", "data", "model", "server"])
def test_sop_show_prints_each_step_with_its_source(program: Program, agent: str) -> None:
    from traineragent.knowledge.sop import load

    said = program("sop", "show", agent)
    assert said.code == 0
    for steps in load(agent).questions.values():
        for step in steps:
            assert step.id in said.out
    assert f"{agent}.yaml" in said.out


def test_sop_show_names_the_overlay_a_step_comes_from(program: Program, tmp_path: Path) -> None:
    said = program("sop", "show", "model", "--config", quick_procedures(tmp_path / "mine", [{"family": "linear"}]))
    in_force, _, changed = said.out.partition("Your overlay")
    assert "try-0" in in_force
    assert "small-trees" not in in_force
    assert "small-trees removed" in changed
    assert program("sop", "show", "cook").code == 2


# ------------------------------------------------------------------------------------------------- looking at a run
@pytest.mark.e2e
def test_runs_show_and_explain_speak_of_the_run(delivered: Path, program: Program) -> None:
    listed = program("runs", delivered.parent)
    assert listed.code == 0
    assert "delivered" in listed.out
    shown = program("show", delivered)
    assert "ROC AUC" in shown.out
    explained = program("explain", delivered, "--json").json["decisions"]
    assert {d["agent"] for d in explained} == {"task", "data", "model", "server"}
    assert all(d["why"] and d["by"] for d in explained)
    assert any(d["what"].startswith("split: seal") for d in explained)


def test_looking_at_what_is_no_run_is_said_so(program: Program, tmp_path: Path) -> None:
    for command in ("show", "explain", "resume", "serve"):
        said = program(command, tmp_path)
        assert said.code == 2, command
        assert tmp_path.name in said.err
        assert list(tmp_path.iterdir()) == []
    assert program("runs", tmp_path / "nowhere").code == 2


# -------------------------------------------------------------------------------------------------------------- predict
@pytest.mark.e2e
def test_predict_writes_csv_jsonl_and_one_json_object(delivered: Path, program: Program, tmp_path: Path) -> None:
    rows = write_csv(churn(7, seed=3).drop(columns="left"), tmp_path / "new.csv")
    as_csv, as_lines = tmp_path / "out.csv", tmp_path / "out.jsonl"
    assert program("predict", delivered, "--data", rows, "--out", as_csv).code == 0
    assert program("predict", delivered / "bundle", "--data", rows, "--out", as_lines).code == 0
    answers = program("predict", delivered, "--data", rows, "--json").json["predictions"]
    lines = [json.loads(line) for line in as_lines.read_text().splitlines()]
    with as_csv.open(newline="") as file:
        table = list(csv.DictReader(file))
    assert len(table) == len(lines) == len(answers) == 7
    assert lines == answers
    assert [r["label"] for r in table] == [a["label"] for a in answers]
    assert [float(r["probability:yes"]) for r in table] == [a["probabilities"]["yes"] for a in answers]
    assert program("predict", delivered, "--data", rows).out.splitlines()[0] == "label,probability:no,probability:yes"
    first = rows.parent / "first.csv"
    first.write_text("".join(rows.read_text().splitlines(keepends=True)[:2]))
    assert program("predict", delivered, "--data", first, "--json").json["predictions"] == answers[:1]
    blanks = "," * rows.read_text().splitlines()[0].count(",") + "\n"
    first.write_text(first.read_text() + blanks + rows.read_text().splitlines(keepends=True)[2])
    told = program("predict", delivered, "--data", first, "--json")
    assert told.json["predictions"] == answers[:2]
    assert "1 row without any value left out (line 3)" in told.err  # so that answers can be put beside their rows


@pytest.mark.e2e
def test_predict_names_the_column_that_a_file_lacks(delivered: Path, program: Program, tmp_path: Path) -> None:
    rows = churn(5, seed=3).drop(columns=["left", "age"])
    said = program("predict", delivered, "--data", write_csv(rows, tmp_path / "new.csv"))
    assert said.code == 2
    assert "new.csv has no column 'age'" in said.err
    assert "the file has" in said.err


@pytest.mark.e2e
def test_predict_names_line_and_column_of_a_bad_value(delivered: Path, program: Program, tmp_path: Path) -> None:
    rows = churn(5, seed=3).drop(columns="left").astype(object)
    rows.loc[3, "age"] = "old"
    said = program("predict", delivered, "--data", write_csv(rows, tmp_path / "new.csv"), "--json")
    assert said.code == 2
    assert (said.json["row"], said.json["column"]) == (5, "age")  # as an editor counts, the header being line 1
    assert "new.csv, line 5" in said.json["reason"]
    assert "'old'" in said.json["reason"]


@pytest.mark.e2e
def test_a_label_that_is_a_formula_is_neutralised_in_csv(program: Program, tmp_path: Path) -> None:
    """A spreadsheet would run it. JSON lines carry it as it is."""
    frame = churn()
    formula = '=HYPERLINK("http://example.com","yes")'
    frame["left"] = frame["left"].replace({"yes": formula})
    procedures = quick_procedures(tmp_path / "procedures", [{"family": "linear"}])
    out = tmp_path / "run"
    table = write_csv(frame, tmp_path / "t.csv")
    done = run("train", WORDS, "--data", table, "--target", "left", "--trials", 1, "--config", procedures, "--out", out)
    assert done.code == 0, done.err
    said = program("predict", out, "--data", table)
    rows = list(csv.DictReader(said.out.splitlines()))
    assert {r["label"] for r in rows} == {"no", f"'{formula}"}
    assert program("predict", out, "--data", table, "--json").json["predictions"][0]["label"] in ("no", formula)


# ------------------------------------------------------------------------------------------------------- a terminal
class Terminal:
    """The program on a pseudo-terminal, read and typed into by a test."""

    def __init__(self, *arguments: object) -> None:
        self.leader, follower = pty.openpty()
        self.process = subprocess.Popen(
            [*COMMAND, *map(str, arguments)], stdin=follower, stdout=follower, stderr=follower, start_new_session=True
        )
        os.close(follower)
        self.said = ""

    def wait_for(self, text: str, timeout: float = 120) -> None:
        end = time.monotonic() + timeout
        while text not in self.said:
            assert time.monotonic() < end, self.said[-2000:]
            piece = self.read()
            assert piece, f"it ended without saying {text!r}: {self.said[-2000:]}"

    def read(self) -> str:
        try:
            piece = os.read(self.leader, 65536).decode("utf-8", "replace")
        except OSError:  # the other end is closed
            return ""
        self.said += piece
        return piece

    def type(self, text: str) -> None:
        os.write(self.leader, text.encode())

    def end(self) -> int:
        while self.read():
            pass
        os.close(self.leader)
        return self.process.wait(60)


@pytest.mark.e2e
@pytest.mark.parametrize("answer", ["left", "number"])
def test_a_question_in_a_terminal_is_answered_and_the_run_goes_on(table: Path, tmp_path: Path, answer: str) -> None:
    procedures = quick_procedures(tmp_path / "procedures", [{"family": "linear"}])
    terminal = Terminal(
        "train", "Make me something clever.", "--data", table, "--trials", 1, "--config", procedures,
        "--ask", "--out", tmp_path / "run",
    )  # fmt: skip
    terminal.wait_for("\nanswer")
    if answer == "number":
        found = re.search(r"(\d+)\. left\b", terminal.said)
        assert found, terminal.said
        terminal.type("nonsense\n")  # asked again, with what is possible
        terminal.wait_for("no column 'nonsense'")
        terminal.wait_for("\nanswer")
        answer = found[1]
    terminal.type(f"{answer}\n")
    assert terminal.end() == 0, terminal.said[-2000:]
    report: dict[str, Any] = json.loads((tmp_path / "run" / "report.json").read_text())
    assert report["target"] == "left"
    asked = json.loads(run("explain", tmp_path / "run", "--json").out)["decisions"]
    assert any(d["what"].startswith("judge: accept") for d in asked)


@pytest.mark.e2e
def test_an_empty_answer_in_a_terminal_without_a_default_leaves_the_question_open(table: Path, tmp_path: Path) -> None:
    terminal = Terminal("train", "Make me something clever.", "--data", table, "--ask", "--out", tmp_path / "run")
    terminal.wait_for("\nanswer")
    terminal.type("\x04")  # Ctrl-D
    assert terminal.end() == 5
    assert json.loads((tmp_path / "run" / "report.json").read_text())["status"] == "needs_answer"


@pytest.mark.e2e
def test_the_demo_goes_from_words_to_an_answer_over_http_and_cleans_up(tmp_path: Path) -> None:
    """The first command of the README, in less time than it takes itself; run twice, it makes room for itself."""
    out = tmp_path / "demo"
    done = run("demo", "--minutes", 0.2, "--out", out)
    assert done.code in (0, 3), done.err  # 3: so busy a machine that 20 ms are not kept
    address, asked, answered = re.search(r"POST (\S+)/predict  (.+)\n(\{.+\})", done.out).groups()  # type: ignore[union-attr]
    assert "mean radius" in asked
    (prediction,) = json.loads(answered)["predictions"]
    assert prediction["label"] in ("malignant", "benign")
    assert f"{out.resolve()}/report.html" in done.out
    with pytest.raises(OSError):  # whatever the system calls it: nobody listens any more
        urllib.request.urlopen(f"{address}/v2/health/live", timeout=5)
    again = run("demo", "--minutes", 0.2, "--out", tmp_path)
    assert again.code == 2
    assert "is no earlier demo" in again.err


@pytest.mark.e2e
# ------------------------------------------------------------------------------------------------ what somebody damaged
def test_a_damaged_run_is_listed_and_hides_no_other(program: Program, delivered: Path, tmp_path: Path) -> None:
    shutil.copytree(delivered, tmp_path / "good")
    shutil.copytree(delivered, tmp_path / "torn")
    (tmp_path / "torn" / "report.json").write_text('{"status": "deliv')
    (tmp_path / "junk").mkdir()
    (tmp_path / "junk" / "run.sqlite").write_text("junk")
    shutil.copytree(delivered, tmp_path / "odd")
    with closing(sqlite3.connect(tmp_path / "odd" / "run.sqlite")) as journal, journal:
        journal.execute("UPDATE messages SET body = '{\"request\": 5}' WHERE type = 'RunRequested'")
    found = {Path(r["folder"]).name: r for r in program("runs", tmp_path, "--json").json["runs"]}
    damaged = dict.fromkeys(("torn", "junk", "odd"), "damaged")
    assert {n: r["status"] for n, r in found.items()} == {"good": "delivered", **damaged}
    assert "report.json is damaged" in found["torn"]["request"]
    told = program("runs", tmp_path)
    assert told.code == 0
    assert "good" in told.out
    shown = program("show", tmp_path / "torn")
    assert shown.code == 2
    assert "torn/report.json is damaged" in shown.err
    assert "no run folder" in program("show", tmp_path).err


def test_answers_that_cannot_be_written_are_refused_in_words(
    program: Program, delivered: Path, table: Path, tmp_path: Path
) -> None:
    for out in (tmp_path / "nowhere" / "out.csv", tmp_path):
        said = program("predict", delivered, "--data", table, "--out", out)
        assert said.code == 2
        assert "cannot be written" in said.err
        assert "--out" in said.err


@pytest.mark.parametrize("arguments", [(), ("sop",), ("memory",)])
def test_a_command_named_by_half_shows_its_help_as_help(program: Program, arguments: tuple[str, ...]) -> None:
    said = program(*arguments)
    assert said.code == 2
    assert said.err.startswith("Usage: traineragent")
    assert "\n\nCommands:\n" in said.err


def test_wrong_usage_points_to_the_help_of_its_command(program: Program) -> None:
    assert "See: traineragent train --help" in program("train").err
