"""How long a training will take on this device: measured on a few of its own steps, then multiplied.

The steps are real: the recipe's batch, augmentation, loss and optimiser, on images of the data set. Nothing is written.
"""

from dataclasses import dataclass, replace
from time import perf_counter

from nasbench.core.spec import ModelSpec
from nasbench.evaluators.building import build_seeded
from nasbench.evaluators.training import TrainingEvaluator
from nasbench.profile import count
from nasbench.train.device import fitting_threads, isolated_rng, resolve_device
from nasbench.train.faults import trial_boundary
from nasbench.train.freezing import NOTHING, Freezing
from nasbench.train.loader import TrainBatches
from nasbench.train.replicas import ALONE
from nasbench.train.trainer import evaluate
from nasbench.train.training import Training

WARM_UP_STEPS, TIMED_STEPS, TIMED_IMAGES = 1, 3, 256
"""Steps before the clock starts, steps that are timed, and images of the validation split whose evaluation is timed."""


@dataclass(frozen=True)
class Timing:
    """What one training of a network costs on this device, in seconds.

    Attributes:
        step: of the optimiser, on one batch.
        evaluation: of the whole validation split, once an epoch.
        steps: of one epoch.
        device: 'cpu', 'cuda:0', ...
        batch: images of a step.
        loader: seconds until the images of a step are there, where nothing is trained beside it.
    """

    step: float
    evaluation: float
    steps: int
    device: str
    batch: int = 0
    loader: float = 0.0

    def rates(self) -> dict[str, float | None]:
        """Images a second in training, and of the loader alone."""
        names = {"images_per_second": self.step, "loader_images_per_second": self.loader}
        return {name: float(f"{self.batch / each:.4g}") if each else None for name, each in names.items()}

    def seconds(self, epochs: int) -> float:
        """Of a training of so many epochs."""
        return epochs * (self.steps * self.step + self.evaluation)


def time_training(evaluator: TrainingEvaluator, spec: ModelSpec, seed: int) -> Timing:
    """Trains what is not frozen of a network for a few steps, and evaluates it on a few images. TrialFailed where it
    cannot be trained.
    """
    device, recipe = resolve_device(evaluator.device), evaluator.recipe
    data = evaluator.data.on(device, spec.pixels)
    whole = TrainBatches(data, recipe, seed, device)
    batch = min(recipe.batch_size, len(data.train.first(recipe.train_images)))
    some = [
        TrainBatches(data, replace(recipe, train_images=steps * batch), seed, device)
        for steps in (WARM_UP_STEPS, TIMED_STEPS)
    ]
    with trial_boundary("timing the training"):
        network = build_seeded(spec, seed)
        _, macs = count(network, spec.seen_task)
        with fitting_threads(device, macs * recipe.batch_size), isolated_rng(device, seed):
            keep = evaluator.keep
            frozen, twice = (
                (NOTHING, False) if keep is None else (Freezing(keep.start.freeze), keep.checkpoint_activations)
            )
            training = Training.start(network, recipe, device, frozen, ALONE, checkpoint_activations=twice)
            seconds = []
            for batches in some:
                start = perf_counter()
                training.epoch(batches, 0, recipe.epochs)  # waits for the device, as it reads the loss
                seconds.append((perf_counter() - start) / batches.steps)
            start = perf_counter()
            for _ in some[-1].epoch(1):  # its loader processes have begun by now
                pass
            loader = (perf_counter() - start) / TIMED_STEPS
            images = data.val.first(recipe.val_images)
            evaluation, shown = 0.0, images.first(TIMED_IMAGES)
            if len(shown):
                start = perf_counter()
                evaluate(training.evaluated, shown, data, device)
                evaluation = (perf_counter() - start) * len(images) / len(shown)
    return Timing(seconds[-1], evaluation, whole.steps, str(device), batch, loader)
