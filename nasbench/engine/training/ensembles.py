"""Test accuracy of ensembles of finished trainings: of one network's seeds, and of several networks seed by seed.

AlexNet's seven networks and GoogLeNet's were averaged with equal weights; Shao et al. 2016 weighted by validation.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import torch

from nasbench.core.trial import Trial
from nasbench.engine.training.trainings import Trained
from nasbench.evaluators.ensembles import fusion_weights, validation_predictions
from nasbench.evaluators.predictions import ensemble_accuracy, labels_of
from nasbench.train.device import resolve_device

Weights = Literal["equal", "validation"]


def of_networks(sources: Mapping[str, str], trained: Trained, weights: Weights) -> dict[str, Any] | None:
    """Found models and baselines together, seed by seed, over the seeds that all have; None where none is done."""
    models = [name for name, source in sources.items() if source != "random" and trained.of(name)]
    if not models:
        return None
    done = {model: {trial.seed: trial for trial in trained.of(model)} for model in models}
    seeds = sorted(set.intersection(*(set(trials) for trials in done.values())))
    found = [_fused([done[model][seed] for model in models], trained, weights) for seed in seeds]
    params, macs = (sum(trained.of(model)[0].metrics[what] for model in models) for what in ("params", "macs"))
    record = {"models": len(models), "params": params, "macs": macs, "seeds": seeds}
    weighted = {} if weights == "equal" else {"weights": [each for _, each in found]}
    return {**record, "accuracies": [accuracy for accuracy, _ in found], **weighted}


def of_seeds(model: str, trained: Trained, weights: Weights) -> dict[str, Any] | None:
    """The trainings of one network together; None for fewer than two."""
    trials = trained.of(model)
    if len(trials) < 2:
        return None
    accuracy, shares = _fused(trials, trained, weights)
    params, macs = (sum(trial.metrics[what] for trial in trials) for what in ("params", "macs"))
    record = {"model": model, "members": len(trials), "params": params, "macs": macs}
    weighted = {} if weights == "equal" else {"weights": shares}
    return {**record, "seeds": [trial.seed for trial in trials], "test_accuracy": accuracy, **weighted}


def _fused(trials: Sequence[Trial], trained: Trained, weights: Weights) -> tuple[float, list[float]]:
    """Test accuracy of trainings together, and what each counts; nothing where they count equally."""
    evaluator, models = trained.trainings.evaluator, trained.trainings.models
    views = "center" if evaluator.keep is None else evaluator.keep.views
    kept = [trained.trainings.kept(trial.name, trial.seed) for trial in trials]
    folders = [each.folder for each in kept]
    shares: torch.Tensor | None = None
    if weights == "validation":
        device = resolve_device(evaluator.device)
        shown = [
            validation_predictions(each, models[trial.name], evaluator.data, device, views)
            for each, trial in zip(kept, trials, strict=True)
        ]
        shares = fusion_weights(torch.stack([probabilities for probabilities, _ in shown]), shown[0][1])
    accuracy = ensemble_accuracy(folders, labels_of(folders[0], evaluator.data, views), shares, views)
    return accuracy, [] if shares is None else [round(float(share), 4) for share in shares]
