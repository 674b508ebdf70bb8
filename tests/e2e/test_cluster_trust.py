"""What listens during a search on a cluster of three nodes with a token, and who may connect."""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest

CLUSTER = """
import json, os, secrets, subprocess, sys, time
from pathlib import Path

token = Path("token")
token.touch(0o600)
token.write_text(secrets.token_hex(32))
os.environ.update(RAY_AUTH_MODE="token", RAY_AUTH_TOKEN_PATH=str(token.absolute()))
from ray.cluster_utils import Cluster

node = dict(num_cpus=1, num_gpus=4, object_store_memory=100 * 2**20)
cluster = Cluster(initialize_head=True, head_node_args=dict(include_dashboard=False, **node))
driver = None
try:
    for _ in range(2):
        cluster.add_node(**node)
    cluster.wait_for_nodes()
    options = dict(address=cluster.address, trials=9, seconds=600, workers=3)
    driver = subprocess.Popen([sys.executable, sys.argv[1], "run", json.dumps(options)])
    while len(list(Path().glob("run/begun-*"))) < 3:
        assert driver.poll() is None, "the search ended"
        time.sleep(0.1)
    print(cluster.address, flush=True)
    sys.stdin.readline()
finally:
    if driver is not None:
        driver.kill()
        driver.wait()
    cluster.shutdown()
"""
DRIVER = Path(__file__).parent / "drivers" / "search.py"
METHODS = (
    "NodeInfoGcsService/GetClusterId",
    "NodeManagerService/GetNodeStats",
    "ObjectManagerService/Pull",
    "CoreWorkerService/GetCoreWorkerStats",
)
"""A call of each of Ray's services; each port has one of them."""
LISTENS = "0A"


def listening(token: Path) -> list[tuple[str, int, str]]:
    """(address in hexadecimal, port, process) of all sockets at which processes that know the token listen."""
    sockets = {}
    for table in ("tcp", "tcp6"):
        for line in Path("/proc/net", table).read_text().splitlines()[1:]:
            _, local, _, state, *rest = line.split()
            if state == LISTENS:
                sockets[f"socket:[{rest[5]}]"] = local
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it ended meanwhile
            if str(token) not in (process / "environ").read_text(errors="replace"):
                continue
            name = (process / "cmdline").read_text(errors="replace").partition("\0")[0].rpartition("/")[2]
            for entry in (process / "fd").iterdir():
                with suppress(OSError, KeyError):
                    address, _, port = sockets[os.readlink(entry)].partition(":")
                    found.add((address, int(port, 16), name))
    return sorted(found)


def answers(host: str, port: int, token: str | None, methods: tuple[str, ...] = METHODS) -> set[str]:
    """What a port says to calls, with the token or without."""
    import grpc

    said = set()
    with grpc.insecure_channel(f"{host}:{port}") as channel:
        for method in methods:
            metadata = None if token is None else [("authorization", f"Bearer {token}")]
            try:
                channel.unary_unary(f"/ray.rpc.{method}")(b"", timeout=20, metadata=metadata)
                said.add("OK")
            except grpc.RpcError as error:
                said.add(error.code().name)
    return said


def answers_web(host: str, port: int) -> int:
    """The status of a web page, asked for without a token."""
    try:
        with urllib.request.urlopen(f"http://{host}:{port}/", timeout=20) as page:
            return int(page.status)
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.slow
def test_every_port_of_a_search_on_three_nodes_asks_for_the_token(tmp_path):
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    cluster = subprocess.Popen([sys.executable, "-c", CLUSTER, str(DRIVER)], cwd=tmp_path, text=True, **pipes)
    try:
        address = cluster.stdout.readline().strip()
        assert address, "the cluster did not start"
        host, token = address.partition(":")[0], tmp_path / "token"
        found = listening(token)
        (tmp_path / "listening.json").write_text(json.dumps(found, indent=1))
        names = [name for _, _, name in found]
        assert names.count("ray::Worker.train") == 3
        assert names.count("raylet") == 6, "each node has one for calls and one for objects"
        assert sum(name.startswith("python") for name in names) == 1, "the search itself, to which workers answer"
        assert names.count("gcs_server") == 1
        for _, port, name in found:
            if name == "ray::RuntimeEnvAgent":
                assert answers_web(host, port) in (401, 403), (name, port)
                continue
            stranger = answers(host, port, None)
            assert "UNAUTHENTICATED" in stranger, (name, port, stranger)
            assert stranger <= {"UNAUTHENTICATED", "UNIMPLEMENTED"}, (name, port, stranger)
            if name == "gcs_server":
                assert answers(host, port, token.read_text(), METHODS[:1]) == {"OK"}
        variables = {name: text for name, text in os.environ.items() if not name.startswith("RAY_")}
        options = json.dumps({"address": address, "trials": 1, "workers": 1})
        command = [sys.executable, str(DRIVER), str(tmp_path / "stranger"), options]
        stranger = subprocess.run(
            command, env={**variables, "HOME": str(tmp_path)}, capture_output=True, text=True, timeout=120
        )
        assert stranger.returncode != 0
        assert "needs its token in ~/.ray/auth_token" in stranger.stderr, stranger.stderr
    finally:
        cluster.communicate("\n", timeout=120)
