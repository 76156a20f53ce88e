"""Bad input gets one clear sentence with the place and the remedy, exit code 2, and no run folder half-made."""

from __future__ import annotations

import ctypes
import json
import os
import random
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest

from product import COMMAND, WORDS, Said, churn, run, write_csv

from .conftest import Program

NAMED = ("--target", "left")
ESCAPES = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def assert_refused(said: Said, *parts: str) -> str:
    """One sentence on stderr that names `parts`, exit 2, nothing on stdout. Returns the sentence."""
    assert said.code == 2, said.err
    assert said.out == ""
    sentences = [line for line in said.err.splitlines() if line.startswith("traineragent: ")]
    assert len(sentences) == 1, said.err
    assert said.err.splitlines()[-1] == sentences[0]
    assert "Traceback" not in said.err
    assert "defect" not in said.err
    for part in parts:
        assert part in sentences[0], sentences[0]
    return sentences[0]


@pytest.fixture
def check_refused(program: Program, tmp_path: Path) -> Callable[..., str]:
    """Trains on `data`, must be refused in a sentence with `parts`, must leave no folder; --json says the same."""

    def check(data: Path | str, *parts: str, words: str = WORDS, more: tuple[str, ...] = ()) -> str:
        out = tmp_path / "runs" / "bad"
        arguments = ("train", words, "--data", data, "--out", out, *more)
        sentence = assert_refused(program(*arguments), *parts)
        assert not out.exists()
        assert not out.parent.exists()
        again = program(*arguments, "--json")
        assert again.code == 2
        assert again.json["status"] == "failed"
        assert again.json["exit_code"] == 2
        assert f"traineragent: {again.json['reason']}" == sentence
        return sentence

    return check


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return write_csv(churn(60), tmp_path / "good.csv")


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


# ------------------------------------------------------------------------------------------------------------ the file
def test_a_file_that_is_not_there_is_named_with_near_names(check_refused: Callable[..., str], good: Path) -> None:
    check_refused(good.with_name("god.csv"), "god.csv: no such file", "did you mean good.csv?")


def test_an_empty_file(check_refused: Callable[..., str], tmp_path: Path) -> None:
    check_refused(written(tmp_path / "empty.csv", ""), "empty.csv", "empty")


def test_a_file_of_blanks_only(check_refused: Callable[..., str], tmp_path: Path) -> None:
    check_refused(written(tmp_path / "blank.csv", "\n \n\n"), "blank.csv")


def test_a_binary_file_called_csv(check_refused: Callable[..., str], tmp_path: Path) -> None:
    path = tmp_path / "photo.csv"
    path.write_bytes(random.Random(1).randbytes(4000))
    check_refused(path, "photo.csv", "binary", "give a CSV")


def test_text_in_an_encoding_that_breaks_off(check_refused: Callable[..., str], tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    path.write_bytes("a,b,left\n1,2,3\n".encode("utf-32") + b"\xff\xfe\x00")
    check_refused(path, "odd.csv", "save the file as UTF-8", "line 3")


def test_rows_of_every_length(check_refused: Callable[..., str], tmp_path: Path) -> None:
    r = random.Random(2)
    rows = [",".join(f"{r.random():.3f}" for _ in range(r.randint(1, 9))) for _ in range(50)]
    check_refused(written(tmp_path / "ragged.csv", "a,b,left\n" + "\n".join(rows) + "\n"), "ragged.csv", "line")


def test_a_million_columns(check_refused: Callable[..., str], tmp_path: Path) -> None:
    names, row = (",".join(f(i) for i in range(1_000_000)) for f in (lambda i: f"c{i}", lambda i: "1"))
    path = written(tmp_path / "wide.csv", "\n".join([names, row, row, row]) + "\n")
    check_refused(path, "wide.csv", "1,000,000 columns", "Choose the columns that matter", words="Predict c5.")


def test_a_folder_without_a_table(check_refused: Callable[..., str], tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    written(folder / "notes.md", "hello")
    check_refused(folder, "pictures", "no table", ".csv")


def test_one_good_file_does_not_excuse_a_missing_one(check_refused: Callable[..., str], good: Path) -> None:
    check_refused(good, "other.csv: no such file", more=("--data", str(good.with_name("other.csv"))))


# ------------------------------------------------------------------------------------------------- what the table holds
def test_one_column(check_refused: Callable[..., str], tmp_path: Path) -> None:
    path = write_csv(pd.DataFrame({"left": ["yes", "no", "yes"] * 10}), tmp_path / "single.csv")
    check_refused(path, "single.csv", "no column is left to predict from", "at least one column", more=NAMED)


def test_one_row(check_refused: Callable[..., str], tmp_path: Path) -> None:
    check_refused(write_csv(churn(1), tmp_path / "row.csv"), "row.csv", "1 row", "at least 2")


def test_too_few_rows(check_refused: Callable[..., str], tmp_path: Path) -> None:
    check_refused(write_csv(churn(6), tmp_path / "few.csv"), "6 rows", "at least 10")


def test_a_constant_target(check_refused: Callable[..., str], tmp_path: Path) -> None:
    path = write_csv(churn(60).assign(left="yes"), tmp_path / "constant.csv")
    check_refused(path, "constant.csv", "left", "one single value in all 60 rows", "What would help", more=NAMED)


def test_a_target_that_is_empty(check_refused: Callable[..., str], tmp_path: Path) -> None:
    path = write_csv(churn(60).assign(left=None), tmp_path / "hollow.csv")
    check_refused(path, "hollow.csv", "left", "empty in all 60 rows", "another column", more=NAMED)


def test_a_target_that_is_not_there_is_refused_with_near_names(check_refused: Callable[..., str], good: Path) -> None:
    check_refused(good, "good.csv", "no column 'lefft'", "did you mean 'left'?", more=("--target", "lefft"))


def test_plan_refuses_a_target_that_is_not_there_too(program: Program, good: Path) -> None:
    said = program("plan", "Predict it.", "--data", good, "--target", "lefft")
    assert_refused(said, "no column 'lefft'", "did you mean 'left'?")


def test_a_target_that_names_each_row_is_declined_with_an_alternative(program: Program, tmp_path: Path) -> None:
    """An identifier, or classes of one row each: understood, but not attainable; that is exit 4, not bad usage."""
    table = churn(60).assign(customer=[f"C{i:04d}" for i in range(60)])
    path = write_csv(table, tmp_path / "t.csv")
    said = program("plan", "Predict the customer.", "--data", path, "--target", "customer", "--json")
    assert said.code == 4
    verdict = said.json["verdict"]
    assert verdict["decision"] == "decline"
    assert "each stands for one row" in verdict["reasons"][0]
    assert "instead" in verdict["alternative"]


# ------------------------------------------------------------------------------------------------------------- options
@pytest.mark.parametrize(
    ("option", "value", "parts"),
    [
        ("--minutes", "0", ("--minutes", "more than 0")),
        ("--minutes", "nan", ("--minutes", "more than 0")),
        ("--minutes", "soon", ("--minutes", "number")),
        ("--trials", "0", ("--trials", "at least 1")),
        ("--trials", "many", ("--trials", "integer")),
        ("--seed", "-1", ("--seed", "from 0")),
        ("--seed", "99999999999999", ("--seed", "2147483647")),
        ("--brain", "oracle", ("no brain 'oracle'", "--brain planner")),
        ("--engine", "cloud", ("no engine 'cloud'", "--engine local")),
        ("--config", "nowhere", ("--config", "nowhere", "does not exist")),
        ("--models", "nowhere", ("--models", "nowhere", "does not exist")),
    ],
)
def test_a_bad_option_is_named_with_what_it_takes(
    check_refused: Callable[..., str], good: Path, option: str, value: str, parts: tuple[str, ...]
) -> None:
    check_refused(good, *parts, more=(option, value))


def test_an_unknown_option_or_command_is_named(program: Program, good: Path) -> None:
    assert_refused(program("train", "Predict it.", "--dta", good), "--dta", "--help")
    assert_refused(program("trian"), "trian", "--help")


def test_an_empty_request(check_refused: Callable[..., str], good: Path) -> None:
    check_refused(good, "the request is empty", words="  ")


def test_an_output_folder_that_is_taken_is_left_alone(program: Program, good: Path, tmp_path: Path) -> None:
    out = tmp_path / "mine"
    out.mkdir()
    written(out / "thesis.tex", "years of work")
    assert_refused(program("train", "Predict left.", "--data", good, "--out", out), "not empty", "--out")
    assert_refused(program("train", "Predict left.", "--data", good, "--out", out / "thesis.tex"), "--out")
    assert (out / "thesis.tex").read_text() == "years of work"


def test_an_empty_output_folder_that_was_there_before_stays(program: Program, tmp_path: Path) -> None:
    out = tmp_path / "mine"
    out.mkdir()
    assert_refused(program("train", "Predict left.", "--data", tmp_path / "no.csv", "--out", out), "no.csv")
    assert list(out.iterdir()) == []


# ------------------------------------------------------------------------------------------- arguments that are no text
def test_a_request_that_is_not_utf8(good: Path) -> None:
    done = subprocess.run(
        [*COMMAND, "train", b"Predict \xff\xfe left", "--data", str(good)], capture_output=True, cwd=good.parent
    )
    assert done.returncode == 2
    assert b"UTF-8" in done.stderr
    assert not (good.parent / "runs").exists()


def test_a_path_that_is_not_utf8(good: Path) -> None:
    odd = os.fsencode(str(good.parent)) + b"/\xff\xfe.csv"
    os.rename(good, odd)
    done = subprocess.run([*COMMAND, "train", "Predict left.", "--data", odd], capture_output=True, cwd=good.parent)
    assert done.returncode == 2, done.stderr
    assert b"Traceback" not in done.stderr
    assert b"rename" in done.stderr
    assert not (good.parent / "runs").exists()


def test_hostile_names_are_printed_harmlessly(program: Program, tmp_path: Path) -> None:
    """Escape codes and markup in names of files and columns must not reach the terminal as such."""
    hostile = "\x1b[31mred\x1b[0m[bold]x[/]\x07\u202egnp"
    table = churn(60).rename(columns={"plan": hostile})
    path = write_csv(table, tmp_path / f"{hostile.replace('/', '')}.csv")
    refused = program("train", "Predict left.", "--data", path, "--target", hostile + "?", "--out", tmp_path / "o")
    assert refused.code == 2
    planned = program("plan", "Predict which customers left.", "--data", path, "--target", "left")
    assert planned.code == 0
    for text in (refused.out, refused.err, planned.out, planned.err):
        assert not ESCAPES.search(text.replace("\n", "")), ascii(text)
    assert "[bold]x[/]" in refused.err


# ------------------------------------------------------------------------------------------------ room and permission
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")


def _give_up_privileges() -> None:
    """Root that may no longer pass over permissions: what a file's mode says counts for it too."""
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
        if libc.prctl(24, capability, 0, 0, 0) != 0:  # PR_CAPBSET_DROP; takes effect at exec
            raise OSError(ctypes.get_errno(), "prctl")


def run_unprivileged(*arguments: object) -> Said:
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        capture_output=True,
        text=True,
        preexec_fn=_give_up_privileges if os.geteuid() == 0 else None,
    )
    return Said(done.returncode, done.stdout, done.stderr)


def test_no_permission_to_read_the_data(good: Path, tmp_path: Path) -> None:
    good.chmod(0)
    said = run_unprivileged("train", "Predict left.", "--data", good, "--out", tmp_path / "run")
    assert_refused(said, "good.csv", "no permission", "chmod")
    assert not (tmp_path / "run").exists()


def test_no_permission_to_write_the_run(good: Path, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    said = run_unprivileged("train", "Predict left.", "--data", good, "--out", closed / "run")
    assert_refused(said, "cannot be made", "Permission denied", "--out")
    said = run_unprivileged("train", "Predict left.", "--data", good, "--out", closed)
    assert_refused(said, "may not be written", "--out")
    assert list(closed.iterdir()) == []


def test_a_run_that_may_only_be_read_is_still_shown(tmp_path: Path) -> None:
    from traineragent.store.journal import Decision, Journal

    folder = tmp_path / "run"
    folder.mkdir()
    journal = Journal(folder / "run.sqlite", create=True)
    journal.decide("a", Decision("task", "planner", "judge: accept", "all is clear", {"rows": 3}))
    journal.close()
    for path in folder.iterdir():
        path.chmod(0o400)
    folder.chmod(0o500)
    said = run_unprivileged("explain", folder, "--json")
    assert said.code == 0, said.err
    assert said.json["decisions"][0]["why"] == "all is clear"


def test_a_damaged_journal_is_said_to_be_damaged(program: Program, tmp_path: Path) -> None:
    (tmp_path / "run.sqlite").write_bytes(b"this is no database" * 100)
    for command in ("explain", "resume"):
        assert_refused(program(command, tmp_path), "run.sqlite is damaged")


@contextmanager
def small_disk(at: Path, kilobytes: int) -> Iterator[None]:
    at.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(at)], capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr.decode().strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(at)], check=True)


@needs_root
def test_no_room_on_the_disk_is_said_and_leaves_nothing(good: Path, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 64):
        said = run("train", "Predict which customers left.", "--data", good, "--out", tmp_path / "disk" / "run")
        assert_refused(said, "disk is full", "--out")
        assert list((tmp_path / "disk").iterdir()) == []


@needs_root
@pytest.mark.e2e
def test_a_disk_that_fills_up_in_mid_run_pauses_it_and_resume_goes_on_once_there_is_room(
    good: Path, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    with small_disk(disk, 900):
        said = run(
            "train", "Predict which customers left.", "--data", good, "--trials", 3, "--out", disk / "run", "--json"
        )
        assert said.code == 1, said.err
        assert "disk is full" in said.json["reason"]
        assert f"traineragent resume {disk / 'run'}" in said.json["reason"]
        assert "Traceback" not in said.err
        subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
        done = run("resume", disk / "run", "--json")
        assert done.code == 0, done.err
        assert done.json["status"] == "delivered"
        json.loads((disk / "run" / "report.json").read_text())
