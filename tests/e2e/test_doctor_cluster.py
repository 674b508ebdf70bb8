"""`nasbench doctor` on a cluster of three nodes on this machine."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

CLUSTER = """
import json, subprocess, sys
from ray.cluster_utils import Cluster

cluster = Cluster(initialize_head=True, head_node_args=dict(num_cpus=1, num_gpus=4, include_dashboard=False))
for _ in range(2):
    cluster.add_node(num_cpus=1, num_gpus=4)
cluster.wait_for_nodes()
try:
    for flags in json.loads(sys.argv[1]):
        command = [sys.executable, "-m", "nasbench", "doctor", "--json", "--ray-address", cluster.address, *flags]
        done = subprocess.run(command, capture_output=True, text=True)
        print(json.dumps([done.returncode, json.loads(done.stdout)]), flush=True)
finally:
    cluster.shutdown()
"""


def doctors(directory: Path, *flags: list[str]) -> list[tuple[int, list[dict[str, Any]]]]:
    """The status and the findings on the cluster of a doctor with each set of flags."""
    command = [sys.executable, "-c", CLUSTER, json.dumps(flags)]
    done = subprocess.run(command, check=True, timeout=600, cwd=directory, stdout=subprocess.PIPE, text=True)
    answers = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]
    return [(status, [each for each in record["findings"] if each["area"] == "cluster"]) for status, record in answers]


@pytest.mark.slow
def test_every_node_says_what_it_has_and_what_does_not_fit_is_named(tmp_path):
    fits, too_many, no_data = doctors(
        tmp_path,
        ["--dataset", "digits", "--gpus-per-worker", "0.5", "--workers", "3"],
        ["--dataset", "digits", "--workers", "9"],
        ["--dataset", "cifar10", "--data-dir", str(tmp_path / "none"), "--gpus-per-worker", "2"],
    )
    assert [each["state"] for each in fits[1]] == ["ok"] * 4
    assert "3 nodes, 3 CPU slots, 12 GPUs; 3 workers fit with 0.5 GPUs each" in fits[1][0]["told"]
    assert "(head)" in fits[1][1]["name"]
    assert too_many[0] == 1
    assert too_many[1][0]["state"] == "broken"
    assert "--workers 3" in too_many[1][0]["remedy"]
    assert [each["state"] for each in no_data[1]] == ["ok"] + ["note"] * 3
    assert not list(tmp_path.glob(".doctor*"))
