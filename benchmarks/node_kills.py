"""Lost and doubled trials of searches over the command line on three Ray nodes of this machine, in which something is
killed again and again: nodes, workers (SIGKILL), the driver (SIGKILL), the head.

    python benchmarks/node_kills.py --nodes 20 --workers 20 --drivers 10 --heads 5      writes results/node_kills.json

One search takes `--each` kills. After each the file is written: what was counted of that search, when, on which machine
and by which command line, and the sums of its kind; so nothing that was measured is gone when the program is stopped. A
search that breaks off, or is stopped, is kept too, with the reason. Counted from the log and from what the evaluations
said themselves (kill_events.py):

  - `lost`     numbers without a line in the log, and lines that were there at a kill and are gone at the end
  - `doubled`  numbers with two lines, and trials that were evaluated again after their line was on disk
  - `again`    evaluations that were begun once more because their worker was gone: the price of a kill
  - `failed`   trials that failed: a kill costs one where the second worker of the same trial was killed too
  - `same_trajectory`  of the searches with one worker (driver and head): numbers, keys and scores are those of an undisturbed
    search without Ray

Nothing but what this program started is killed: nodes by the cluster object that it holds, workers by the process numbers
that its own evaluations wrote, the driver as its child.
"""  # noqa: E501

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from ray_nodes_here import add_node, three_nodes

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
RESULT = HERE / "results" / "node_kills.json"
KINDS = ("nodes", "workers", "drivers", "heads")
ONE_WORKER = ("drivers", "heads")
SUMMED = ("kills", "trials", "lost", "doubled", "again", "failed", "seconds")
CAME = ("started", "argv", "git_commit", "hardware", "versions")
BETWEEN = 4
"""Trials that finish between two kills."""
WHILE_A_NODE_JOINS = 8
"""Times as many trials where nodes are killed: the others go on for many seconds until the next has joined."""
HEAD_SECONDS = 60.0
"""How long a driver may take to end once the head is gone."""
LIMIT_SECONDS = 300.0
"""How long a search may take to get from one kill to the next."""


@dataclass
class Search:
    """A search under attack: its directory, its cluster and its driver."""

    folder: Path
    trials: int
    seconds: float
    workers: str
    cluster: Any = None
    driver: "subprocess.Popen[bytes] | None" = None
    at_kills: list[tuple[float, list[str]]] = field(default_factory=list)
    """When something was killed, and the log as it was then."""

    @property
    def log(self) -> list[str]:
        """The whole lines of the log."""
        path = self.folder / "run" / "trials.jsonl"
        return path.read_text().split("\n")[:-1] if path.exists() else []

    @property
    def events(self) -> list[dict[str, Any]]:
        path = self.folder / "events"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def start_cluster(self) -> None:
        self.cluster = three_nodes()

    def start(self, *more: str) -> None:
        """Starts the driver, or starts it again."""
        run = self.folder / "run"
        if (run / "run.json").exists():
            flags = ["--resume"]
        else:
            flags = ["--space", "nasbench201", "--evaluator", "kill_events:Evented", "--strategy", "evolution"]
            flags += ["--control", "0", "--seed", "1", "--trials", str(self.trials), "--wandb", "off"]
        if self.cluster is not None:
            flags += ["--ray-address", self.cluster.address, "--workers", self.workers]
        variables = {"KILLS_EVENTS": str(self.folder / "events"), "KILLS_SECONDS": str(self.seconds)}
        variables["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(HERE)])
        with open(self.folder / "driver.log", "ab") as told:
            self.driver = subprocess.Popen(
                [sys.executable, "-m", "nasbench", "search", "--run", str(run), *flags, *more],
                env={**os.environ, **variables},
                stdout=told,
                stderr=told,
                cwd=self.folder,
            )

    def wait_for(self, lines: int) -> bool:
        """Waits until the log has so many lines; False where the driver ended before."""
        end = time.monotonic() + LIMIT_SECONDS
        while len(self.log) < lines:
            if self.driver is None or self.driver.poll() is not None:
                return False
            if time.monotonic() > end:
                raise RuntimeError(f"the search stands still at {len(self.log)} of {lines} trials: {self.told()}")
            time.sleep(0.1)
        return True

    def told(self) -> str:
        return (self.folder / "driver.log").read_text(errors="replace")[-1000:]

    def finish(self) -> None:
        assert self.driver is not None
        status = self.driver.wait(10 * LIMIT_SECONDS)
        if status != 0:
            raise RuntimeError(f"the search ended with status {status}: {self.told()}")

    def end(self) -> None:
        if self.driver is not None and self.driver.poll() is None:
            self.driver.kill()
            self.driver.wait()
        if self.cluster is not None:
            self.cluster.shutdown()


def kill_node(search: Search, rng: Random) -> None:
    """Kills a node that is not the head in the middle of a trial on it; another one joins."""
    others = {str(each.node_id): each for each in search.cluster.worker_nodes}
    node = others[
        rng.choice(sorted(waited_for(search, lambda event: event["node"] if event["node"] in others else None)))
    ]
    search.cluster.remove_node(node, allow_graceful=False)
    add_node(search.cluster)


def kill_worker(search: Search, rng: Random) -> None:
    """Kills a worker in the middle of a trial."""
    with suppress(ProcessLookupError):
        os.kill(rng.choice(sorted(waited_for(search, lambda event: event["pid"]))), signal.SIGKILL)


def waited_for(search: Search, of: Callable[[dict[str, Any]], Any]) -> set[Any]:
    """What `of` says of the trials under way, as soon as it says something of one."""
    end = time.monotonic() + LIMIT_SECONDS
    while not (found := {of(event) for event in at_work(search)} - {None}):
        if time.monotonic() > end or search.driver is None or search.driver.poll() is not None:
            raise RuntimeError(f"there was no trial left to kill: {search.told()}")
        time.sleep(0.05)
    return found


def at_work(search: Search) -> list[dict[str, Any]]:
    """The trials that are being evaluated now: what was begun and not ended by a worker that is alive."""
    events = search.events
    ended = {(each["number"], each["pid"]) for each in events if each["what"] == "end"}
    begun = [each for each in events if each["what"] == "begin" and (each["number"], each["pid"]) not in ended]
    return [each for each in begun if is_worker(each["pid"])]


def is_worker(pid: int) -> bool:
    """Whether the process is a worker of Ray still; its number may be another's by now."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().startswith(b"ray::")
    except OSError:
        return False


def kill_driver(search: Search, rng: Random) -> None:  # noqa: ARG001 - there is one
    """Kills the driver in the middle of a trial; `--resume` goes on."""
    waited_for(search, lambda event: event["pid"])
    assert search.driver is not None
    search.driver.kill()
    search.driver.wait()
    search.start()


def kill_head(search: Search, rng: Random) -> None:  # noqa: ARG001 - there is one
    """Kills the head in the middle of a trial. The driver must end by itself; then there is another cluster."""
    waited_for(search, lambda event: event["pid"])
    assert search.driver is not None
    search.cluster.remove_node(search.cluster.head_node, allow_graceful=False)
    status = search.driver.wait(HEAD_SECONDS)
    if status != 1:
        raise RuntimeError(f"without its head, the driver ended with status {status}: {search.told()}")
    search.cluster.shutdown()
    search.start_cluster()
    search.start()


KILLS: dict[str, Callable[[Search, Random], None]] = {
    "nodes": kill_node,
    "workers": kill_worker,
    "drivers": kill_driver,
    "heads": kill_head,
}


def attacked(kind: str, kills: int, seconds: float, folder: Path, rng: Random) -> dict[str, Any]:
    """A search in which `kills` of a kind happen, and what became of its trials. One that breaks off says why."""
    trials = (WHILE_A_NODE_JOINS if kind == "nodes" else 1) * BETWEEN * (kills + 2)
    folder.mkdir()
    search = Search(folder, trials, seconds, "1" if kind in ONE_WORKER else "auto")
    began, done, broken = time.monotonic(), 0, None
    try:
        search.start_cluster()
        search.start()
        while done < kills and search.wait_for(len(search.log) + BETWEEN):
            search.at_kills.append((time.time(), search.log))
            KILLS[kind](search, rng)
            done += 1
        search.finish()
    except (Exception, KeyboardInterrupt) as error:
        broken = f"{type(error).__name__}: {error}"
    finally:
        search.end()
    record: dict[str, Any] = {"kills": done, "trials": trials, **counts(search, broken is None)}
    record |= {"trial_seconds": seconds, "seconds": round(time.monotonic() - began)}
    if broken is not None:
        record["broken_off"] = broken
    elif kind in ONE_WORKER:
        record["same_trajectory"] = trajectory(search.log) == undisturbed(trials, folder)
    return record


def counts(search: Search, ended: bool) -> dict[str, int]:
    """What was lost, doubled, begun again, and failed. Of a search that has not ended, no trial is awaited any more."""
    final = search.log
    numbers = Counter(json.loads(line)["number"] for line in final)
    missing = [number for number in range(1, search.trials + 1) if number not in numbers] if ended else []
    gone = {line for _, lines in search.at_kills for line in lines} - set(final)
    begun = [each for each in search.events if each["what"] == "begin"]
    after_its_line = {
        each["number"]
        for moment, lines in search.at_kills
        for each in begun
        if each["time"] > moment and each["number"] in {json.loads(line)["number"] for line in lines}
    }
    return {
        "lost": len(missing) + len(gone),
        "doubled": sum(count - 1 for count in numbers.values()) + len(after_its_line),
        "again": len(begun) - len({each["number"] for each in begun}),
        "failed": sum(json.loads(line)["status"] == "failed" for line in final),
    }


def summed(searches: list[dict[str, Any]]) -> dict[str, Any]:
    """The row of a kind: sums over its searches, and what each of them was."""
    row: dict[str, Any] = {name: sum(each[name] for each in searches) for name in SUMMED}
    same = [each["same_trajectory"] for each in searches if "same_trajectory" in each]
    if same:
        row["same_trajectory"] = all(same)
    row["broken_off"] = sum("broken_off" in each for each in searches)
    return {**row, "searches": searches}


def trajectory(lines: list[str]) -> list[tuple[int, str, float]]:
    found = [json.loads(line) for line in lines]
    return sorted((each["number"], each["key"], each["score"]) for each in found)


def undisturbed(trials: int, folder: Path) -> list[tuple[int, str, float]]:
    place = folder / "undisturbed"
    place.mkdir()
    search = Search(place, trials, 0.0, "0")
    try:
        search.start()
        search.finish()
    finally:
        search.end()
    return trajectory(search.log)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for kind in KINDS:
        parser.add_argument(f"--{kind}", type=int, default=0, help=f"kills of {kind}")
    parser.add_argument("--each", type=int, default=5, help="kills of one search")
    parser.add_argument("--seconds", type=float, default=0.5, help="of an evaluation")
    parser.add_argument("--add", action="store_true", help="keep the searches that the output has")
    parser.add_argument("--output", type=Path, default=RESULT)
    options = parser.parse_args()
    if options.each < 1:
        parser.error(f"--each takes a whole number from 1 on; got {options.each}")
    from nasbench.engine.run.provenance import provenance

    argv = ["benchmarks/node_kills.py", *sys.argv[1:]]
    rows: dict[str, Any] = json.loads(options.output.read_text())["rows"] if options.add else {}
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory() as folder:
        for kind in KINDS:
            searches: list[dict[str, Any]] = rows.get(kind, {"searches": []})["searches"]
            for begun in range(0, getattr(options, kind), options.each):
                kills, came = min(options.each, getattr(options, kind) - begun), provenance(argv)
                place = Path(folder) / f"{kind}-{len(searches)}"
                told = attacked(kind, kills, options.seconds, place, Random(f"{kind} {len(searches)}"))
                searches.append({**told, **{name: came[name] for name in CAME}})
                rows[kind] = summed(searches)
                options.output.write_text(json.dumps({"nodes": 3, "rows": rows}, indent=1) + "\n")
                print(f"{kind:8}", "  ".join(f"{name} {value}" for name, value in told.items()), flush=True)
                if told.get("broken_off", "").startswith(KeyboardInterrupt.__name__):
                    return 130
    return 1 if any(map(is_at_fault, rows.values())) else 0


def is_at_fault(row: dict[str, Any]) -> bool:
    return bool(row["lost"] or row["doubled"] or row["broken_off"]) or row.get("same_trajectory") is False


if __name__ == "__main__":
    sys.exit(main())
