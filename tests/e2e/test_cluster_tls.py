"""A head, a node and a search of this machine that speak TLS alone, by Ray's own variables; who has no certificate is
refused.
"""

import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from unit.certificates import Authority

from nasbench.executors.unfit_tls import own_address

HERE = own_address()
STARTS = 5
HELPERS = (
    *("--dashboard-agent-grpc-port", "--metrics-export-port", "--dashboard-agent-listen-port"),
    *("--runtime-env-agent-port", "--ray-client-server-port"),
)
"""Ports of a node's helpers: Ray ends a node that has not heard of them within 15 s, unless they are given."""
SEARCH = (
    *("search", "--space", "nasbench201", "--evaluator", "proxy:params", "--dataset", "digits", "--strategy", "random"),
    *("--control", "0", "--seed", "3", "--wandb", "off", "--trials", "6"),
)


def free_port() -> int:
    with socket.socket() as found:
        found.bind((HERE, 0))
        return int(found.getsockname()[1])


def nasbench(folder: Path, environment: Mapping[str, str], *words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "nasbench", *words]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=400)


@contextmanager
def started(folder: Path, environment: Mapping[str, str], *flags: str) -> Iterator[None]:
    """`ray start` in the foreground, while it runs. Where a machine is busy, a node of Ray ends itself at its start."""
    for left in reversed(range(STARTS)):
        log = folder / f"ray-{len(list(folder.glob('ray-*.log')))}.log"
        process = ray_start(log, environment, flags)
        end = time.monotonic() + 180
        while "Ray runtime started" not in log.read_text() and process.poll() is None and time.monotonic() < end:
            time.sleep(0.2)
        if "Ray runtime started" in log.read_text():
            break
        process.terminate()
        process.wait(60)
        assert left, log.read_text()
    try:
        yield
    finally:
        process.terminate()
        process.wait(60)


def ray_start(log: Path, environment: Mapping[str, str], flags: Sequence[str]) -> "subprocess.Popen[bytes]":
    ray = Path(sys.executable).with_name("ray")
    helpers = [word for flag in HELPERS for word in (flag, str(free_port()))]
    command = [
        str(ray),
        "start",
        "--block",
        "--disable-usage-stats",
        "--include-log-monitor=false",
        "--node-ip-address",
        HERE,
        *helpers,
        *flags,
    ]
    with open(log, "w") as told:
        return subprocess.Popen(command, env=environment, stdout=told, stderr=told, cwd=log.parent)


@pytest.mark.slow
def test_a_search_over_tls_and_a_client_without_a_certificate(tmp_path):
    token = tmp_path / "token"
    token.touch(0o600)
    token.write_text(secrets.token_hex(32))
    authority = Authority(tmp_path / "certificates")
    bare = {
        **os.environ,
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(token),
        "RAY_TMPDIR": f"/tmp/n{os.getpid()}",
    }
    bare = {**bare, "PYTHONPATH": str(Path(__file__).parents[2])}
    encrypted = {**bare, **authority.variables("node", HERE, "127.0.0.1")}
    stranger = {**bare, **Authority(tmp_path / "elsewhere").variables("stranger", HERE)}
    elsewhere = {**bare, **authority.variables("another machine", "10.1.1.1", "127.0.0.1")}
    port, more = str(free_port()), ("--num-cpus", "1", "--object-store-memory", str(100 * 2**20))
    head = ("--head", "--port", port, "--include-dashboard=false", "--no-monitor")
    address = f"{HERE}:{port}"
    there = ("--ray-address", address, "--workers", "2")
    with (
        started(tmp_path, encrypted, *head, *more),
        started(tmp_path, encrypted, "--address", address, *more),
    ):
        doctor = nasbench(tmp_path, encrypted, "doctor", "--json", "--dataset", "digits", "--ray-address", address)
        found = {each["name"]: each for each in json.loads(doctor.stdout)["findings"]}
        assert found["Ray"]["state"] == "ok", found["Ray"]
        assert "2 nodes" in found["Ray"]["told"]
        done = nasbench(tmp_path, encrypted, *SEARCH, "--run", "run", *there)
        assert done.returncode == 0, done.stderr
        for other in (bare, stranger, elsewhere):
            began = time.monotonic()
            refused = nasbench(tmp_path, other, *SEARCH, "--run", "refused", *there)
            assert refused.returncode == 2, refused.stderr
            assert time.monotonic() - began < 120, "long before Ray itself would give up"
            assert "TLS" in refused.stderr, refused.stderr
            assert (f"and not of {HERE}" in refused.stderr) == (other is elsewhere), refused.stderr
            assert not (tmp_path / "refused").exists()
    log = [json.loads(line) for line in (tmp_path / "run" / "trials.jsonl").read_text().splitlines()]
    assert sorted(line["number"] for line in log) == list(range(1, 7))
    assert all(line["status"] in ("ok", "cached") for line in log)
