"""Inherited weights as an evaluator: a child is a path of a trained supernet, recalibrated and measured.

The path of the architecture's canonical form is scored, so that all spellings of a network have one score. The score
depends on the supernet, the images and the network alone: not on the job's seed, nor on what was scored before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch

from nasbench.blank import blank
from nasbench.core.answers import wrong
from nasbench.core.arch import check as check_point
from nasbench.core.errors import UsageError
from nasbench.core.identity import file_digest
from nasbench.core.job import Job
from nasbench.core.protocols import HasSupernet, Metrics, Report, SearchSpace
from nasbench.core.registry import evaluators, spaces
from nasbench.core.spec import Task
from nasbench.core.supernet_run import SupernetRun
from nasbench.evaluators.counts import CountedOnce
from nasbench.nn.supernet import Supernet, make_supernet
from nasbench.train.checkpoint import check_fits, put_weights
from nasbench.train.data import ImageData
from nasbench.train.device import fitting_threads, isolated_rng, resolve_device
from nasbench.train.faults import trial_boundary
from nasbench.train.path_scores import PathImages, score_path
from nasbench.train.source import DataSource

METRICS = ("inherited_accuracy", "inherited_loss", "params", "macs")


@evaluators.register("supernet")
@dataclass(frozen=True)
class InheritedEvaluator:
    """Scores architectures by the weights that they inherit from `supernet`.

    Attributes:
        data: what paths are recalibrated on and measured with: the data set of the supernet's own training.
        score_images: validation images that are classified; all, where there are fewer.
        recalibration_images: training images whose statistics a path gets.
    """

    supernet: SupernetRun
    data: DataSource
    device: str = "auto"
    score_images: int = 1000
    recalibration_images: int = 2048

    def check(self) -> None:
        """UsageError where the device is missing, where the images are missing or are not those of the supernet's
        training, and where its weights cannot be read or are of another network. No memory is taken for the weights.
        """
        resolve_device(self.device)
        task = self.data.task()
        if task != self.supernet.task:
            raise UsageError(
                f"the supernet in {self.supernet.directory} was trained for {self.supernet.task}, and the data set "
                f"{self.data.name!r} is {task}. Score on its own data set, {self.supernet.dataset!r}."
            )
        self.data.check()
        self._check_content()
        with blank():
            network = self._made()
        check_fits(network, self.supernet.weights)

    def task(self) -> Task:
        return self.supernet.task

    def metrics(self) -> Sequence[str]:
        return METRICS

    def identity(self) -> Mapping[str, Any]:
        """The content of the weights and of the data set, and how many images are used."""
        return {
            "supernet": file_digest(self.supernet.weights),
            "data": self.data.identity(),
            "score_images": self.score_images,
            "recalibration_images": self.recalibration_images,
        }

    def __call__(self, job: Job, report: Report) -> Metrics:  # noqa: ARG002 - nothing is trained
        """`inherited_accuracy` in [0, 1], `inherited_loss` in nats; `params` and `macs` of the architecture's own
        network at the supernet's size.

        UsageError for an architecture that is not in the space, TrialFailed where its path cannot be run.
        """
        assert job.architecture is not None, job
        device = resolve_device(self.device)
        with trial_boundary("reading the supernet"):
            state = self.supernet.weights.stat()
            loaded = _load(self, state.st_mtime_ns, state.st_size, device)
        space = loaded.space
        if job.architecture.space != space.name:
            raise UsageError(
                f"an architecture of space {job.architecture.space!r} is no path of the supernet in "
                f"{self.supernet.directory}, whose space is {space.name!r}"
            )
        check_point(job.architecture, space.choices)
        canonical = space.canonical(job.architecture)
        params, macs = loaded.counts(canonical)
        threads = fitting_threads(device, macs * len(loaded.images.recalibration[0]))
        with isolated_rng(device, 0), threads, trial_boundary("scoring the path"):
            found = score_path(loaded.supernet, canonical, loaded.images, loaded.data, device)
        return {"inherited_accuracy": found.accuracy, "inherited_loss": found.loss, "params": params, "macs": macs}

    def _check_content(self) -> None:
        """UsageError where the images are not those that the supernet was trained on, as far as its record says."""
        recorded = (self.supernet.record().get("identity") or {}).get("data")
        trained_on = recorded if isinstance(recorded, Mapping) else {}
        found = self.data.identity()
        if any(split in trained_on and trained_on[split] != found[split] for split in ("train", "val")):
            raise UsageError(
                f"the images of the data set {self.data.name!r} are not those that the supernet in "
                f"{self.supernet.directory} was trained on ({self.supernet.dataset!r}). Put them back as they were, or "
                "train another supernet."
            )

    def _made(self) -> Supernet:
        """The supernet with weights as its layers initialise them."""
        space = spaces.make(self.supernet.space)
        if not isinstance(space, HasSupernet):
            raise UsageError(
                f"space {self.supernet.space!r} has no supernet (see nasbench.core.protocols.HasSupernet): its "
                "architectures share no weights"
            )
        share = self.supernet.share
        if share is not None and share not in getattr(space, "shares", ()):
            raise UsageError(
                f"the supernet in {self.supernet.directory} was trained with --share {share}, and space "
                f"{self.supernet.space!r} has no such choice (see nasbench.core.protocols.ChoosesSharing)"
            )
        made = make_supernet(space, self.supernet.size, self.supernet.task, self.supernet.share)
        if not isinstance(made, Supernet):
            who = f"the space {self.supernet.space!r}"
            raise wrong(who, space, "supernet()", made, "a nasbench.nn.supernet.Supernet")
        return made


@dataclass(frozen=True)
class _Loaded:
    """What a process keeps between scores."""

    space: SearchSpace
    supernet: Supernet
    data: ImageData
    images: PathImages
    counts: CountedOnce


@lru_cache(maxsize=2)
def _load(evaluator: InheritedEvaluator, _changed: int, _bytes: int, device: torch.device) -> _Loaded:
    """The supernet with its weights on `device`, read once in each process; again where the file has changed."""
    run = evaluator.supernet
    with isolated_rng(torch.device("cpu"), 0):  # layers draw their first values, which are replaced
        supernet = evaluator._made()
    put_weights(supernet, run.weights)
    data = evaluator.data.on(device)
    images = PathImages.of(data, device, evaluator.score_images, evaluator.recalibration_images)
    space = spaces.make(run.space)
    supernet = supernet.to(device).to(memory_format=torch.channels_last).eval()
    return _Loaded(space, supernet, data, images, CountedOnce(space, run.size, run.task))
