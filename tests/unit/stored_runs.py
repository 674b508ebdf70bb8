"""Runs of a test, opened as commands open theirs, kept in an object store or not."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nasbench.core.store import RunStore
from nasbench.core.trust import trusting
from nasbench.engine.config import SearchConfig
from nasbench.engine.run.opened_store import opened_store
from nasbench.engine.run.opening import Opening
from nasbench.engine.run.resume import stored_config
from nasbench.executors.local import LocalExecutor
from unit.toys import trial


@contextmanager
def run(directory: Path, storage: str | None = None, resume: bool = False, **given: Any) -> Iterator[RunStore]:
    """An open run, as commands open theirs."""
    with trusting([storage]):
        if resume:
            config = stored_config(SearchConfig, "search", str(directory), storage)
            config = config.changed(**({} if storage is None else {"storage": storage}), **given)
        else:
            config = SearchConfig.of(run=str(directory), storage=storage, **given)
        executor = LocalExecutor("cpu", None)
        store = opened_store(Opening("search", config, directory, ("nasbench",), executor, (), {}, {}))
    try:
        yield store
    finally:
        store.close()


def add(store: RunStore, count: int) -> None:
    for _ in range(count):
        store.append(trial(number=len(store.trials) + 1, score=0.5, metrics={"val_accuracy": 0.5}))


def log(directory: Path) -> list[int]:
    return [json.loads(line)["number"] for line in (directory / "trials.jsonl").read_text().splitlines()]
