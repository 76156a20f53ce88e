"""Attack programs against the sandbox: none gets what it wants. They run as nobody, below a process in a mount
namespace of its own, so that one that did get out would harm little."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from attacks import ATTACKS

from traineragent.sandbox.box import STRONG, strongest

HERE = Path(__file__).resolve().parent
CHILD = """
import json, os, socket, sys
import numpy as np
from traineragent.sandbox import box
from attacks import ATTACKS, source
tier, folder, names = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
secret, victim = os.path.join(folder, "secret"), os.path.join(folder, "victim")
with socket.socket() as listening:
    listening.bind(("127.0.0.1", 0))
    listening.listen()
    port = listening.getsockname()[1]
    for name in names:
        open(secret, "w").write("the key"); open(victim, "w").write("here")
        ran = box.run_feature(
            source(name, SECRET=secret, VICTIM=victim, WRITABLE=os.path.join(folder, "made"), PORT=port),
            [{"name": "a"}], np.ones((3, 1), np.float32), tier=tier, seconds=8, memory_mb=256)
        got = ran.values is not None and bool((ran.values != 0).any())
        harm = not os.path.exists(victim) or os.path.lexists(os.path.join(folder, "made"))
        print(json.dumps([name, bool(got or harm), ran.refused]), flush=True)
"""


@pytest.fixture(scope="module")
def tier() -> str:
    found = strongest()
    if found not in STRONG:
        pytest.skip("this machine has no kernel sandbox; generated code stays off here")
    return found


@pytest.mark.slow
def test_no_attack_gets_what_it_wants(tier: str, tmp_path: Path) -> None:
    apart = ["unshare", "-m"] if os.geteuid() == 0 and shutil.which("unshare") else []
    os.environ["SECRET_KEY"] = "canary"
    done = subprocess.run(
        [*apart, sys.executable, "-c", CHILD, tier, str(tmp_path), json.dumps(list(ATTACKS))],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), *sys.path])},
        capture_output=True,
        text=True,
        timeout=500,
    )
    del os.environ["SECRET_KEY"]
    said = [json.loads(line) for line in done.stdout.splitlines()]
    assert [name for name, *_ in said] == list(ATTACKS), done.stderr[-2000:]
    assert [name for name, succeeded, _ in said if succeeded] == []


def test_what_is_seen_inside_is_not_root(tier: str) -> None:
    import numpy as np

    from traineragent.sandbox.box import run_feature

    source = "import os\ndef feature(columns):\n    return columns['a'] * 0 + os.getuid()\n"
    ran = run_feature(source, [{"name": "a"}], np.ones((1, 1), np.float32), tier=tier)
    assert ran.values is None or ran.values[0] != 0
