"""Training one model under a recipe, over one or more seeds."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nasbench.core.store import RunStore
from nasbench.engine.config import ModelOverrides, TrainConfig
from nasbench.engine.opened.view import RunView
from nasbench.engine.training.ensembles import of_seeds
from nasbench.engine.training.pretrained import as_weights_saw
from nasbench.engine.training.trainings import (
    Trained,
    Trainings,
    check_names,
    run_trainings,
    specify,
    trainings_of,
    write_best_training,
)
from nasbench.evaluators.start import Start


@dataclass(frozen=True, repr=False)
class TrainResult(RunView):
    """What `nasbench train` came to."""

    config: TrainConfig
    trained: Trained
    ensemble: dict[str, Any] | None = None
    """Of the seeds, where one was asked for: `members`, `test_accuracy` and, if it is weighted, `weights`."""

    @property
    def directory(self) -> Path:
        return self.trained.directory

    def to_json(self) -> dict[str, Any]:
        """The object that `nasbench train --json` prints; accuracies in [0, 1]."""
        record = self.trained.record(self.config.network, self.config)
        return {**record, "ensemble": self.ensemble} if self.config.ensemble else record


def trainings_for(config: TrainConfig) -> Trainings:
    """What the configuration asks to train, checked."""
    config.check()
    size = config.training
    overrides = ModelOverrides(cells=size.cells, filters=size.filters, aux_head=config.aux_head, stem=config.stem)
    check_names(config)
    start = Start(pretrained=config.pretrained)
    shown = as_weights_saw(config.network, config.data) if config.pretrained else None
    data, source, notes = shown or (config.data, None, ())
    models = specify([config.network], data, overrides)
    return trainings_of(models, config, start, source, notes)


def train(config: TrainConfig, argv: Sequence[str]) -> TrainResult:
    """Trains (or reads what was trained before). UsageError for bad input, RunFailed where no training succeeded."""
    trainings = trainings_for(config)

    def finish(trained: Trained) -> dict[str, Any]:
        ensemble = of_seeds(config.network, trained, config.ensemble_weights) if config.ensemble else None
        best = write_best_training(trained, config.network, trainings.models[config.network])
        return {**best, **({} if ensemble is None else {"ensemble": ensemble})}

    trained = run_trainings("train", config, trainings, argv, finish=finish)
    trained.check(config.network)
    return TrainResult(config, trained, RunStore.read(trained.directory).run.get("ensemble"))
