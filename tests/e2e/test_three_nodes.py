"""Searches on three Ray nodes of this machine that come and go, with declared GPUs."""

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
    options = dict(address=cluster.address, seconds=0.5, trials=40, workers="auto") | options
    command = [sys.executable, {str(DRIVER)!r}, directory, json.dumps(options)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)

def command(*words):
    return subprocess.run([sys.executable, "-m", "nasbench", *words], check=True)

def begun(number):
    while len(glob.glob("run/begun-*")) < number:
        time.sleep(0.1)

def seen():
    return len({{json.loads(line)["worker"] for line in open("run/trials.jsonl").read().splitlines()}})

cluster = Cluster(initialize_head=True, head_node_args=dict(num_cpus=1, num_gpus=4, include_dashboard=False))
try:
"""


def on_a_cluster(code: str, directory: Path, *words: str) -> None:
    """Runs code with `cluster`, which has a head, and `search`, `command`, `begun`, `seen`."""
    lines = "".join(f"    {line}\n" for line in code.strip().splitlines())
    script = f"{CLUSTER}{lines}finally:\n    cluster.shutdown()\n"
    subprocess.run([sys.executable, "-c", script, *words], check=True, timeout=900, cwd=directory)


def log(directory: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (directory / "trials.jsonl").read_text().splitlines()]


@pytest.mark.slow
def test_workers_auto_take_a_node_that_joins_late_and_do_without_one_that_dies(tmp_path):
    code = """
process = search("run", trials=60)
begun(4)
late = cluster.add_node(num_cpus=1, num_gpus=4)
later = cluster.add_node(num_cpus=1, num_gpus=4)
while seen() < 3:
    assert process.poll() is None, "the search ended before it had three workers"
    time.sleep(0.2)
cluster.remove_node(late, allow_graceful=False)
_, told = process.communicate(timeout=600)
assert process.returncode == 0, told
"""
    on_a_cluster(code, tmp_path)
    lines = log(tmp_path / "run")
    assert sorted(line["number"] for line in lines) == list(range(1, 61))
    assert not [line["error"] for line in lines if "died" in (line["error"] or "")], "a lost trial is run once more"
    assert len({line["worker"] for line in lines if line["status"] == "ok"}) >= 3


@pytest.mark.slow
def test_auto_on_one_slot_is_one_worker(tmp_path):
    code = """
assert search("run", trials=12, seconds=0.0).wait(300) == 0
assert search("one", trials=12, seconds=0.0, workers=1).wait(300) == 0
"""
    on_a_cluster(code, tmp_path)
    auto, one = (
        [(line["number"], line["key"], line["score"], line["note"]) for line in log(tmp_path / name)]
        for name in ("run", "one")
    )
    assert auto == one


@pytest.mark.slow
def test_the_commands_on_three_nodes_with_fractions_of_declared_gpus(tmp_path):
    code = """
for _ in range(2):
    cluster.add_node(num_cpus=1, num_gpus=4)
cluster.wait_for_nodes()
where = ["--ray-address", cluster.address, "--workers", "auto", "--gpus-per-worker", "0.5", "--device", "cpu"]
little = ["--dataset", "digits", "--recipe", "quick", "--epochs", "1", "--wandb", "off", *where]
command("search", "--space", "nasbench201", "--cells", "1", "--filters", "4", "--trials", "9", "--run", "run", *little)
command("compare", "run", "zoo:lenet5", "--run", "compared", "--seeds", "2", "--trained-dir", "trained", *little)
"""
    on_a_cluster(code, tmp_path)
    found = log(tmp_path / "run")
    assert sorted(line["number"] for line in found) == list(range(1, 10))
    assert len({line["worker"] for line in found if line["status"] == "ok"}) == 3
    assert [line["status"] for line in log(tmp_path / "compared")] == ["ok"] * 4


@pytest.mark.slow
def test_a_supernet_and_a_search_for_coefficients_on_three_nodes(tmp_path):
    code = """
for _ in range(2):
    cluster.add_node(num_cpus=1, num_gpus=4)
cluster.wait_for_nodes()
little = ["--dataset", "digits", "--wandb", "off", "--device", "cpu", "--ray-address", cluster.address]
shared = ["--recipe", "supernet", "--epochs", "1", "--cells", "1", "--filters", "4", "--check", "0", "--workers", "2"]
command("supernet", "--space", "nasbench201", "--run", "supernet", *shared, *little)
auto = ["--workers", "auto", "--gpus-per-worker", "0.5"]
small = ["--base", "mobilenet_v1", "--recipe", "quick", "--epochs", "1", "--trials", "6", "--front-runners", "1"]
command("scale", "--search", *small, "--run", "scaled", "--storage", sys.argv[1], *auto, *little)
"""
    on_a_cluster(code, tmp_path, f"file://{tmp_path}/store")
    assert [line["status"] for line in log(tmp_path / "supernet")] == ["ok"]
    assert (tmp_path / "supernet/supernet/weights.safetensors").exists()
    found = log(tmp_path / "scaled")
    assert {line["status"] for line in found} <= {"ok", "cached", "pruned"}
    assert len({line["worker"] for line in found if line["status"] == "ok"}) > 1
    assert not list((tmp_path / "scaled/checkpoints").iterdir())
    assert not [path for path in (tmp_path / "store/scaled/checkpoints").rglob("*") if path.is_file()]
