"""Several Ray nodes on one machine, joined by address. In processes of their own: the tests' may be connected to
another Ray.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

DRIVER = Path(__file__).parent / "drivers" / "search.py"
CLUSTER = f"""
import glob, json, subprocess, sys, time
from ray.cluster_utils import Cluster

def search(directory, **options):
    options = dict(address=cluster.address, seconds=0.2, trials=30, workers=2) | options
    command = [sys.executable, {str(DRIVER)!r}, directory, json.dumps(options)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)

cluster = Cluster(initialize_head=True, head_node_args=dict(num_cpus=1, include_dashboard=False))
node = cluster.add_node(num_cpus=1)
cluster.wait_for_nodes()
try:
"""


def on_a_cluster(code: str, directory: Path) -> None:
    """Runs code with `cluster`, its second node `node`, and `search`."""
    script = (
        CLUSTER + "".join(f"    {line}\n" for line in code.strip().splitlines()) + "finally:\n    cluster.shutdown()\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=900, cwd=directory)


def log(directory: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (directory / "trials.jsonl").read_text().splitlines()]


@pytest.mark.slow
def test_workers_on_two_nodes_by_address(tmp_path):
    code = """
done = search("run").wait()
assert done == 0, done
error = search("more", workers=3).communicate()[1]
assert "2 CPU slots" in error and "enough for 2 such workers" in error, error
"""
    on_a_cluster(code, tmp_path)
    lines = log(tmp_path / "run")
    assert sorted(line["number"] for line in lines) == list(range(1, 31))
    assert len({line["worker"] for line in lines if line["status"] == "ok"}) == 2


@pytest.mark.slow
def test_a_node_that_is_gone_for_good_costs_its_trial_and_nothing_else(tmp_path):
    code = """
process = search("run", seconds=1.0)
while len(glob.glob("run/begun-*")) < 6:
    time.sleep(0.1)
cluster.remove_node(node, allow_graceful=False)
lost = time.monotonic()
assert process.wait(600) == 0
assert time.monotonic() - lost < 24 + 20, "the other worker idled"
"""
    on_a_cluster(code, tmp_path)
    lines = log(tmp_path / "run")
    assert sorted(line["number"] for line in lines) == list(range(1, 31))
    assert sum("its machine is gone" in (line["error"] or "") for line in lines) <= 1


@pytest.mark.slow
def test_a_head_that_is_gone_is_told_within_seconds_with_how_to_go_on(tmp_path):
    code = """
process = search("run", seconds=0.5)
while len(glob.glob("run/begun-*")) < 6:
    time.sleep(0.1)
cluster.remove_node(cluster.head_node, allow_graceful=False)
lost = time.monotonic()
told = process.communicate(timeout=60)[1]
assert time.monotonic() - lost < 15, time.monotonic() - lost
assert process.returncode == 1, process.returncode
assert "does not answer any more" in told and "go on with --resume" in told, told
"""
    on_a_cluster(code, tmp_path)
    assert log(tmp_path / "run"), "what had finished is kept"


@pytest.mark.slow
def test_a_worker_that_is_stopped_on_another_node_is_killed(tmp_path):
    code = """
process = search("run", seconds=0.5, trials=8, faults={2: "freeze"}, timeout=3.0)
assert process.wait(120) == 0
"""
    on_a_cluster(code, tmp_path)
    frozen = [line for line in log(tmp_path / "run") if "was frozen" in (line["error"] or "")]
    assert [line["number"] for line in frozen] == [2]


@pytest.mark.slow
def test_a_token_of_the_users_own_does_not_keep_him_from_a_cluster_without(tmp_path, monkeypatch):
    folder = tmp_path / "home" / ".ray"
    folder.mkdir(parents=True)
    (folder / "auth_token").write_text("0" * 64)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    on_a_cluster('assert search("run", trials=2, seconds=0.0).wait(120) == 0', tmp_path)
    assert len(log(tmp_path / "run")) == 2
