"""How large networks are and how long training them would take, before it starts. Nothing is written."""

from dataclasses import dataclass
from typing import Any

import torch

from nasbench.core.errors import TrialFailed
from nasbench.engine.config import CompareConfig, TrainConfig, TransferConfig
from nasbench.engine.training import compare, train, transfer
from nasbench.engine.training.trainings import Trainings
from nasbench.evaluators.building import build_network
from nasbench.evaluators.timing import Timing, time_training
from nasbench.profile import Profile, profile


@dataclass(frozen=True)
class DryModel:
    """A network that is to be trained: what it counts, what it costs (None where it cannot be trained), how many of
    its trainings are done already.
    """

    name: str
    profile: Profile
    timing: Timing | None
    done: int


@dataclass(frozen=True)
class DryTrainings:
    """What trainings would be. `workers`: how many run at a time."""

    models: tuple[DryModel, ...]
    seeds: int
    epochs: int
    batch: int
    workers: int

    @property
    def seconds(self) -> float:
        """Of all trainings that are not done, if each worker is as fast as this device. Tests are not in it."""
        each = [(self.seeds - model.done) * model.timing.seconds(self.epochs) for model in self.models if model.timing]
        return sum(each) / self.workers

    def to_json(self) -> dict[str, Any]:
        """The object that `--dry-run --json` prints."""
        models = [
            {
                "model": model.name,
                "params": model.profile.params,
                "macs": model.profile.macs,
                "activation_bytes": model.profile.activation_bytes,
                "seconds_a_step": model.timing and float(f"{model.timing.step:.4g}"),
                **(model.timing.rates() if model.timing else {}),
                "steps_an_epoch": model.timing and model.timing.steps,
                "seconds": model.timing and float(f"{model.timing.seconds(self.epochs):.4g}"),
                "seeds": self.seeds,
                "done": model.done,
            }
            for model in self.models
        ]
        return {
            "dry_run": True,
            "models": models,
            "trainings": sum(self.seeds - model.done for model in self.models),
            "epochs": self.epochs,
            "batch_size": self.batch,
            "device": next((model.timing.device for model in self.models if model.timing), None),
            "workers": self.workers,
            "seconds": float(f"{self.seconds:.4g}"),
        }


def dry_trainings(config: TrainConfig | CompareConfig | TransferConfig) -> DryTrainings:
    """Counts every network, and trains each for a few steps. UsageError for bad input, as the command would raise."""
    if isinstance(config, TrainConfig):
        trainings = train.trainings_for(config)
    elif isinstance(config, CompareConfig):
        _, trainings = compare.trainings_for(config)
    else:
        trainings = transfer.trainings_for(config)
    _timed(trainings, next(iter(trainings.models)))  # pays for what is done once
    models = tuple(_dry(trainings, name) for name in trainings.models)
    recipe = trainings.recipe
    return DryTrainings(models, len(trainings.seeds), recipe.epochs, recipe.batch_size, config.workers.planned)


def _dry(trainings: Trainings, name: str) -> DryModel:
    model = trainings.models[name]
    with torch.device("meta"):
        counted = profile(build_network(model), model.seen_task)
    done = sum(trainings.kept(name, seed).finished for seed in trainings.seeds)
    return DryModel(name, counted, _timed(trainings, name), done)


def _timed(trainings: Trainings, name: str) -> Timing | None:
    """The timing of a network; None where it cannot be trained."""
    try:
        return time_training(trainings.evaluator.named(name), trainings.models[name], trainings.seeds[0])
    except TrialFailed:
        return None
