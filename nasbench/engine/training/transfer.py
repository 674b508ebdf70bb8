"""From a found cell to a network for another data set: built at another depth, width and resolution, and trained there.

Zoo networks transfer the same way. In one process, in Ray Train workers (`--workers`), or in the processes that
torchrun started: torchrun --nproc-per-node 8 -m -- nasbench transfer MODEL ... (without the `--`, torchrun takes
`--run` for a flag of its own).
"""

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from nasbench.core.errors import RunFailed, TrialFailed, UsageError
from nasbench.core.recipe import Recipe
from nasbench.core.spec import ModelSpec
from nasbench.engine.config import Form, TransferConfig
from nasbench.engine.parts.lookup import make_executor, recipe_named
from nasbench.engine.parts.models import resolve
from nasbench.engine.training.trainings import Trained, run_trainings, specify, write_best_training
from nasbench.evaluators.full_training import FullTraining
from nasbench.train.freezing import Freezing


@dataclass(frozen=True)
class TransferResult:
    """What `nasbench transfer` came to; accuracies in [0, 1], one a seed. `spec` is the network that was built."""

    config: TransferConfig
    spec: ModelSpec
    trained: Trained

    def mean(self, metric: str) -> float:
        return fmean(trial.metrics[metric] for _, trial in self.trained.of(self.config.model))

    @property
    def std(self) -> float | None:
        """The sample deviation of test accuracy over seeds; None for one seed."""
        found = [trial.metrics["test_accuracy"] for _, trial in self.trained.of(self.config.model)]
        return stdev(found) if len(found) > 1 else None

    def left_out(self, seed: int) -> list[str]:
        """The image files that a seed's training could not read, as far as its folder is still there."""
        result = self.trained.evaluator.folder(self.config.model, seed) / "result.json"
        record = json.loads(result.read_text(encoding="utf-8")) if result.exists() else {}
        return list(record.get("corrupt", []))

    def to_json(self) -> dict[str, Any]:
        """The object that `nasbench transfer --json` prints."""
        done = self.trained.of(self.config.model)
        return {
            "model": self.config.model,
            "dataset": self.config.dataset,
            "recipe": self.config.recipe,
            "seeds": len(done),
            "params": done[0][1].metrics["params"],
            "macs": done[0][1].metrics["macs"],
            "val_accuracy": self.mean("val_accuracy"),
            "test_accuracy": self.mean("test_accuracy"),
            "top1": self.mean("test_accuracy"),
            "top5": self.mean("test_top5"),
            "std": self.std,
            "seconds": round(self.trained.seconds, 2),
            "size": vars(self.spec.size),
            "carried_params": done[0][1].metrics.get("carried_params", 0),
            "corrupt_files": max(trial.metrics.get("corrupt_files", 0) for _, trial in done),
            "run": str(self.trained.directory),
        }


def transfer(config: TransferConfig, argv: Sequence[str]) -> TransferResult | None:
    """Builds and trains (or reads what was trained before). None in those of torchrun's processes that do not lead.

    UsageError for bad input, RunFailed where no training succeeded.
    """
    if config.pretrained and config.weights:
        raise UsageError("--pretrained and --weights both say what to start from: give one of them")
    recipe = _recipe(config)
    specs = _specify(config)
    settings: dict[str, Any] = {
        "freezing": Freezing(config.freeze),
        "skip_corrupt": config.skip_corrupt,
        "compiled": config.compile,
        "carried": str(_weights_file(config.weights)) if config.weights else None,
    }
    started_by_torchrun = int(os.environ.get("WORLD_SIZE", "1")) > 1
    if config.workers:
        if started_by_torchrun:
            raise UsageError("torchrun has started the processes already: leave --workers out")
        return _result(config, specs, _with_ray_train(config, specs, argv, recipe, settings))
    with _group_of_torchrun(config.device) if started_by_torchrun else nullcontext(True) as leads:
        if leads:
            return _result(
                config,
                specs,
                run_trainings(specs, config, "transfer", argv, config.pretrained, recipe=recipe, **settings),
            )
        follow(specs, config, recipe, settings)
    return None


def _recipe(config: TransferConfig) -> Recipe:
    recipe = recipe_named(config.recipe, config.epochs)
    if config.accumulate is None:
        return recipe
    if config.accumulate < 1:
        raise UsageError(f"--accumulate takes a whole number from 1 on; got {config.accumulate}")
    return replace(recipe, accumulate=config.accumulate)


def _specify(config: TransferConfig) -> dict[str, ModelSpec]:
    """The network in its new form: cells in the ImageNet skeleton unless told otherwise."""
    cells = bool(resolve(config.model, Form()).size.skeleton)
    skeleton = config.skeleton or ("imagenet" if cells else None)
    return specify([config.model], config, Form(stack=config.stack, skeleton=skeleton, aux_head=config.aux_head))


def _weights_file(weights: str) -> Path:
    path = Path(weights)
    path = path / "best" / "weights.safetensors" if path.is_dir() else path
    if not path.exists():
        raise UsageError(
            f"no weights at {path}. --weights takes a .safetensors file, or a run directory whose best was trained."
        )
    return path


def _with_ray_train(
    config: TransferConfig, specs: dict[str, ModelSpec], argv: Sequence[str], recipe: Recipe, settings: dict[str, Any]
) -> Trained:
    """One training at a time, each on all workers together."""
    from nasbench.executors.local import LocalExecutor
    from nasbench.executors.ray_train import RayTrain
    from nasbench.executors.ray_tune import RayExecutor

    cluster = make_executor(config)
    assert isinstance(cluster, RayExecutor), cluster
    try:
        together = RayTrain(cluster, config.workers, config.gpus_per_worker)
        local = LocalExecutor("cpu", config.trial_timeout)
        return run_trainings(
            specs,
            config,
            "transfer",
            argv,
            config.pretrained,
            recipe=recipe,
            executor=local,
            together=together,
            **settings,
        )
    finally:
        cluster.close()


PATIENCE = timedelta(hours=1)
"""Of processes that wait for another: the leading one alone reads the test split."""


@contextmanager
def _group_of_torchrun(device: str) -> Iterator[bool]:
    """Inside, this process is in the group that torchrun's environment describes; True in the one that leads."""
    from torch import distributed

    from nasbench.train.device import resolve_device

    distributed.init_process_group("nccl" if resolve_device(device).type == "cuda" else "gloo", timeout=PATIENCE)
    try:
        yield distributed.get_rank() == 0
    finally:
        distributed.destroy_process_group()


def follow(specs: dict[str, ModelSpec], config: TransferConfig, recipe: Recipe, settings: dict[str, Any]) -> None:
    """What a process does that does not lead: its part of every training that the leading one starts, in the same
    order.
    """
    evaluator = FullTraining(
        models=tuple(specs.items()),
        dataset=config.dataset,
        recipe=recipe,
        image_size=config.image_size,
        data_dir=config.data_dir,
        download=False,
        device=config.device,
        directory=str(Path(config.trained_dir).absolute()),
        pretrained=config.pretrained,
        **settings,
    )
    for seed in range(config.seed, config.seed + config.seeds):
        if not (evaluator.folder(config.model, seed) / "result.json").exists():
            with suppress(TrialFailed):  # the leading process records it, and goes on to the next seed
                evaluator.train(config.model, seed)


def _result(config: TransferConfig, specs: dict[str, ModelSpec], trained: Trained) -> TransferResult:
    if not trained.of(config.model):
        reasons = sorted({trial.error or "" for trial in trained.trials})
        raise RunFailed(f"no training of {config.model} succeeded: {'; '.join(reasons)}")
    write_best_training(trained, config.model, specs[config.model])
    return TransferResult(config, specs[config.model], trained)
