"""The training of a supernet, as a run with one job: in this process, in Ray Train workers (`--workers`), or in the
processes that torchrun started.
"""

import shlex
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from nasbench.core.errors import UsageError
from nasbench.core.identity import digest
from nasbench.core.job import Job
from nasbench.core.options import parse_options
from nasbench.core.protocols import SearchSpace, Tracker
from nasbench.core.recipe import recipe_named
from nasbench.core.registry import samplers
from nasbench.core.source import JobList, of_space
from nasbench.core.spec import size_record, task_record
from nasbench.core.store import SUPERNET_FOLDER, RunStore
from nasbench.core.supernet_run import WEIGHTS, SupernetRun, weights_gone
from nasbench.core.trial import Trial
from nasbench.engine.config import SupernetConfig
from nasbench.engine.config.supernet import space_with_supernet
from nasbench.engine.opened.report import write_report
from nasbench.engine.opened.view import RunView
from nasbench.engine.parts.sizes import network_size
from nasbench.engine.run.opening import Opening, PartOf
from nasbench.engine.run.run import check_some_succeeded, open_run
from nasbench.engine.run.watch import print_note
from nasbench.engine.search.supernet.check import prepare_check
from nasbench.engine.training.torchrun import group_of_torchrun, leave_group, started_by_torchrun
from nasbench.engine.training.where import Where, where_to_train
from nasbench.evaluators.supernet_training import SupernetTraining, make_sampler, params_of
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
            "share": self.config.share,
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
    evaluator: SupernetTraining
    job: Job
    record: Mapping[str, Any]
    notes: tuple[str, ...]


def train_supernet(config: SupernetConfig, argv: Sequence[str], part_of: PartOf | None = None) -> SupernetResult | None:
    """Trains the supernet. None in torchrun's processes that do not lead.

    `part_of` is the command that the training is a part of, if it is not `nasbench supernet`.

    UsageError for bad input, before any work starts; RunFailed where the training failed.
    """
    config.check()
    directory = config.place.directory("supernet", config.space, config.sampler)
    named = _named(config, directory)
    torchrun = started_by_torchrun()
    if config.workers.workers and torchrun:
        raise UsageError("torchrun has started the processes already: leave --workers out")
    with group_of_torchrun(config.workers.device) if torchrun else nullcontext(True) as is_leader:
        named.evaluator.check()
        if not is_leader:
            named.evaluator.follow(named.job)
            return None
        with where_to_train(config.workers) as where:
            return _run(config, named, directory, argv, where, part_of)


def _named(config: SupernetConfig, directory: Path) -> _Named:
    """What the configuration names. UsageError for what is not there, and for what does not fit together."""
    from nasbench.train.ignored import ignored_by_supernet, told
    from nasbench.train.replicas import Replicas

    space = space_with_supernet(config.space)
    options = parse_options(config.sampler_options, "--sampler-options")
    samplers.get(config.sampler)
    recipe = recipe_named(config.training.recipe, config.training.epochs)
    Replicas(0, max(1, config.workers.replicas)).check_batch(recipe.batch_size)
    evaluator = SupernetTraining(
        config.data.source,
        recipe,
        config.space,
        network_size(space, config.training, config.data.image_size, recipe),
        config.data.source.task(),
        config.sampler,
        str((directory / SUPERNET_FOLDER).absolute()),
        options,
        config.share,
        config.workers.device,
        verbose=config.workers.workers == 0,
    )
    size, task = evaluator.size, evaluator.networks_of
    sampler = make_sampler(config.sampler, space, options, config.seed)
    supernet = evaluator.dry(space, config.seed)
    notes = told(f"the supernet of space {config.space!r}", recipe, ignored_by_supernet(supernet, recipe))
    share = {} if config.share is None else {"share": config.share}  # keys of before there was the choice stay
    parts = {"space": config.space, "size": size, "task": task, "recipe": recipe, **share}
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
        **share,
        "spelling": "canonical" if getattr(sampler, "draws_canonical", False) else "as drawn",
        "params": params_of(supernet),
        "recipe": asdict(recipe),
        **({"notes": list(notes)} if notes else {}),
    }
    return _Named(space, evaluator, job, record, notes)


def _run(
    config: SupernetConfig,
    named: _Named,
    directory: Path,
    argv: Sequence[str],
    where: Where,
    part_of: PartOf | None,
) -> SupernetResult:
    if config.place.resume:
        _check_weights(directory)
    evaluator = replace(named.evaluator, together=where.together)
    size, task = evaluator.size, evaluator.networks_of
    supernet = SupernetRun(directory.absolute(), f"space:{config.space}", size, task, config.data.dataset, config.share)
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
