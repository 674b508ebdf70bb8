"""What the logs and the answers of commands say, for `benchmarks/gpu.py`."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any


def log_of(run: Path) -> list[dict[str, Any]]:
    """The lines of a run's log that are whole; none where there is no log."""
    try:
        text = (run / "trials.jsonl").read_text()
    except OSError:
        return []
    return [json.loads(line) for line in text.split("\n")[:-1]]


def children_an_hour(lines: list[dict[str, Any]], workers: int) -> dict[str, Any]:
    """Children that warm workers trained in an hour: those that began after every worker had ended its first one, over
    the time from that moment to the end of the last.
    """
    trained = sorted((line for line in lines if line["status"] == "ok"), key=_end)
    first: dict[str, float] = {}
    for line in trained:
        first.setdefault(line["worker"], _end(line))
    warm_since = max(first.values(), default=0.0) if len(first) == workers else None
    warm = [line for line in trained if warm_since is not None and _end(line) > warm_since]
    seconds = _end(warm[-1]) - warm_since if warm and warm_since is not None else 0.0
    return {
        "trained": len(trained),
        "workers_seen": len(first),
        "warm": len(warm),
        "warm_seconds": round(seconds, 2),
        "children_an_hour": round(3600 * len(warm) / seconds, 1) if seconds > 0 else None,
        "seconds_a_child": round(sum(line["seconds"] for line in warm) / len(warm), 2) if warm else None,
    }


def times_one(row: dict[str, Any], measured: dict[str, dict[str, Any]]) -> float | None:
    """How many times as many children an hour as one worker trains; None where either was not measured."""
    one, own = measured.get("1", {}).get("children_an_hour"), row["children_an_hour"]
    return None if not one or own is None else round(own / one, 2)


def best_of(lines: list[dict[str, Any]]) -> dict[str, Any]:
    """How the trials of a search ended, and the best score."""
    statuses = [line["status"] for line in lines]
    scores = [line["score"] for line in lines if line["score"] is not None]
    counts = {name: statuses.count(name) for name in ("ok", "cached", "pruned", "failed")}
    return {"trials": len(lines), **counts, "best_score": max(scores, default=None)}


def reached(record: dict[str, Any], aim: float) -> dict[str, Any]:
    """What `nasbench train --json` said, and whether the test accuracy is at least `aim`."""
    accuracy = record.get("test_accuracy")
    names = ("val_accuracy", "test_accuracy", "seconds")
    return {**{name: record.get(name) for name in names}, "reached": accuracy is not None and accuracy >= aim}


def _end(line: dict[str, Any]) -> float:
    return datetime.fromisoformat(line["started"]).timestamp() + float(line["seconds"])
