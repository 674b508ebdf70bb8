"""Whole trainings of models x seeds as a run: what train, transfer, compare and scale --train have in common."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Any

from nasbench.core.errors import RunFailed, UsageError
from nasbench.core.identity import digest
from nasbench.core.job import Job
from nasbench.core.loop import Executor
from nasbench.core.not_written import check_writable
from nasbench.core.protocols import Tracker
from nasbench.core.recipe import Recipe, recipe_named
from nasbench.core.registry import executors, spaces
from nasbench.core.registry import trackers as known_trackers
from nasbench.core.source import JobList
from nasbench.core.spec import ModelSpec
from nasbench.core.trial import Trial
from nasbench.engine.config import CompareConfig, Data, ModelOverrides, ScaleConfig, TrainConfig, TransferConfig
from nasbench.engine.opened.report import write_report
from nasbench.engine.parts.models import resolve
from nasbench.engine.run.artifacts import write_network
from nasbench.engine.run.opening import Opening
from nasbench.engine.run.run import open_run
from nasbench.engine.run.watch import print_note
from nasbench.engine.training.batches import in_parts, told_of_batch, with_batch
from nasbench.engine.training.built import check_weights, dry_build, told_of_views
from nasbench.evaluators.kept import Kept, result_in
from nasbench.evaluators.start import Start
from nasbench.evaluators.training import Keep, TrainingEvaluator
from nasbench.trackers.guard import guarded_trackers

if TYPE_CHECKING:
    from nasbench.train.source import DataSource

TrainingConfig = TrainConfig | TransferConfig | CompareConfig | ScaleConfig


@dataclass(frozen=True)
class Trained:
    """What came of the trainings: the run directory, its trials, what was to be trained, wall seconds."""

    directory: Path
    trials: tuple[Trial, ...]
    trainings: "Trainings"
    seconds: float

    def of(self, model: str) -> list[Trial]:
        """A model's trainings that succeeded, by seed."""
        found = {trial.seed: trial for trial in self.trials if trial.name == model and trial.scored}
        return [found[seed] for seed in sorted(found)]

    def folder(self, trial: Trial) -> Path:
        """Where a training lies."""
        return self.trainings.kept(trial.name, trial.seed).brought().folder

    def reading(self, trial: Trial) -> dict[str, Any]:
        """What a training met in the images of the data set, as far as its folder is still there."""
        return dict(result_in(self.folder(trial)).get("reading", {}))

    def mean(self, model: str, metric: str) -> float:
        """The mean of a metric over a model's seeds."""
        return fmean(trial.metrics[metric] for trial in self.of(model))

    def std(self, model: str) -> float | None:
        """The sample deviation of test accuracy over a model's seeds; None for one seed."""
        found = [trial.metrics["test_accuracy"] for trial in self.of(model)]
        return stdev(found) if len(found) > 1 else None

    def failures(self, model: str | None = None) -> list[str]:
        """Why trainings failed, each reason once."""
        return sorted({trial.error or "" for trial in self.trials if trial.error and model in (None, trial.name)})

    def record(self, model: str, config: TrainConfig | TransferConfig) -> dict[str, Any]:
        """What the commands that train one model print of it as JSON; accuracies in [0, 1]."""
        done = self.of(model)
        return {
            "model": model,
            "dataset": config.data.dataset,
            "recipe": config.training.recipe,
            "seeds": len(done),
            "params": done[0].metrics["params"],
            "macs": done[0].metrics["macs"],
            "val_accuracy": self.mean(model, "val_accuracy") if "val_accuracy" in done[0].metrics else None,
            "test_accuracy": self.mean(model, "test_accuracy"),
            "std": self.std(model),
            "seconds": round(self.seconds, 2),
            **({} if config.views == "center" else {"views": config.views}),
            "run": str(self.directory),
        }

    def check(self, model: str) -> None:
        """RunFailed, with the reasons, where no training of a model succeeded."""
        if not self.of(model):
            raise RunFailed(f"no training of {model} succeeded: {'; '.join(self.failures(model))}")


@dataclass(frozen=True)
class Trainings:
    """What to train: models by name, under one recipe and several seeds."""

    models: Mapping[str, ModelSpec]
    recipe: Recipe
    evaluator: TrainingEvaluator
    seeds: range
    notes: tuple[str, ...] = ()
    """What to say before they begin, such as what of the recipe has no effect on which model."""

    def with_processes(self, together: Callable[[Callable[[], None]], None] | None) -> "Trainings":
        """The same, each training in the processes in which `together` calls a function; None: in its own."""
        evaluator = self.evaluator
        assert evaluator.keep is not None, evaluator
        return replace(self, evaluator=replace(evaluator, keep=replace(evaluator.keep, together=together)))

    def kept(self, name: str, seed: int) -> Kept:
        """The folder of a training."""
        return self.evaluator.named(name).kept(self.models[name], seed)

    def jobs(self) -> list[Job]:
        """Every model under the first seed, then under the next: an early stop leaves a comparison of fewer seeds."""
        listed = [(seed, name, model) for seed in self.seeds for name, model in self.models.items()]
        return [
            Job(
                number=number,
                seed=seed,
                epochs=self.recipe.epochs,
                key=self._key(name),
                model=model,
                architecture=model.architecture,
                name=name,
                data=self.evaluator.data.name,
            )
            for number, (seed, name, model) in enumerate(listed, start=1)
        ]

    def _key(self, name: str) -> str:
        """That of the network; where it is trained in several ways, that of the network and the way."""
        key, keep = self.models[name].key, self.evaluator.keep
        if keep is None or name not in keep.starts:
            return key
        return digest({"network": key, "start": keep.starts[name].identity()})


def check_names(config: TrainingConfig) -> None:
    """UsageError for a wrong name of any part, before the files of the data set are looked at."""
    from nasbench.train.datasets import resolve_dataset

    resolve_dataset(config.data.dataset)
    executors.get(config.workers.executor_name)
    for name in config.tracking.names:
        known_trackers.get(name)
    recipe_named(config.training.recipe, config.training.epochs)


def specify(
    models: Sequence[str], data: Data, overrides: ModelOverrides, all_take_stem: bool = True
) -> dict[str, ModelSpec]:
    """Name -> specification, built for the data set. UsageError for unknown names and sizes that do not fit.

    A scaled model keeps its resolution and its base's form, unless an image size is asked for. A stem is for every
    model, or else (`all_take_stem` is false) for those that have two forms, at least one.
    """
    for model in models:
        resolve(model, ModelOverrides())  # a wrong name is answered before files are looked at
    task = data.source.task()
    stem = overrides.stem if all_take_stem else None
    asked = replace(overrides, classes=task.num_classes, image_size=data.image_size, stem=stem)
    specs: dict[str, ModelSpec] = {}
    for model in models:
        plain = replace(asked, cells=None, filters=None, stack=None, skeleton=None, aux_head=False, stem=None)
        found = resolve(model, plain)
        scaled = found.size.own_resolution or found.pixels != found.task.image_size
        if found.size.skeleton:
            found = resolve(model, asked if scaled else replace(asked, image_size=task.image_size))
        elif asked.stack or asked.skeleton or asked.aux_head or asked.stem:
            # says that the first three are for networks of cells, and the last for networks with two forms
            found = resolve(model, replace(asked, cells=None, filters=None))
        own = found.task.image_size if scaled else task.image_size
        size = found.size if scaled else replace(found.size, resolution=None)
        size = replace(size, own_resolution=False)  # it has been heeded
        specs[model] = replace(found, size=size, task=replace(task, image_size=own, stem=found.task.stem))
    return specs if all_take_stem or not overrides.stem else _with_stem(specs, overrides.stem)


def _with_stem(specs: dict[str, ModelSpec], stem: str) -> dict[str, ModelSpec]:
    """The specifications with the stem where a network has two forms. UsageError where none has."""
    from nasbench.engine.parts.stems import stem_of

    two_forms = [name for name, spec in specs.items() if stem_of(spec) is not None]
    if not two_forms:
        raise UsageError(f"--stem {stem}: none of {', '.join(specs)} has two forms. Leave --stem out.")
    formed = {name: replace(specs[name], task=replace(specs[name].task, stem=stem)) for name in two_forms}
    return {**specs, **formed}


def trainings_of(
    models: Mapping[str, ModelSpec],
    config: TrainingConfig,
    start: Start,
    source: "DataSource | None" = None,
    notes: Sequence[str] = (),
) -> Trainings:
    """The trainings that a configuration asks for, checked.

    `source` is else the data set as the configuration names it, `notes` is what to say besides.
    """
    check_writable(Path(config.repeats.trained_dir), "--trained-dir")
    whole, repeats = config.whole, config.repeats
    source = replace(source or config.data.source, val_share=whole.val_split, loaders=whole.loaders)
    named = recipe_named(config.training.recipe, config.training.epochs)
    batched = with_batch(named, whole)
    told_of_rate = told_of_batch(named, batched)
    recipe, told_of_parts = in_parts(batched, models, whole, config.place, config.workers.device)
    evaluator = TrainingEvaluator(source, recipe, config.workers.device)
    evaluator.check()
    if start.pretrained:
        check_weights(models)
    ignored = dry_build(models, recipe, config.views, refuses=isinstance(config, TrainConfig | TransferConfig))
    viewed = told_of_views(models, config.views)
    kept = Keep(
        str(Path(repeats.trained_dir).absolute()),
        source.identity(test=True),
        start,
        whole.compile,
        verbose=config.workers.workers == 0,
        checkpoint_activations=whole.checkpoint_activations,
        save_every=whole.save_every,
        log_every=whole.log_every,
        views=config.views,
        url=config.place.trained,
    )
    evaluator, seeds = replace(evaluator, keep=kept), range(repeats.seed, repeats.seed + repeats.seeds)
    return Trainings(models, recipe, evaluator, seeds, (*notes, *told_of_rate, *told_of_parts, *ignored, *viewed))


def run_trainings(
    command: str,
    config: TrainingConfig,
    trainings: Trainings,
    argv: Sequence[str],
    extra: Mapping[str, Any] | None = None,
    executor: Executor | None = None,
    finish: Callable[[Trained], Mapping[str, Any]] = lambda _: {},
) -> Trained:
    """Trains every model under every seed, or reads what was trained before, as a run.

    `extra` goes into the plan of run.json; `finish` runs once all is trained, and what it returns goes into run.json.
    `executor` is else the one that `config` names.
    """
    evaluator = trainings.evaluator
    plan: dict[str, Any] = {
        "recipe": asdict(trainings.recipe),
        "networks": {n: m.to_json() for n, m in trainings.models.items()},
    }
    if trainings.notes:
        plan["notes"] = list(trainings.notes)
    for note in trainings.notes:
        print_note(note)
    trackers: list[Tracker] = guarded_trackers(config.tracking.names, config.tracking.wandb_settings)
    opening = Opening(
        command=command,
        config=config,
        directory=config.place.directory(command),
        argv=argv,
        executor=executor or executors.make(config.workers.executor_name, offered=config.workers.flat()),
        trackers=trackers,
        plan={**plan, **(extra or {})},
        identity=evaluator.identity(),
        reading=evaluator.data.reading,
    )
    with open_run(opening) as run:
        jobs = JobList(trainings.jobs())
        run.watch(planned=len(jobs.numbers))
        run.answer(jobs, evaluator, lambda metrics: float(metrics["test_accuracy"]))
        trained = Trained(run.directory, tuple(run.trials), trainings, run.seconds)
        for trial in filter(lambda trial: trial.scored, trained.trials):
            evaluator.data.reading.merge(trained.reading(trial))
        run.store.update(**finish(trained))
        run.end({"trials": len(run.trials)}, write_report)
    return trained


def write_best_training(trained: Trained, model: str, spec: ModelSpec) -> dict[str, Any]:
    """Writes `best/` as a search leaves it: a model under the seed with the best validation accuracy, or where nothing
    was for validation, under the first.

    Returns what run.json says of it: the weights of a training that was done before may be gone since.
    """
    if not trained.of(model):
        return {}
    best = max(trained.of(model), key=lambda trial: float(trial.metrics.get("val_accuracy", 0.0)))
    space = spaces.make(spec.source.removeprefix("space:")) if spec.source.startswith("space:") else None
    metrics = {**best.metrics, "number": best.number, "score": best.score, "epochs": best.epochs, "seed": best.seed}
    weights = trained.folder(best) / "weights.safetensors"
    preprocessing = trained.trainings.evaluator.preprocessing(spec)
    write_network(trained.directory / "best", spec.to_json(), metrics, weights, spec, space, preprocessing)
    lost = trained.directory / "best" / "weights.safetensors"
    if lost.exists():
        return {}
    line = f"no {lost}: {weights} is gone. To train it again, delete that folder and --resume"
    print_note(line)
    return {"left_out": [line]}
