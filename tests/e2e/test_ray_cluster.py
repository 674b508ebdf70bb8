"""Two Ray nodes on one machine, joined by address."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

DRIVER = Path(__file__).parent / "drivers" / "search.py"


@pytest.mark.slow
def test_workers_on_two_nodes_by_address(tmp_path):
    """In processes of their own: this one may be connected to another Ray."""
    code = f"""
import json, subprocess, sys
from ray.cluster_utils import Cluster

cluster = Cluster(initialize_head=True, head_node_args=dict(num_cpus=1, include_dashboard=False))
cluster.add_node(num_cpus=1)
cluster.wait_for_nodes()
options = dict(trials=30, workers=2, address=cluster.address, seconds=0.2)
try:
    done = subprocess.run([sys.executable, {str(DRIVER)!r}, {str(tmp_path / "run")!r}, json.dumps(options)], timeout=240)
    more = subprocess.run([sys.executable, {str(DRIVER)!r}, {str(tmp_path / "more")!r}, json.dumps(options | dict(workers=3))],
                          capture_output=True, text=True, timeout=240)
finally:
    cluster.shutdown()
assert "2 CPU slots" in more.stderr and "enough for 2 such workers" in more.stderr, more.stderr
sys.exit(done.returncode)
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=600, cwd=tmp_path)
    lines = [json.loads(line) for line in (tmp_path / "run" / "trials.jsonl").read_text().splitlines()]
    assert sorted(line["number"] for line in lines) == list(range(1, 31))
    assert len({line["worker"] for line in lines if line["status"] == "ok"}) == 2
