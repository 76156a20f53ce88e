"""The box: what it computes, what it refuses to follow, and what it does with a process that misbehaves."""

from __future__ import annotations

import numpy as np
import pytest

from traineragent.export.traced import checked
from traineragent.sandbox import box
from traineragent.sandbox.box import LIMITS, STRONG, run_feature, strongest

COLUMNS = [{"name": "a"}, {"name": "b"}, {"name": "sex", "levels": ["male", "female"]}]
X = np.array([[1, 2, 0], [3, np.nan, 1], [5, 6, np.nan], [7, 0, 2]], dtype=np.float32)


def body(text: str) -> str:
    return f"def feature(columns):\n    a, b, sex = columns['a'], columns['b'], columns['sex']\n    return {text}\n"


@pytest.fixture(scope="module")
def tier() -> str:
    return strongest()


@pytest.mark.parametrize(
    "text",
    [
        "np.where(sex == 'male', a / b, np.log1p(a))",
        "a // 2 + b ** 2 - np.clip(a, 2, 4) + (a > 2) * 3 - np.isin(sex, ['male', 'nobody'])",
        "np.select([a > 4, (sex == '') | np.isnan(b)], [b, 2], default=-1)",
        "np.fmax(a, b) + np.nan_to_num(b, nan=9) + np.sign(3 - a) - np.round(a / 3, 1)",
        "np.where(~(sex != 'female') & (a >= 3), -a, abs(b - a)) % 4",
    ],
)
def test_a_function_is_followed_and_its_steps_give_what_it_gave(text: str, tier: str) -> None:
    ran = run_feature(body(text), COLUMNS, X, tier=tier)
    assert ran.refused == ""
    assert ran.values is not None
    feature = checked("f", ran.steps, (0, 1, 2), (0, 0, 2))
    wanted = np.where(np.isfinite(ran.values), ran.values, np.nan)
    np.testing.assert_allclose(feature(X), wanted, rtol=1e-5)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (body("a - a.mean()"), "looks at other rows"),
        (body("a - np.mean(a)"), "looks at other rows or cannot be exported"),
        (body("np.cumsum(a)"), "looks at other rows"),
        (body("a.argsort() * 1.0"), "looks at other rows"),
        ("def feature(columns):\n    return np.array([float(v) for v in columns['a']])\n", "single rows"),
        ("def feature(columns):\n    return 1.0\n", "not one number a row"),
        (body("sex"), "could not convert"),
        (body("columns['nobody']"), "KeyError in line 3: 'nobody'"),
        ("def feature(columns):\n    return columns['a'] +\n", "SyntaxError in line 2"),
        ("x = 1\n", "it should define a function feature"),
        ("def feature(columns):\n    raise SystemExit('enough')\n", "SystemExit in line 2: enough"),
        ("import os\ndef feature(columns):\n    os._exit(0)\n", "ended without an answer"),
        ("def feature(columns):\n    return open('/etc/passwd')\n", "Operation not permitted"),
    ],
)
def test_what_cannot_be_followed_is_refused_with_the_reason(source: str, reason: str, tier: str) -> None:
    if tier == LIMITS and "permitted" in reason:
        pytest.skip("no kernel sandbox here")
    assert reason in run_feature(source, COLUMNS, X, tier=tier).refused


def test_a_function_without_an_end_is_ended(tier: str) -> None:
    ran = run_feature("def feature(columns):\n    while True: pass\n", COLUMNS, X, tier=tier, seconds=1)
    assert "longer than 1 s" in ran.refused


def test_an_answer_that_is_too_long_or_no_answer_at_all_is_dropped(tier: str) -> None:
    flood = "import os\ndef feature(columns):\n    while True: os.write(1, b'x' * 65536)\n"
    assert run_feature(flood, COLUMNS, X, tier=tier, seconds=5).refused
    lie = "import os, struct\ndef feature(columns):\n    os.write(1, struct.pack('>Q', 2) + b'[]'); os._exit(0)\n"
    assert run_feature(lie, COLUMNS, X, tier=tier).refused
    deep = (
        "import os, struct\ndef feature(columns):\n"
        "    text = b'[' * 500000; os.write(1, struct.pack('>Q', len(text)) + text); os._exit(0)\n"
    )
    assert run_feature(deep, COLUMNS, X, tier=tier).refused


def test_the_strongest_lock_is_found_by_trying(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = {"open": [], "layers": ["seccomp", "landlock"]}
    probes = {box.BUBBLEWRAP: {"open": ["network"], "layers": []}, LIMITS: closed}
    monkeypatch.setattr(box, "_probe", probes.get)
    monkeypatch.setattr(box.shutil, "which", lambda _: "/usr/bin/bwrap")
    assert box.strongest.__wrapped__() == box.LANDLOCK
    probes[LIMITS] = {"open": [], "layers": ["limits", "seccomp"]}
    assert box.strongest.__wrapped__() == box.SECCOMP
    probes[LIMITS] = {"open": ["processes"], "layers": ["limits", "seccomp"]}
    assert box.strongest.__wrapped__() == LIMITS
    probes[box.BUBBLEWRAP] = {"open": [], "layers": []}
    assert box.strongest.__wrapped__() == box.BUBBLEWRAP


def test_on_linux_with_a_filter_of_system_calls_there_is_a_sandbox(tier: str) -> None:
    assert tier in (*STRONG, LIMITS)
