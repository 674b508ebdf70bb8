"""How long slots stand idle while `--workers auto` follows a cluster from one node to three and back.

    python benchmarks/idle_share.py --trials 90 --seconds 2      writes results/idle_share.json

A search over the command line on a Ray cluster of this machine, each node with one CPU slot; the evaluator sleeps
(kill_events.py). A third of the trials each: on one node; from when two more have joined; from when these have been taken
away. A slot is there from the moment that Ray knows its node to the moment that the node is taken away or the search's last
evaluation ends, and idle when no evaluation runs on it.

  - `join_seconds`   from a node's joining to the beginning of its first evaluation
  - `idle`           share of the slots' time without an evaluation, of each phase and of all; the first phase begins with the
                     first evaluation, since the start of a search is no matter of `auto`
"""  # noqa: E501

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from node_kills import HERE, Search

RESULT = HERE / "results" / "idle_share.json"
NODE: dict[str, Any] = {"num_cpus": 1, "object_store_memory": 100 * 2**20}
Span = tuple[float, float]


def measured(trials: int, seconds: float, folder: Path) -> dict[str, Any]:
    """Runs the search, and says how idle it was."""
    from ray.cluster_utils import Cluster

    search, third = Search(folder, trials, seconds, "auto"), trials // 3
    try:
        search.cluster = Cluster(initialize_head=True, head_node_args={**NODE, "include_dashboard": False})
        joined = {search.cluster.head_node.node_id: 0.0}
        left: dict[str, float] = {}
        search.start()
        search.wait_for(third)
        more = [search.cluster.add_node(**NODE) for _ in range(2)]
        search.cluster.wait_for_nodes()
        grown = time.time()
        joined |= {each.node_id: grown for each in more}
        search.wait_for(2 * third)
        shrunk = time.time()
        for each in more:
            left[each.node_id] = time.time()
            search.cluster.remove_node(each, allow_graceful=True)
        search.finish()
        events = search.events
    finally:
        search.end()
    begun = [each for each in events if each["what"] == "begin"]
    first, last = min(each["time"] for each in begun), max(each["time"] for each in events)
    slots = {node: (max(first, since), left.get(node, last)) for node, since in joined.items()}
    busy = spans(events, last)
    phases = {"one node": (first, grown), "three nodes": (grown, shrunk), "one node again": (shrunk, last)}
    return {
        "trials": len(search.log),
        "trial_seconds": seconds,
        "join_seconds": [
            round(min((each["time"] for each in begun if each["node"] == node.node_id), default=last) - grown, 1)
            for node in more
        ],
        "phase_seconds": {name: round(end - start, 1) for name, (start, end) in phases.items()},
        "idle": {name: idle(slots, busy, phase) for name, phase in {**phases, "all": (first, last)}.items()},
        "begun_again": len(begun) - len({each["number"] for each in begun}),
    }


def spans(events: list[dict[str, Any]], last: float) -> dict[str, list[Span]]:
    """Node -> when an evaluation ran there. One that never ended was cut off with its node."""
    ends = {(each["number"], each["pid"]): each["time"] for each in events if each["what"] == "end"}
    found: dict[str, list[Span]] = {}
    for each in events:
        if each["what"] == "begin":
            end = ends.get((each["number"], each["pid"]), last)
            found.setdefault(each["node"], []).append((each["time"], end))
    return found


def idle(slots: dict[str, Span], busy: dict[str, list[Span]], phase: Span) -> float:
    """The share of the slots' time in a phase in which nothing ran on them."""
    there = worked = 0.0
    for node, slot in slots.items():
        window = overlap(slot, phase)
        there += window[1] - window[0]
        for span in busy.get(node, []):
            part = overlap(span, window)
            worked += part[1] - part[0]
    return round(1 - worked / there, 3)


def overlap(one: Span, other: Span) -> Span:
    start = max(one[0], other[0])
    return start, max(start, min(one[1], other[1]))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=90)
    parser.add_argument("--seconds", type=float, default=2.0, help="of an evaluation")
    parser.add_argument("--output", type=Path, default=RESULT)
    options = parser.parse_args()
    from nasbench.engine.run.provenance import provenance

    with tempfile.TemporaryDirectory() as folder:
        row = measured(options.trials, options.seconds, Path(folder))
    record = {**provenance(["benchmarks/idle_share.py", *sys.argv[1:]]), **row}
    options.output.write_text(json.dumps(record, indent=1) + "\n")
    print(json.dumps(row, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
