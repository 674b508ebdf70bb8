"""The training of a supernet as an evaluator: one job, which leaves the weights in a folder of the run.

weights.safetensors    the state_dict of the whole supernet
controller.safetensors the controller that drew the paths, where the sampler has one
preprocessing.json     what an image goes through before the supernet sees it
result.json            what came of it; the training is finished once it is there
curve.jsonl            a line an epoch
checkpoint.pt          what an interrupted training goes on from
"""

from collections.abc import Callable, Mapping
from contextlib import closing, nullcontext, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Any

import torch

from nasbench.blank import blank
from nasbench.core.arch import Architecture
from nasbench.core.blame import blame
from nasbench.core.errors import TrialFailed, UsageError
from nasbench.core.identity import settings
from nasbench.core.job import Job
from nasbench.core.preprocessing import write_preprocessing
from nasbench.core.protocols import HasSupernet, Metrics, PathSampler, Report, SearchSpace
from nasbench.core.recipe import Recipe
from nasbench.core.registry import samplers, spaces
from nasbench.core.seeds import derive
from nasbench.core.shown import sentence
from nasbench.core.spec import Size, Task, pixels_of
from nasbench.core.stopwatch import Stopwatch
from nasbench.core.supernet_run import CONTROLLER
from nasbench.evaluators.building import check_memory
from nasbench.evaluators.counts import CountedOnce
from nasbench.evaluators.kept import Curve, Kept, say_of
from nasbench.nn.supernet import Supernet, make_supernet
from nasbench.train.checkpoint import save_weights
from nasbench.train.device import fitting_threads, isolated_rng, resolve_device
from nasbench.train.faults import memory_boundary, trial_boundary
from nasbench.train.path_scores import PathImages
from nasbench.train.replicas import of_process_group
from nasbench.train.shared_training import SharedTraining, distinct_panel
from nasbench.train.source import DataSource
from nasbench.train.trainer import fit

PANEL = 4
"""Paths that are scored after each epoch, the same ones each time."""
PANEL_IMAGES = 1000
"""Validation images on which they are scored, unless the recipe says how many; and as many training images, on which
they are recalibrated before it.
"""


@dataclass(frozen=True)
class SupernetTraining:
    """Trains the supernet of `space` on `data` under `recipe`, from the random stream of the job's seed.

    Attributes:
        space, sampler: by name or import path, so that workers make their own.
        share: what the space's supernet shares besides, if it lets that be chosen.
        directory: where the files lie that the module lists.
        together: calls a function in every process of a group of replicas, and returns when all are done. None trains
            in this process, or in the process group that it is part of.
        verbose: print a line where the training was interrupted.
    """

    data: DataSource
    recipe: Recipe
    space: str
    size: Size
    networks_of: Task
    sampler: str
    directory: str
    sampler_options: Mapping[str, Any] = field(default_factory=dict)
    share: str | None = None
    device: str = "auto"
    together: Callable[[Callable[[], None]], None] | None = None
    verbose: bool = False

    def check(self) -> None:
        """Reads the data set. UsageError where it, or the device, is not there."""
        resolve_device(self.device)
        self.data.check()

    def task(self) -> Task:
        return self.networks_of

    def identity(self) -> Mapping[str, Any]:
        """The recipe's numbers and the content of the data set."""
        return {"recipe": settings(self.recipe), "data": self.data.identity()}

    def dry(self, space: SearchSpace, seed: int) -> Supernet:
        """The supernet without values, after it was run along the paths of its panel: so a size that fits none is
        answered before any work starts. UsageError where it cannot be built, held in memory or run.
        """
        with blank():
            supernet = build_supernet(space, self.size, self.networks_of, seed, self.share)
        check_memory(supernet)
        channels, pixels = self.networks_of.channels, pixels_of(self.size, self.networks_of)
        for path in random_paths(space, PANEL, seed):
            try:
                with blank(), torch.no_grad():
                    supernet(torch.empty(2, channels, pixels, pixels), path)
            except (RuntimeError, ValueError) as error:
                raise UsageError(
                    f"the supernet of space {self.space!r} cannot be run on the images of {self.data.name!r}, "
                    f"{pixels} pixels: {sentence(error)} Give a larger --image-size, or other --cells."
                ) from error
        return supernet

    def follow(self, job: Job) -> None:
        """What a process does that does not lead its group: its part of the training that the leader starts."""
        if not self.kept.finished:
            with suppress(TrialFailed):  # the leader records it
                self.train(job, _silent)

    @property
    def kept(self) -> Kept:
        """The folder of the training."""
        return Kept(Path(self.directory))

    def __call__(self, job: Job, report: Report) -> Metrics:
        """`val_accuracy`, `val_top5` and `val_loss` of the last epoch, means over the panel; `train_loss`; `params` of
        the supernet; `path_params` and `path_macs`, means over the panel; `train_seconds`, `replicas`, `corrupt_files`,
        `cut_off_after`; and what the sampler reports.

        TrialFailed where the supernet cannot be trained.
        """
        kept = self.kept
        with kept.alone():
            kept.say_again(report)
            if not kept.finished and self.together is None:
                self.train(job, report)
            elif not kept.finished and self.together is not None:
                alone = replace(self, together=None)
                with kept.following(report):
                    self.together(partial(alone.train, job, _silent))
            record = kept.result()
        return {**record["metrics"], "cut_off_after": record.get("cut_off_after", [])}

    def train(self, job: Job, report: Report) -> None:
        """Trains one replica; the leader leaves the files. TrialFailed, with what to do, where memory lacks."""
        _enough_memory(lambda: self._train(job, report))

    def _train(self, job: Job, report: Report) -> None:
        kept, replicas = self.kept, of_process_group()
        device = replicas.device(resolve_device(self.device))
        if replicas.count > 1 and device.type == "cuda":
            torch.cuda.set_device(device)  # the group gathers its messages there
        space: SearchSpace = spaces.make(self.space)
        with trial_boundary("building the supernet"):
            supernet = build_supernet(space, self.size, self.networks_of, job.seed, self.share)
        params = params_of(supernet)
        sampler = make_sampler(self.sampler, space, self.sampler_options, job.seed)
        panel = random_paths(space, PANEL, job.seed)
        counts = [CountedOnce(space, self.size, self.networks_of)(path) for path in panel]
        path_params, path_macs = (round(fmean(numbers)) for numbers in zip(*counts, strict=True))
        data = self.data.on(device, pixels_of(self.size, self.networks_of))
        curve: Curve | None = None
        if replicas.is_leader:
            say = partial(say_of, self.verbose, job.name)
            curve = Curve(kept, len(data.train.first(self.recipe.train_images)), report, say)
        shown = self.recipe.val_images or PANEL_IMAGES
        paths = SharedTraining(
            sampler,
            job.seed,
            panel,
            PathImages.of(data, device, shown, shown),
            data.val.first(self.recipe.val_images),
            data,
            device,
            replicas,
        )
        stopwatch = Stopwatch()
        with fitting_threads(device, path_macs * self.recipe.batch_size), closing(curve) if curve else nullcontext():
            metrics = fit(
                supernet,
                data,
                self.recipe,
                seed=derive(job.seed, "fit"),
                device=device,
                epochs=job.epochs,
                report=curve or _silent,
                checkpoint=kept.checkpoint,
                replicas=replicas,
                stopwatch=stopwatch,
                paths=paths,
            )
        left_out = replicas.union(map(str, data.corrupt or ()))
        if curve is not None:
            save_weights(kept.weights, supernet)
            policy = getattr(paths.sampler, "policy", None)
            if isinstance(policy, torch.nn.Module):
                save_weights(kept.folder / CONTROLLER.name, policy)
            write_preprocessing(kept.folder, data.preprocessing())
            counted = {"params": params, "path_params": path_params, "path_macs": path_macs}
            ran = {"train_seconds": round(stopwatch.seconds, 2), "replicas": replicas.count}
            kept.finish(
                {
                    "metrics": {**metrics, **counted, **ran, "corrupt_files": len(left_out)},
                    "cut_off_after": curve.cuts,
                    "corrupt": left_out,
                    "reading": self.data.reading.to_json(),
                }
            )
        replicas.wait()


def build_supernet(space: SearchSpace, size: Size, task: Task, seed: int, share: str | None = None) -> Supernet:
    """The supernet on the CPU, with weights that depend on `seed` alone. UsageError where the space has none."""
    assert isinstance(space, HasSupernet), space
    fault = blame(space, "supernet()", UsageError, "Mend it.")
    with isolated_rng(torch.device("cpu"), derive(seed, "init")), fault, memory_boundary("building the supernet"):
        supernet = make_supernet(space, size, task, share)
    if not isinstance(supernet, Supernet):
        raise UsageError(
            f"supernet() of space {space.name!r} returned {type(supernet).__name__}; it must return a "
            "nasbench.nn.supernet.Supernet"
        )
    return supernet


def params_of(supernet: Supernet) -> int:
    """The number of trainable parameters of the whole supernet."""
    return sum(parameter.numel() for parameter in supernet.parameters() if parameter.requires_grad)


def make_sampler(name: str, space: SearchSpace, options: Mapping[str, Any], seed: int) -> PathSampler:
    """UsageError for a sampler that does not fit the space, and for options that it does not take."""
    made: PathSampler = samplers.make(name, space, options=options, offered={"seed": seed})
    return made


def random_paths(space: SearchSpace, number: int, seed: int) -> tuple[Architecture, ...]:
    """`number` different paths in canonical form, drawn by `seed`; fewer where a small space has hardly more."""
    uniform: PathSampler = samplers.make("uniform", space)
    return distinct_panel(lambda rng: uniform.paths(rng)[0], number, seed)


def _enough_memory(training: Callable[[], object]) -> None:
    """TrialFailed that says what to do where there is no memory for `training`."""
    try:
        with memory_boundary("the training"):
            training()
    except TrialFailed as error:
        if "out of memory" not in str(error):
            raise
        raise TrialFailed(
            f"{sentence(error)} Train a smaller supernet (--cells, --filters), or on smaller images (--image-size), or "
            "in smaller parts: a recipe with accumulate computes each batch in several."
        ) from error


def _silent(epochs: int, metrics: Mapping[str, Any]) -> None:
    """The report of a replica that does not lead."""
