"""Directories of trained supernets, as small as they come: random weights, whose training is said to have ended."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from nasbench.core.registry import spaces
from nasbench.core.spec import Size, task_record
from nasbench.core.store import RunStore
from nasbench.core.supernet_run import WEIGHTS, SupernetRun
from nasbench.evaluators.inherited import InheritedEvaluator
from nasbench.nn.supernet import make_supernet
from nasbench.train.checkpoint import save_weights
from nasbench.train.recipes import QUICK
from nasbench.train.source import DataSource

SIZE = Size(1, 4, skeleton="cifar")
DIGITS = DataSource("digits")
TINY = replace(QUICK, name="tiny", epochs=1, train_images=64, val_images=100)
"""A training of two steps."""
RECIPE = "unit.supernet_runs:TINY"


def make_run(
    directory: Path, space: str = "nasbench201", seed: int = 0, share: str | None = None, **record: Any
) -> str:
    """A run of `nasbench supernet` on digits. `record` replaces fields of run.json."""
    plan: Mapping[str, Any] = {
        "source": f"space:{space}",
        "size": asdict(SIZE),
        "task": task_record(DIGITS.task()),
        "sampler": "uniform",
        "sampler_options": {},
        "recipe": {},
        "spelling": "canonical",
        **({} if share is None else {"share": share}),
    }
    config = {"space": space, "dataset": "digits", "data_dir": None, "image_size": None, "seed": seed}
    run = {"command": "supernet", "config": config, "plan": plan, "seed": seed, "ended": "2026-01-01T00:00:00+00:00"}
    store = RunStore.create(directory, {**run, "identity": {"data": dict(DIGITS.identity())}, **record})
    store.close()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        save_weights(directory / WEIGHTS, make_supernet(spaces.make(space), SIZE, DIGITS.task(), share))
    return str(directory)


def evaluator_of(run: str, images: int = 60) -> InheritedEvaluator:
    return InheritedEvaluator(SupernetRun.read(run), DIGITS, "cpu", images, 64)
