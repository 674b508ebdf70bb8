"""The one trainer: a network, images and a recipe -> metrics. It does not know where the network comes from.

On the CPU, the same seed and number of threads give the same result to the last bit. This also holds if a training is
interrupted and resumed from its checkpoint: the random numbers of an epoch depend only on (seed, epoch), and within an
epoch the checkpoint has the states of their generators.
"""

from collections.abc import Callable
from math import isfinite
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from nasbench.core.errors import TrialFailed
from nasbench.core.protocols import Report
from nasbench.core.recipe import Recipe
from nasbench.core.stopwatch import Stopwatch, written_down
from nasbench.train.checkpoint import load_state, save_state
from nasbench.train.data import ImageData
from nasbench.train.device import isolated_rng
from nasbench.train.evaluation import Evaluation as Evaluation
from nasbench.train.evaluation import evaluate as evaluate
from nasbench.train.faults import trial_boundary
from nasbench.train.freezing import NOTHING, Freezing
from nasbench.train.loader import TrainBatches
from nasbench.train.pace import LOG_EVERY, Pace
from nasbench.train.replicas import ALONE, Replicas
from nasbench.train.starts import start
from nasbench.train.training import Paths, Training
from nasbench.train.within import STEPS, Within


def fit(
    model: nn.Module,
    data: ImageData,
    recipe: Recipe,
    *,
    seed: int,
    device: torch.device,
    epochs: int | None = None,
    stop_after: int | None = None,
    report: Report | None = None,
    checkpoint: Path | None = None,
    keep_best: bool = False,
    freezing: Freezing = NOTHING,
    replicas: Replicas = ALONE,
    compiled: bool = False,
    stopwatch: Stopwatch | None = None,
    paths: Paths | None = None,
    save_every: int = STEPS,
    checkpoint_activations: bool = False,
    on_within: Callable[[int], None] | None = None,
    on_steps: Report | None = None,
    log_every: int = LOG_EVERY,
) -> dict[str, float]:
    """Trains `model` in place on `device`. Returns `val_accuracy`, `val_top5`, `val_loss` and `train_loss`.

    Accuracies lie in [0, 1]. `val_loss` is cross-entropy in nats, `train_loss` the recipe's loss of the main head. Both
    are of the last epoch. If the recipe averages the weights, the average is evaluated and `model` ends with it.

    seed        of the order of images, augmentation, dropout and drop path
    epochs      the number that the schedule runs over (else the recipe's)
    stop_after  ends the training after this many epochs, before the schedule ends
    report      called with (epochs done, metrics) after each epoch, and once more when a training is resumed; besides
                the metrics it is told `lr`, the learning rate of the epoch's last step, and `updates`, the steps done
    checkpoint  a file that is written after each epoch; if it exists, the training goes on from it
    keep_best   every epoch is evaluated; `model` ends with the weights of the best one, and the metrics are that
                epoch's, with its number as `best_epoch`
    freezing    what is frozen and what learns slowly
    replicas    each process calls this with the same arguments and its own `model`; all end with the same weights
    compiled    the network's repeated parts are compiled for training
    stopwatch   its seconds go into the checkpoint; where the training goes on from one, those of before are added
    paths       for a supernet: which paths each step runs, and how it is evaluated after each epoch; the metrics are
                `train_loss` and what that returns. Not with `keep_best`, freezing or `compiled`
    save_every  the checkpoint is written within an epoch too, after so many steps, and at its end before the network is
                evaluated; in epochs of fewer steps it is not
    checkpoint_activations
                the network's repeated parts are computed twice, to the same numbers, and take less memory
    on_within   called with the epochs done where a training goes on within the next one, before anything is reported

    on_steps    called by the leading replica within long epochs, every `log_every` steps, with (epochs done, what
                `train/pace` says)

    If there are no validation images, no epoch is evaluated: the metrics are `train_loss`, and the weights the last.

    Raises TrialFailed for a loss that is not finite, for lack of memory and for any error of the network. Raises
    UsageError for a checkpoint of another training, and for a recipe whose loss, optimiser or schedule cannot be used.
    """
    total_epochs = epochs or recipe.epochs
    last = total_epochs if stop_after is None else min(stop_after, total_epochs)
    with trial_boundary("the training"):
        if paths is None and not freezing.pretrained:
            start(model, recipe, data)
        batches = TrainBatches(data, recipe, seed, device, replicas)
        training = Training.start(model, recipe, device, freezing, replicas, compiled, paths, checkpoint_activations)
    identity = {
        **_identity(model, data, recipe, seed, total_epochs),
        "freezing": freezing.identity(bool(freezing.pretrained)),
    }
    hears = training.schedule.hears is not None
    keep_best = keep_best and len(data.val) > 0
    done, metrics = 0, dict[str, float]()
    best: dict[str, Any] = {}
    within: Within | None = None

    def save(done: int, metrics: dict[str, float], places: list[dict[str, Any]] | None = None) -> None:
        if checkpoint is None or not replicas.is_leader:
            return
        told: dict[str, Any] = {"done": done, "metrics": metrics, "best": best}
        told |= {} if stopwatch is None else {"seconds": stopwatch.seconds}
        told |= {} if paths is None else {"paths": paths.state()}
        told |= {} if places is None else {"within": places}
        save_state(checkpoint, {**training.state(), "identity": identity, **told})

    if checkpoint is not None and checkpoint.exists():
        state = load_state(checkpoint, device)
        done, metrics = training.restore(state, identity, checkpoint)
        best = state["best"]
        if paths is not None:
            paths.restore(state["paths"])
        if "within" in state:
            within = Within.from_state(state["within"][replicas.rank])
        if stopwatch is not None:
            stopwatch.before += written_down(state.get("seconds"))
        if on_within is not None and within is not None:
            on_within(done)
        if report is not None and replicas.is_leader and done:
            # the interruption may have come after the file was written and before the report
            report(done, {**metrics, **training.progress(done, batches.steps, total_epochs)})
    for epoch in range(done, last):
        pace = None
        if on_steps is not None and replicas.is_leader:
            place = (0, None) if within is None else (within.step, within.sums)
            pace = Pace(batches.images, batches.steps, log_every, *place)

        def after_step(
            step: int,
            sums: Tensor,
            done: int = epoch,
            before: dict[str, float] = metrics,
            pace: Pace | None = pace,
        ) -> None:
            if pace is not None and on_steps is not None and (told := pace.after(step, sums)) is not None:
                on_steps(done, told)
            asked = checkpoint is not None and batches.steps >= save_every
            if asked and (step % save_every == 0 or step == batches.steps):
                save(done, before, replicas.gather(batches.within(step, sums).state()))

        with trial_boundary("the training"):
            with isolated_rng(device, replicas.seed(seed, "layers", epoch)):
                metrics = {"train_loss": training.epoch(batches, epoch, total_epochs, within, after_step, pace)}
            within = None
            if paths is not None:
                metrics |= paths.after_epoch(epoch, training.evaluated)
            elif len(data.val) and (keep_best or report is not None or hears or epoch + 1 == last):
                replicas.share_statistics(training.evaluated)
                result = evaluate(
                    training.evaluated,
                    data.val.first(recipe.val_images),
                    data,
                    device,
                    replicas=replicas,
                    half=training.half,
                )
                if not isfinite(result.loss):
                    raise TrialFailed(f"the validation loss is {result.loss} after epoch {epoch + 1}")
                metrics |= {"val_accuracy": result.accuracy, "val_top5": result.top5, "val_loss": result.loss}
        training.hear(metrics)
        if keep_best and (not best or metrics["val_accuracy"] > best["metrics"]["val_accuracy"]):
            weights = {name: tensor.detach().clone() for name, tensor in training.evaluated.state_dict().items()}
            best = {"metrics": {**metrics, "best_epoch": epoch + 1}, "weights": weights}
        save(epoch + 1, metrics)
        if report is not None and replicas.is_leader:
            report(epoch + 1, {**metrics, **training.progress(epoch + 1, batches.steps, total_epochs)})
    if best:
        model.load_state_dict(best["weights"])
        return dict(best["metrics"])
    if training.ema is not None:
        model.load_state_dict(training.ema.state_dict())
    return metrics


def _identity(model: nn.Module, data: ImageData, recipe: Recipe, seed: int, epochs: int) -> dict[str, Any]:
    """The values that must be equal for a training to go on from a checkpoint."""
    shapes = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    return {
        "model": shapes,
        "data": f"{data.name} {data.task}",
        "recipe": recipe.to_json(),
        "seed": seed,
        "epochs": epochs,
    }
