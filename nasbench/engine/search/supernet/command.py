"""The training of a supernet, as a run with one job: in this process, in Ray Train workers (`--workers`), or in the
processes that torchrun started.
"""

import shlex
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from nasbench.core.errors import TrialFailed, UsageError
from nasbench.core.identity import digest
from nasbench.core.job import Job
from nasbench.core.options import parse_options
from nasbench.core.protocols import SearchSpace, Tracker
from nasbench.core.recipe import Recipe, recipe_named
from nasbench.core.registry import samplers
from nasbench.core.shown import sentence
from nasbench.core.source import JobList, of_space
from nasbench.core.spec import Size, Task, pixels_of, size_record, task_record
from nasbench.core.store import SUPERNET_FOLDER, RunStore
from nasbench.core.supernet_run import WEIGHTS, SupernetRun, weights_gone
from nasbench.core.trial import Trial
from nasbench.engine.config import SupernetConfig
from nasbench.engine.config.supernet import space_with_supernet
from nasbench.engine.opened.report import write_report
from nasbench.engine.opened.view import RunView
from nasbench.engine.parts.models import check_memory
from nasbench.engine.parts.sizes import network_size
from nasbench.engine.run.opening import Opening, PartOf
from nasbench.engine.run.run import check_some_succeeded, open_run
from nasbench.engine.run.watch import print_note
from nasbench.engine.search.supernet.check import prepare_check
from nasbench.engine.training.torchrun import group_of_torchrun, leave_group, started_by_torchrun
from nasbench.engine.training.where import Where, where_to_train
from nasbench.evaluators.supernet_training import (
    SupernetTraining,
    build_supernet,
    make_sampler,
    panel_of,
    params_of,
)
from nasbench.report.common.ranking_check import RankingCheck, ranking_check
from nasbench.trackers.guard import guarded_trackers


@dataclass(frozen=True, repr=False)
class SupernetResult(RunView):
    """What `nasbench supernet` came to."""

    run: Path
    config: SupernetConfig
    trial: Trial
    seconds: float
    check: RankingCheck | None = None
    """How the scores of its paths rank, where that was checked."""

    @property
    def directory(self) -> Path:
        return self.run

    @property
    def weights(self) -> Path:
        """The state_dict of the supernet."""
        return self.run / SUPERNET_FOLDER / "weights.safetensors"

    @property
    def search(self) -> str:
        """A command that searches with it."""
        space, where = shlex.quote(self.config.space), shlex.quote(f"supernet:{self.run}")
        return f"nasbench search --space {space} --evaluator {where} --strategy evolution --trials 1000"

    def to_json(self) -> dict[str, Any]:
        """The object that `nasbench supernet --json` prints."""
        metrics = self.trial.metrics
        return {
            "run": str(self.run),
            "space": self.config.space,
            "sampler": self.config.sampler,
            "dataset": self.config.data.dataset,
            "recipe": self.config.training.recipe,
            "params": metrics["params"],
            "epochs": self.trial.epochs,
            "val_accuracy": metrics["val_accuracy"],
            "val_loss": metrics["val_loss"],
            "weights": str(self.weights),
            "check": None if self.check is None else self.check.to_json(),
            "seconds": round(self.seconds, 2),
        }


@dataclass(frozen=True)
class _Named:
    """What a configuration names, before the images of the data set are read. `record` is what run.json says of it: all
    that whoever scores with the supernet builds it from. `notes` tell what of the recipe has no effect.
    """

    space: SearchSpace
    recipe: Recipe
    size: Size
    task: Task
    options: Mapping[str, Any]
    job: Job
    record: Mapping[str, Any]
    notes: tuple[str, ...]


def train_supernet(config: SupernetConfig, argv: Sequence[str], part_of: PartOf | None = None) -> SupernetResult | None:
    """Trains the supernet. None in torchrun's processes that do not lead.

    `part_of` is the command that the training is a part of, if it is not `nasbench supernet`.

    UsageError for bad input, before any work starts; RunFailed where the training failed.
    """
    config.check()
    named = _named(config)
    directory = config.place.directory("supernet", config.space, config.sampler)
    evaluator = SupernetTraining(
        config.data.source,
        named.recipe,
        config.space,
        named.size,
        named.task,
        config.sampler,
        str((directory / SUPERNET_FOLDER).absolute()),
        named.options,
        config.workers.device,
        verbose=config.workers.workers == 0,
    )
    torchrun = started_by_torchrun()
    if config.workers.workers and torchrun:
        raise UsageError("torchrun has started the processes already: leave --workers out")
    with group_of_torchrun(config.workers.device) if torchrun else nullcontext(True) as is_leader:
        evaluator.check()
        if not is_leader:
            _follow(evaluator, named.job)
            return None
        with where_to_train(config.workers) as where:
            trained = replace(evaluator, together=where.together)
            return _run(config, named, trained, directory, argv, where, part_of)


def _named(config: SupernetConfig) -> _Named:
    """What the configuration names. UsageError for what is not there, and for what does not fit together."""
    from nasbench.blank import blank
    from nasbench.train.ignored import told
    from nasbench.train.replicas import Replicas

    options = parse_options(config.sampler_options, "--sampler-options")
    samplers.get(config.sampler)
    recipe = recipe_named(config.training.recipe, config.training.epochs)
    Replicas(0, max(1, config.workers.replicas)).check_batch(recipe.batch_size)
    space = space_with_supernet(config.space)
    sampler = make_sampler(config.sampler, space, options, config.seed)
    size = network_size(space, config.training, config.data.image_size, recipe)
    task = config.data.source.task()
    with blank():
        supernet = build_supernet(space, size, task, config.seed)
    check_memory(supernet)
    seen = replace(task, image_size=pixels_of(size, task))
    for path in panel_of(space, config.seed):
        try:
            with blank(), torch.no_grad():
                supernet(torch.empty(2, seen.channels, seen.image_size, seen.image_size), path)
        except (RuntimeError, ValueError) as error:
            raise UsageError(
                f"the supernet of space {config.space!r} cannot be run on the images of {config.data.dataset!r}, "
                f"{seen.image_size} pixels: {sentence(error)} Give a larger --image-size, or other --cells."
            ) from error
    notes = told(f"the supernet of space {config.space!r}", recipe, _ignored(recipe, supernet))
    parts = {"space": config.space, "size": size, "task": task, "recipe": recipe}
    job = Job(
        number=1,
        seed=config.seed,
        epochs=recipe.epochs,
        key=digest({**parts, "sampler": config.sampler, "options": options}),
        name=f"supernet of {config.space}",
        data=config.data.dataset,
        note={"sampler": config.sampler},
    )
    record = {
        "source": f"space:{config.space}",
        "size": size_record(size),
        "task": task_record(task),
        "sampler": config.sampler,
        "sampler_options": options,
        "spelling": "canonical" if getattr(sampler, "draws_canonical", False) else "as drawn",
        "params": params_of(supernet),
        "recipe": asdict(recipe),
        **({"notes": list(notes)} if notes else {}),
    }
    return _Named(space, recipe, size, task, options, job, record, notes)


def _ignored(recipe: Recipe, supernet: torch.nn.Module) -> dict[str, str]:
    """Field of the recipe -> why it has no effect on the supernet."""
    from nasbench.nn.drop_path import DropPath

    modules = list(supernet.modules())
    found = {}
    if recipe.drop_path and not any(isinstance(module, DropPath) for module in modules):
        found["drop_path"] = "no layer of it drops paths"
    if recipe.dropout and not any(isinstance(module, torch.nn.Dropout) for module in modules):
        found["dropout"] = "it has no dropout layer"
    if recipe.bn_momentum is not None:
        found["bn_momentum"] = "its normalisations keep no moving averages"
    return found


def _run(
    config: SupernetConfig,
    named: _Named,
    evaluator: SupernetTraining,
    directory: Path,
    argv: Sequence[str],
    where: Where,
    part_of: PartOf | None,
) -> SupernetResult:
    if config.place.resume:
        _check_weights(directory)
    supernet = SupernetRun(directory.absolute(), f"space:{config.space}", named.size, named.task, config.data.dataset)
    check = prepare_check(config, named.space, supernet)
    for note in (*named.notes, *check.notes, *check.told()):
        print_note(note)
    trackers: list[Tracker] = guarded_trackers(config.tracking.names, config.tracking.wandb_settings)
    opening = Opening(
        command="supernet",
        config=config,
        directory=directory,
        argv=argv,
        executor=where.executor,
        trackers=trackers,
        plan={**named.record, **check.record()},
        identity={**evaluator.identity(), **check.identity()},
        reading=evaluator.data.reading,
        check=of_space(named.space),
        part_of=part_of,
    )
    with open_run(opening) as run:
        jobs, answered = JobList([named.job]), bool(run.trials)
        run.watch(planned=1 + check.planned(run.store.run))
        run.answer(jobs, evaluator, lambda metrics: float(metrics["val_accuracy"]))
        if not answered:  # else run.json has it already
            evaluator.data.reading.merge(evaluator.kept.result().get("reading", {}))
        leave_group()  # the others need not wait for the check
        training = run.trials[0]
        if training.scored:
            check.answer(run, where.others)
        found = SupernetResult(run.directory, config, training, run.seconds, ranking_check(run.store.run, run.trials))
        run.end(found.to_json() if training.scored else {}, write_report)
    check_some_succeeded([training], run.directory)
    return found


def _check_weights(directory: Path) -> None:
    """UsageError where the training that the log tells of has left no weights: nothing would train them again."""
    if any(trial.scored for trial in RunStore.read(directory).trials) and not (directory / WEIGHTS).exists():
        raise weights_gone(directory)


def _follow(evaluator: SupernetTraining, job: Job) -> None:
    """What a process does that does not lead its group: its part of the training that the leader starts."""
    if not evaluator.kept.finished:
        try:
            evaluator.train(job, lambda _epochs, _metrics: None)
        except TrialFailed:
            return  # the leader records it
