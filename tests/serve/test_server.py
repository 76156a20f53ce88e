"""The process: starts anywhere, says what is wrong with its arguments, ends well, imports nothing that trains."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from patience import patience
from traineragent.domain.data import Column, Target
from traineragent.errors import InputError
from traineragent.export.running import Running
from traineragent.serve.__main__ import main
from traineragent.serve.server import check_address, run_server

from .small import ROW, write_small

BODY = json.dumps({"rows": [ROW]}).encode()


def request(body: bytes, path: str = "/predict") -> bytes:
    return f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def answer(connection: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received or not received.rstrip().endswith(b"}"):
        block = connection.recv(65_536)
        if not block:
            break
        received += block
    return received


@contextmanager
def started(bundle: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], tuple[str, int]]]:
    """serve.py of a bundle as a process, and where it listens."""
    command = [sys.executable, "-B", str(bundle / "serve.py"), "--port", "0", *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            host, _, port = process.stderr.readline().split("//")[1].split()[0].partition(":")
            yield process, (host, int(port))
        finally:
            process.terminate()
            process.wait(15)


@pytest.fixture
def running(churn: Path) -> Iterator[Running]:
    with Running(churn) as service:
        yield service


def test_the_bundle_serves_itself(running: Running) -> None:
    with urllib.request.urlopen(urllib.request.Request(f"{running.address}/predict", BODY)) as reply:
        assert set(json.load(reply)["predictions"][0]) == {"label", "probabilities"}
    for path in ("/docs", "/openapi.json", "/metrics", "/try", "/v2/health/ready"):
        assert urllib.request.urlopen(running.address + path).status == 200
    assert running.ready_s < patience(5)
    assert running.memory_mb < 160


def test_sigterm_finishes_what_is_in_flight_and_exits_with_zero(running: Running) -> None:
    with running.connect() as slow, running.connect() as idle:
        whole = request(BODY)
        slow.sendall(whole[:-5])
        time.sleep(0.2)
        started = time.monotonic()
        running._process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        slow.sendall(whole[-5:])
        assert answer(slow).startswith(b"HTTP/1.1 200")
        assert idle.recv(100) == b""
    assert running._process.wait(10) == 0
    assert time.monotonic() - started < patience(9)
    with pytest.raises(ConnectionRefusedError):
        running.connect()


def test_ends_in_time_when_a_client_never_finishes(churn: Path) -> None:
    with started(churn, "--drain", "1") as (process, address), socket.create_connection(address) as stuck:
        stuck.sendall(request(BODY)[:-5])
        time.sleep(0.2)
        began = time.monotonic()
        process.terminate()
        assert process.wait(12) == 0
        assert 0.5 < time.monotonic() - began < patience(5)


def test_answers_while_another_client_sends_garbage(running: Running) -> None:
    with running.connect() as rude, running.connect() as polite:
        rude.sendall(b"\x16\x03\x01\x02\x00 not http\r\n\r\n")
        polite.sendall(request(BODY))
        assert answer(polite).startswith(b"HTTP/1.1 200")


def test_many_clients_at_once_all_get_their_own_answer(running: Running) -> None:
    def ask(age: int, found: dict[int, bytes]) -> None:
        body = json.dumps({"rows": [{**ROW, "age": age}]}).encode()
        with running.connect() as connection:
            for _ in range(20):
                connection.sendall(request(body))
                found.setdefault(age, answer(connection).rpartition(b"\r\n\r\n")[2])
                assert found[age]

    found: dict[int, bytes] = {}
    threads = [threading.Thread(target=ask, args=(age, found)) for age in range(20, 90, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found.values())) == len(threads)


def test_dies_with_the_process_that_started_it(churn: Path) -> None:
    with Running(churn) as service:
        pid = service._process.pid
        assert service._process.stdin is not None
        service._process.stdin.close()
        assert service._process.wait(10) == 0
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_the_copied_server_imports_nothing_that_trains(churn: Path) -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import server.serve.app, server.serve.server, server.serve.predictor\n"
        "server.serve.predictor.Predictor.load(sys.argv[1])\n"
        "print(*sorted({m.partition('.')[0] for m in sys.modules}))"
    )
    found = subprocess.run(
        [sys.executable, "-B", "-c", code, str(churn)], capture_output=True, text=True, check=True, cwd="/"
    ).stdout.split()
    assert "onnxruntime" in found
    heavy = {"traineragent", "pandas", "sklearn", "lightgbm", "optuna", "onnx", "scipy", "pydantic", "jinja2", "typer"}
    assert heavy.isdisjoint(found)


AUDITED = """
import os, runpy, sys
log = open(sys.argv.pop(1), "w", buffering=1)
watched = ("pickle.find_class", "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork")
watched += ("socket.bind", "socket.connect")
writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT

def watch(event, args):
    writes = event == "open" and isinstance(args[2], int) and args[2] & writing
    if event in watched or writes:
        log.write(f"{event} {args[:1] if writes else args[1:]}\\n")

sys.addaudithook(watch)
sys.argv.pop(0)
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def test_serving_unpickles_nothing_starts_nothing_calls_nobody_and_writes_no_file(churn: Path, tmp_path: Path) -> None:
    log = tmp_path / "audit.log"
    command = [sys.executable, "-B", "-c", AUDITED, str(log), str(churn / "serve.py"), "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            address = process.stderr.readline().split("on ")[1].split()[0]
            for path in ("/try", "/docs", "/metrics", "/v2/health/ready"):
                assert urllib.request.urlopen(address + path, timeout=20).status == 200
            asked = urllib.request.Request(f"{address}/predict", BODY)
            with urllib.request.urlopen(asked, timeout=20) as reply:
                assert json.load(reply)["predictions"]
            process.terminate()
            assert process.wait(15) == 0
        finally:
            process.kill()
    seen = log.read_text().splitlines()
    assert [line.split()[0] for line in seen] == ["socket.bind"], seen


def test_refuses_to_let_others_ask_without_a_token() -> None:
    with pytest.raises(InputError, match="--token"):
        check_address("0.0.0.0", None)
    check_address("0.0.0.0", "secret")
    with pytest.raises(InputError, match="token is empty"):
        check_address("127.0.0.1", " ")


def test_says_that_a_port_is_taken(churn: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(InputError, match=f"port {port} .*--port"):
            run_server(churn, port=port)


def test_bad_usage_is_words_and_exit_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 2
    assert main([str(tmp_path), "--host", "0.0.0.0"]) == 2
    assert main([str(tmp_path), "--token-file", str(tmp_path / "none")]) == 2
    said = capsys.readouterr().err
    assert "bundle.json" in said
    assert "--token" in said
    assert "token file" in said
    assert "Traceback" not in said


def test_a_token_file_guards_the_service(tmp_path: Path) -> None:
    bundle = write_small(tmp_path, Target("y", "number"), (Column("a", "number"),))
    (tmp_path / "token").write_text("s3cret\n")
    with started(bundle, "--token-file", str(tmp_path / "token")) as (_, address):
        url = f"http://{address[0]}:{address[1]}"
        asked = urllib.request.Request(f"{url}/predict", b'{"rows":[{"a":1}]}', {"Authorization": "Bearer s3cret"})
        assert urllib.request.urlopen(asked).status == 200
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(f"{url}/metrics")


def test_who_sends_too_much_hears_so_and_is_not_cut_off(running: Running) -> None:
    body = b" " * 40_000_000
    for length in ({"Content-Length": str(len(body))}, {"Transfer-Encoding": "chunked"}):
        parts = (body[i : i + 1_000_000] for i in range(0, len(body), 1_000_000))
        asked = urllib.request.Request(f"{running.address}/predict", parts, length)
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(asked, timeout=patience(20))
        assert refused.value.code == 413
        assert "send the rows in several requests" in refused.value.read().decode()
