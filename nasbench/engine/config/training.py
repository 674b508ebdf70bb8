"""What train, compare and transfer are asked for."""

from dataclasses import dataclass
from typing import Literal

from nasbench.core.errors import UsageError
from nasbench.core.trial_of_run import at_trial
from nasbench.engine.config.record import Record, free, number
from nasbench.engine.config.shared import Data, Place, Seeds, Tracking, Training, Workers
from nasbench.engine.config.trust import ModelTrust
from nasbench.engine.config.whole import Whole


@dataclass(frozen=True)
class TrainConfig(Record):
    """Trains one model under a recipe, over one or more seeds; a training that is finished is not run twice.

    Example: nasbench train zoo:resnet20 --dataset cifar10 --recipe cifar_fast
    """

    model: str = ""
    """zoo:NAME, space:SPACE:PUBLISHED, an architecture.json, or a run directory (its best)."""
    trial: str | None = None
    """Of a MODEL that is a run directory, the trial with this number, or with this key in its report (else its best).
    """
    aux_head: bool = False
    """With the auxiliary head at its published place (cell networks)."""
    stem: Literal["cifar", "imagenet"] | None = None
    """Of a network with a form for small images and one for large ones (else cifar up to 64 pixels, imagenet above)."""
    pretrained: bool = False
    """Start from published weights (fetched, checked by hash)."""
    ensemble: bool = False
    """Also test the averaged prediction of the trainings under all seeds."""
    ensemble_weights: Literal["equal", "validation"] = "equal"
    """How much each network of an ensemble counts: equally, or by the shares that fit the validation images best."""
    views: Literal["center", "10", "multiscale", "dense"] = "center"
    """How each test image is shown: center, 10 (corners, centre, mirrored), multiscale (10 at four sizes), or dense
    (the whole image, fully convolutional); class probabilities are averaged.
    """
    dry_run: bool = free(False)
    """Say how large the network is and how long training would take, measured on this device; write nothing."""
    data: Data = Data()
    training: Training = Training()
    whole: Whole = Whole()
    repeats: Seeds = Seeds()
    workers: Workers = Workers()
    tracking: Tracking = Tracking()
    place: Place = Place()
    trusts: ModelTrust = ModelTrust()

    def check(self) -> None:
        super().check()
        _check_ensemble(self.ensemble, self.repeats.seeds, "--ensemble")

    @property
    def network(self) -> str:
        """The MODEL, with its trial as RUN#N."""
        return at_trial(self.model, self.trial)


@dataclass(frozen=True)
class CompareConfig(Record):
    """Compares models under one recipe and several seeds: a table, charts, a verdict.

    Example: nasbench compare RUN zoo:resnet20 zoo:mobilenet_v2 --controls 3 --dataset cifar10 --seeds 5
    """

    models: tuple[str, ...] = ()
    """Two models or more: zoo:NAME, space:SPACE:PUBLISHED, an architecture.json, a run directory (its best), or a
    trial of it, RUN#N.
    """
    controls: int = number(0, low=0)
    """This many random cells of the same space and size as the found one."""
    stem: Literal["cifar", "imagenet"] | None = None
    """Of the networks with a form for small images and one for large ones (else cifar up to 64 pixels, imagenet above).
    """
    ensemble: bool = False
    """Add the averaged prediction of the compared models as a row."""
    ensemble_seeds: bool = False
    """Add the averaged prediction of each network's trainings under all seeds as a row."""
    ensemble_weights: Literal["equal", "validation"] = "equal"
    """How much each network of an ensemble counts: equally, or by the shares that fit the validation images best."""
    views: Literal["center", "10", "multiscale", "dense"] = "center"
    """How each test image is shown: center, 10 (corners, centre, mirrored), multiscale (10 at four sizes), or dense
    (the whole image, fully convolutional); class probabilities are averaged.
    """
    dry_run: bool = free(False)
    """Say how large the networks are and how long training would take, measured on this device; write nothing."""
    data: Data = Data()
    training: Training = Training()
    whole: Whole = Whole()
    repeats: Seeds = Seeds()
    workers: Workers = Workers()
    tracking: Tracking = Tracking()
    place: Place = Place()
    trusts: ModelTrust = ModelTrust()

    def check(self) -> None:
        super().check()
        twice = next((model for index, model in enumerate(self.models) if model in self.models[:index]), None)
        if twice is not None:
            raise UsageError(f"{twice!r} is given twice; name each model once")
        if len(self.models) + self.controls < 2:
            raise UsageError("a comparison needs two models or more; name them, or add random cells with --controls K")
        _check_ensemble(self.ensemble_seeds, self.repeats.seeds, "--ensemble-seeds")


@dataclass(frozen=True)
class TransferConfig(Record):
    """Builds a found, published or hand-designed network at the size of another data set, and trains it there.

    Example: nasbench transfer RUN --dataset folder:PATH --stack 4@1056 --image-size 224 --aux-head --recipe
    nasnet_mobile
    """

    model: str = ""
    """A run directory (its best), an architecture.json, space:SPACE:PUBLISHED, or zoo:NAME."""
    trial: str | None = None
    """Of a MODEL that is a run directory, the trial with this number, or with this key in its report (else its best).
    """
    stack: str | None = None
    """N@P: N normal cells a stack, P channels before the classifier."""
    skeleton: Literal["cifar", "imagenet", "final"] | None = None
    """Of a network of cells (else imagenet). final: of space enas-macro, the form in which found networks are
    trained.
    """
    aux_head: bool = False
    """With the auxiliary head at its published place (cell networks)."""
    stem: Literal["cifar", "imagenet"] | None = None
    """Of a network with a form for small images and one for large ones (else cifar up to 64 pixels, imagenet above)."""
    pretrained: bool = False
    """Start from published weights (fetched, checked by hash); all but the head then learns at a tenth of the rate."""
    weights: str | None = None
    """Start from what fits of the weights in this file, run directory or trial (RUN#N); all but the head then learns
    at a tenth of the rate.
    """
    freeze: str = "none"
    """What stays as it is: none, all-but-head (a linear probe), or stages:K (the first K)."""
    advise: bool = free(False)
    """Say which suits the data: a linear probe, fine-tuning of the top, or of everything, at which rate, and why, by
    the number of images, the classes, and what the network's features make of them; train nothing.
    """
    auto: bool = False
    """Train in all three ways, under --seeds seeds each, and say which is best, and how sure that is."""
    views: Literal["center", "10", "multiscale", "dense"] = "center"
    """How each test image is shown: center, 10 (corners, centre, mirrored), multiscale (10 at four sizes), or dense
    (the whole image, fully convolutional); class probabilities are averaged.
    """
    dry_run: bool = free(False)
    """Say how large the network is and how long training would take, measured on this device; write nothing."""
    data: Data = Data()
    training: Training = Training(recipe="photo_fast")
    whole: Whole = Whole()
    repeats: Seeds = Seeds()
    workers: Workers = Workers()
    tracking: Tracking = Tracking()
    place: Place = Place()
    trusts: ModelTrust = ModelTrust()

    def check(self) -> None:
        super().check()
        _ = self.workers.replicas, self.workers.gpus_per_replica
        if self.advise or self.auto:
            self._check_ways("--advise" if self.advise else "--auto")

    def _check_ways(self, asked: str) -> None:
        """UsageError where a flag beside --advise or --auto leaves nothing to advise or to try."""
        if not (self.pretrained or self.weights):
            raise UsageError(
                f"{asked} is about weights to start from: give --pretrained for published ones, or --weights FILE|RUN"
            )
        if self.freeze != "none":
            raise UsageError(f"{asked} is about what --freeze takes: leave out --freeze {self.freeze}")
        if self.whole.val_split == 0:
            raise UsageError(f"{asked} judges by validation images: leave out --val-split 0")
        if self.auto and self.repeats.seeds < 2:
            raise UsageError("--auto compares over seeds: give --seeds 2 or more (a winner is named from 5 on)")
        unheeded = {
            "--auto": self.auto,
            "--dry-run": self.dry_run,
            "--run": self.place.run is not None,
            "--workers": self.workers.workers != 0,
        }
        if self.advise and (given := [flag for flag, is_given in unheeded.items() if is_given]):
            raise UsageError(f"--advise trains nothing and leaves no run: leave out {' and '.join(given)}")

    @property
    def network(self) -> str:
        """The MODEL, with its trial as RUN#N."""
        return at_trial(self.model, self.trial)


def _check_ensemble(asked: bool, seeds: int, flag: str) -> None:
    """UsageError where an ensemble of one training is asked for."""
    if asked and seeds < 2:
        raise UsageError(f"{flag} averages the trainings of a network under several seeds: give --seeds 2 or more")
