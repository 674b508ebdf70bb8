"""Training as an evaluator: builds the job's model, trains it under the recipe, and scores it.

A child of a search is scored on the validation split. A whole training (`keep`) is tested too, and kept in a folder
that is named by everything its result depends on: one that is finished is read, one that was interrupted goes on.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, nullcontext
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn

from nasbench.core.errors import TrialFailed, UsageError
from nasbench.core.identity import digest, settings
from nasbench.core.job import Job
from nasbench.core.preprocessing import FILE, Preprocessing, write_preprocessing
from nasbench.core.protocols import Metrics, Report
from nasbench.core.recipe import Recipe
from nasbench.core.registry import evaluators
from nasbench.core.seeds import derive
from nasbench.core.spec import ModelSpec, Task
from nasbench.core.stopwatch import Stopwatch
from nasbench.core.writing import copy_file
from nasbench.evaluators.building import build_seeded
from nasbench.evaluators.kept import Curve, Kept, say_of
from nasbench.evaluators.start import Start
from nasbench.evaluators.viewed import test_with_views
from nasbench.nn.regularised import regularised
from nasbench.profile import count
from nasbench.storage.address import Address
from nasbench.storage.children import folder_of
from nasbench.train.checkpoint import save_tensors, save_weights
from nasbench.train.data import ImageData
from nasbench.train.device import fitting_threads, resolve_device
from nasbench.train.evaluation import Predictions, predict
from nasbench.train.faults import trial_boundary
from nasbench.train.pace import LOG_EVERY
from nasbench.train.replicas import Replicas, of_process_group
from nasbench.train.source import DataSource
from nasbench.train.trainer import fit
from nasbench.train.training import half_of
from nasbench.train.within import STEPS

CHILD_METRICS = ("val_accuracy", "val_loss", "val_top5", "train_loss", "params", "macs")
"""What the training of a child tells."""


@dataclass(frozen=True)
class Keep:
    """How a whole training is run and where it is kept.

    Attributes:
        directory: each training has a folder in here, named by its identity.
        content: the identity of the data set, test split included.
        start: what the weights start from.
        compiled: compile the network's repeated parts. Like the device, it is no part of the identity.
        together: calls a function in every process of a group of replicas, and returns when all are done. None trains
            in this process, or in the process group that it is part of.
        verbose: print a line where a training was interrupted.
        views: how many views of each image the finished network is tested with. The training does not depend on it.
        checkpoint_activations: compute the repeated parts twice, which takes less memory and comes to the same numbers.
        save_every: within long epochs, steps between two checkpoints.
        starts: what the weights start from, by the names of the jobs that differ in it.
        url: where finished trainings are kept in an object store too.
        log_every: within long epochs, steps between two reports.
    """

    directory: str
    content: Mapping[str, Any]
    start: Start = Start()  # noqa: RUF009 - frozen
    compiled: bool = False
    together: Callable[[Callable[[], None]], None] | None = None
    verbose: bool = False
    views: str = "center"
    checkpoint_activations: bool = False
    save_every: int = STEPS
    starts: Mapping[str, Start] = field(default_factory=dict)
    url: str | None = None
    log_every: int = LOG_EVERY


@evaluators.register("train")
@dataclass(frozen=True)
class TrainingEvaluator:
    """Trains the models of jobs on `data` under `recipe`, each from the random stream of its job's seed.

    Attributes:
        checkpoint_dir: a child's weights are kept here as `<number>.safetensors`, a folder or the URL of one in an
            object store; None keeps none.
        keep: for whole trainings; None for children of a search.
    """

    data: DataSource
    recipe: Recipe
    device: str = "auto"
    checkpoint_dir: str | None = None
    keep: Keep | None = None

    def check(self) -> None:
        """Reads the data set. UsageError where it, or the device, is not there."""
        resolve_device(self.device)
        self.data.check()

    def task(self) -> Task:
        return self.data.task()

    def metrics(self) -> Sequence[str]:
        return CHILD_METRICS

    def identity(self) -> Mapping[str, Any]:
        """The recipe's numbers and the content of the data set; and the views of the test, if they are several."""
        views = {"views": self.keep.views} if self.keep is not None and self.keep.views != "center" else {}
        return {
            **views,
            "recipe": settings(self.recipe),
            "data": self.data.identity() if self.keep is None else self.keep.content,
        }

    def __call__(self, job: Job, report: Report) -> Metrics:
        """A child: `val_accuracy`, `val_loss`, `train_loss`, `params` and `macs`; `corrupt_files` if there are any.

        A whole training: those of its best epoch, with `test_accuracy`, `test_top5`, `images_per_second` of inference,
        `train_seconds`, `carried_params`, `corrupt_files`; `cut_off_after`, the epochs after which it was interrupted;
        and `reused`, true where it was finished before. With several views the test's are theirs, with `test_loss`, and
        `center_accuracy` is that of the usual one.

        TrialFailed where the network cannot be built or trained.
        """
        own = self.named(job.name)
        return own._child(job, report) if own.keep is None else own._whole(job, report, own.keep)

    def preprocessing(self, spec: ModelSpec) -> Preprocessing:
        """What an image goes through on its way to a network that was trained here."""
        return self.data.preprocessing(spec.pixels)

    def named(self, name: str) -> "TrainingEvaluator":
        """This evaluator for the jobs of that name, if they start in a way of their own."""
        if self.keep is None or name not in self.keep.starts:
            return self
        return replace(self, keep=replace(self.keep, start=self.keep.starts[name], starts={}))

    def kept(self, model: ModelSpec, seed: int) -> Kept:
        """The folder of a whole training: named by all that its result depends on, the machine aside."""
        assert self.keep is not None, "children of a search are kept by number"
        parts = {"model": model, "data": self.keep.content, "recipe": self.recipe, "seed": seed}
        name = digest({**parts, "start": self.keep.start.identity()})
        url = None if self.keep.url is None else Address.read(self.keep.url).below(name).url
        return Kept(Path(self.keep.directory) / name, url)

    def train(self, job: Job, report: Report) -> None:
        """Trains one replica of a whole training; the leader leaves its weights, predictions and result."""
        assert self.keep is not None
        spec, keep, kept, replicas = job.spec, self.keep, self.kept(job.spec, job.seed), of_process_group()
        device = replicas.device(resolve_device(self.device))
        if replicas.count > 1 and device.type == "cuda":
            torch.cuda.set_device(device)  # the group gathers its messages there
        data = self.data.on(device, spec.pixels)
        network, params, macs = _build(spec, job.seed)
        freezing = keep.start.apply(network, spec)
        carried = set(freezing.pretrained)
        carried_params = sum(p.numel() for name, p in network.named_parameters() if name in carried)
        curve: Curve | None = None
        if replicas.is_leader:
            say = partial(say_of, keep.verbose, f"{job.name} seed {job.seed}")
            curve = Curve(kept, len(data.train.first(self.recipe.train_images)), report, say)
            if carried:
                say(f"starts from {carried_params:,} of its {params:,} parameters")
            if stuck := freezing.stuck(network):
                say(
                    f"{len(stuck)} frozen parts were never trained and keep their first values: "
                    f"{', '.join(stuck[:3])}, ..."
                )
        stopwatch = Stopwatch()
        with fitting_threads(device, macs * self.recipe.batch_size), closing(curve) if curve else nullcontext():
            metrics = fit(
                network,
                data,
                regularised(self.recipe, spec.size),
                seed=derive(job.seed, "fit"),
                device=device,
                epochs=job.epochs,
                report=curve or _silent,
                checkpoint=kept.checkpoint,
                keep_best=True,
                freezing=freezing,
                replicas=replicas,
                compiled=keep.compiled,
                stopwatch=stopwatch,
                save_every=keep.save_every,
                checkpoint_activations=keep.checkpoint_activations,
                on_within=curve.goes_on_within if curve else None,
                on_steps=curve.within if curve else None,
                log_every=keep.log_every,
            )
        seconds = round(stopwatch.seconds, 2)
        if replicas.is_leader:  # before the test: whatever happens to that, what was trained is kept
            save_weights(kept.weights, network)
            write_preprocessing(kept.folder, data.preprocessing())
        tested, corrupt = self._tested(kept, network, spec, data, device, replicas)
        if curve is not None:
            counts = {"params": params, "carried_params": carried_params, "macs": macs}
            ran = {"train_seconds": seconds, "replicas": replicas.count}
            self._finish(job, kept, curve, tested, {**metrics, **counts, **ran}, corrupt)
        replicas.wait()

    def _whole(self, job: Job, report: Report, keep: Keep) -> Metrics:
        kept = self.kept(job.spec, job.seed)
        with kept.alone():
            reused = kept.brought().finished
            kept.say_again(report)
            if not reused and keep.together is None:
                self.train(job, report)
            elif not reused and keep.together is not None:
                alone = replace(self, keep=replace(keep, together=None))
                with kept.following(report):
                    keep.together(partial(alone.train, job, _silent))
            record = kept.result()
            metrics: Metrics = record["metrics"]
            if keep.views != "center":
                device = resolve_device(self.device)
                tested = test_with_views(kept, job.spec, self.data, device, keep.views)
                metrics = {**metrics, "center_accuracy": metrics["test_accuracy"], **tested}
            kept.put()
        return {**metrics, "cut_off_after": record.get("cut_off_after", []), "reused": reused}

    def _tested(
        self, kept: Kept, network: nn.Module, spec: ModelSpec, data: ImageData, device: torch.device, replicas: Replicas
    ) -> tuple[Predictions, list[str]]:
        """What the network makes of the test split, which replicas share, and the files that were left out, by name.

        TrialFailed says that the training is kept.
        """
        test, broken = self.data.test(spec.pixels)
        half = half_of(device) if self.recipe.mixed_precision else None
        try:
            with trial_boundary("the test"):
                tested = predict(network, test, data, device, replicas, half)
        except TrialFailed as error:
            raise TrialFailed(
                f"{error}. The training has ended and is kept in {kept.folder}: the same command with another --run "
                "only tests it"
            ) from error
        return tested, replicas.union(map(str, {*(data.corrupt or ()), *broken}))

    def _finish(
        self,
        job: Job,
        kept: Kept,
        curve: Curve,
        tested: Predictions,
        metrics: Mapping[str, Any],
        corrupt: Sequence[str],
    ) -> None:
        """Writes all that the folder of a training still lacks."""
        save_tensors(kept.predictions, {"probabilities": tested.probabilities, "labels": tested.labels})
        result = tested.evaluation
        told = {
            "test_accuracy": result.accuracy,
            "test_top5": result.top5,
            "images_per_second": round(tested.images_per_second, 1),
            "corrupt_files": len(corrupt),
        }
        kept.finish(
            {
                "model": job.name,
                "spec": job.spec.to_json(),
                "dataset": self.data.name,
                "recipe": asdict(self.recipe),
                "seed": job.seed,
                "metrics": {**metrics, **told},
                "cut_off_after": curve.cuts,
                "corrupt": list(corrupt),
                "reading": self.data.reading.to_json(),
            }
        )

    def _child(self, job: Job, report: Report) -> Metrics:
        device, spec = resolve_device(self.device), job.spec
        data = self.data.on(device, spec.pixels)
        network, params, macs = _build(spec, job.seed)
        counts = {"params": params, "macs": macs}
        with folder_of(self.checkpoint_dir, _states(job)) as folder:
            with fitting_threads(device, macs * self.recipe.batch_size):
                metrics = fit(
                    network,
                    data,
                    regularised(self.recipe, spec.size),
                    seed=derive(job.seed, "fit"),
                    device=device,
                    epochs=job.schedule or job.epochs,
                    stop_after=job.epochs,
                    report=lambda epochs, found: report(epochs, {**found, **counts}),
                    checkpoint=_stage(job, folder),
                )
            if folder is not None:
                save_weights(folder / f"{job.number}.safetensors", network)
                if not (folder / FILE).exists():  # now, so that the weights of an interrupted search can be used
                    write_preprocessing(folder, data.preprocessing(spec.pixels))
        left_out = {"corrupt_files": len(data.corrupt)} if data.corrupt else {}
        return {**metrics, **counts, **left_out}


def _stage(job: Job, folder: Path | None) -> Path | None:
    """The training state of a job that is trained in stages. It starts from that of the stage before, if it is at hand.

    If it is not (another machine's disk, a cleared directory), the training starts anew and comes to the same numbers.
    """
    if folder is None or job.schedule is None:
        return None
    state, *earlier = [folder / name for name in _states(job)]
    if earlier and not state.exists() and earlier[0].exists():
        copy_file(earlier[0], state)
    return state


def _states(job: Job) -> list[str]:
    """The files of a job's own training state, and of that which it goes on from; none for a training in one go."""
    if job.schedule is None:
        return []
    return [f"{number}.state" for number in (job.number, job.resume_from) if number is not None]


def follow(evaluator: TrainingEvaluator, jobs: Sequence[Job]) -> None:
    """What a process does that does not lead its group: its part of every training that the leader starts, in order."""
    for job in jobs:
        own = evaluator.named(job.name)
        if not own.kept(job.spec, job.seed).finished:
            try:
                own.train(job, _silent)
            except TrialFailed:
                continue  # the leader records it, and goes on to the next


def _build(spec: ModelSpec, seed: int) -> tuple[nn.Module, int, int]:
    """The network, its trainable parameters and its multiply-adds."""
    with trial_boundary("building the network"):
        try:
            network = build_seeded(spec, seed)
        except UsageError as error:  # other networks were built before: this one alone is wrong
            raise TrialFailed(f"building the network failed: {error}") from error
        params, macs = count(network, spec.seen_task)
    return network, params, macs


def _silent(epochs: int, metrics: Mapping[str, Any]) -> None:
    """The report of a replica that does not lead."""
