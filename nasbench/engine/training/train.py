"""Training one model under a recipe, over one or more seeds."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any

from nasbench.core.errors import RunFailed
from nasbench.engine.config import Form, TrainConfig
from nasbench.engine.training.trainings import Trained, run_trainings, specify, write_best_training


@dataclass(frozen=True)
class TrainResult:
    """What `nasbench train` came to; accuracies in [0, 1], one a seed."""

    config: TrainConfig
    trained: Trained
    val_accuracies: tuple[float, ...]
    test_accuracies: tuple[float, ...]
    params: int
    macs: int

    @property
    def std(self) -> float | None:
        """The sample deviation of test accuracy over seeds; None for one seed."""
        return stdev(self.test_accuracies) if len(self.test_accuracies) > 1 else None

    def to_json(self) -> dict[str, Any]:
        """The object that `nasbench train --json` prints."""
        return {
            "model": self.config.model,
            "dataset": self.config.dataset,
            "recipe": self.config.recipe,
            "seeds": len(self.test_accuracies),
            "params": self.params,
            "macs": self.macs,
            "val_accuracy": fmean(self.val_accuracies),
            "test_accuracy": fmean(self.test_accuracies),
            "std": self.std,
            "seconds": round(self.trained.seconds, 2),
            "run": str(self.trained.directory),
        }


def train(config: TrainConfig, argv: Sequence[str]) -> TrainResult:
    """Trains (or reads what was trained before). UsageError for bad input, RunFailed where no training succeeded."""
    form = Form(aux_head=config.aux_head)
    specs = specify([config.model], config, form)
    trained = run_trainings(specs, config, "train", argv, config.pretrained)
    done = trained.of(config.model)
    if not done:
        reasons = sorted({trial.error or "" for trial in trained.trials})
        raise RunFailed(f"no training of {config.model} succeeded: {'; '.join(reasons)}")
    write_best_training(trained, config.model, specs[config.model])
    metrics = [trial.metrics for _, trial in done]
    return TrainResult(
        config,
        trained,
        tuple(each["val_accuracy"] for each in metrics),
        tuple(each["test_accuracy"] for each in metrics),
        metrics[0]["params"],
        metrics[0]["macs"],
    )
