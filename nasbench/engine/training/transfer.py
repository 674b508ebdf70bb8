"""From a found cell to a network for another data set: built at another depth, width and resolution, and trained there.

Zoo networks transfer the same way. In one process, in Ray Train workers (`--workers`), or in the processes that
torchrun started: torchrun --nproc-per-node 8 -m -- nasbench transfer MODEL ... (without the `--`, torchrun takes
`--run` for a flag of its own).
"""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nasbench.core.errors import RunFailed, UsageError
from nasbench.core.loop import Executor
from nasbench.core.spec import ModelSpec, size_record
from nasbench.core.trial import Trial
from nasbench.engine.config import Data, ModelOverrides, TransferConfig
from nasbench.engine.opened.view import RunView
from nasbench.engine.parts.models import is_of_run, no_weights, resolve, weights_of
from nasbench.engine.run.watch import print_note
from nasbench.engine.training.advice import Advice
from nasbench.engine.training.pretrained import as_file_saw, as_weights_saw
from nasbench.engine.training.torchrun import group_of_torchrun, started_by_torchrun
from nasbench.engine.training.trainings import (
    Trained,
    Trainings,
    check_names,
    run_trainings,
    specify,
    trainings_of,
    write_best_training,
)
from nasbench.engine.training.ways import WaysResult, advice_on, freezes, in_ways, planned, write_best_way
from nasbench.engine.training.where import where_to_train
from nasbench.evaluators.kept import result_in
from nasbench.evaluators.start import Start
from nasbench.evaluators.training import follow
from nasbench.train.paths import printable

if TYPE_CHECKING:
    from nasbench.train.source import DataSource


@dataclass(frozen=True, repr=False)
class TransferResult(RunView):
    """What `nasbench transfer` came to. `spec` is the network that was built."""

    config: TransferConfig
    spec: ModelSpec
    trained: Trained

    @property
    def directory(self) -> Path:
        return self.trained.directory

    def left_out(self, trial: Trial) -> list[str]:
        """The image files that a training could not read, as far as its folder is still there."""
        return [printable(path) for path in result_in(self.trained.folder(trial)).get("corrupt", [])]

    def to_json(self) -> dict[str, Any]:
        """The object that `nasbench transfer --json` prints; accuracies in [0, 1]."""
        model, trained = self.config.network, self.trained
        done = trained.of(model)
        return {
            **trained.record(model, self.config),
            "top1": trained.mean(model, "test_accuracy"),
            "top5": trained.mean(model, "test_top5"),
            "size": size_record(self.spec.size),
            "carried_params": done[0].metrics.get("carried_params", 0),
            "corrupt_files": max(trial.metrics.get("corrupt_files", 0) for trial in done),
        }


def trainings_for(config: TransferConfig) -> Trainings:
    """What the configuration asks to train, checked."""
    trainings = _named(config).trainings(config)
    return _every_way(config, trainings) if config.auto else trainings


def advise(config: TransferConfig) -> Advice:
    """Which way of transfer suits the data set. Nothing is trained or written. UsageError for bad input."""
    named = _named(config)
    if started_by_torchrun():
        raise UsageError("--advise needs one process: leave torchrun out")
    trainings = named.trainings(config)
    for note in trainings.notes:
        print_note(note)
    return advice_on(config, trainings, freezes(trainings.models[config.network]))


@dataclass(frozen=True)
class _Named:
    """What a configuration names. `source` is the data set as the weights that it starts from saw images; `notes` tell
    of it.
    """

    start: Start
    models: dict[str, ModelSpec]
    source: "DataSource | None"
    notes: tuple[str, ...]

    def trainings(self, config: TransferConfig) -> Trainings:
        """What was named, checked."""
        return trainings_of(self.models, config, self.start, self.source, self.notes)


def _named(config: TransferConfig) -> _Named:
    """What the configuration names. UsageError for what is not there."""
    config.check()
    if config.pretrained and config.weights:
        raise UsageError("--pretrained and --weights both say what to start from: give one of them")
    start = Start(config.pretrained, _weights_file(config.weights), config.freeze)
    check_names(config)
    data, source = config.data, None
    notes: tuple[str, ...] = ()
    if config.pretrained:
        data, source, notes = as_weights_saw(config.network, data)
    elif start.weights is not None:
        source, notes = as_file_saw(Path(start.weights), data)
    return _Named(start, _specify(config, data), source, notes)


def transfer(config: TransferConfig, argv: Sequence[str]) -> TransferResult | WaysResult | None:
    """Builds and trains (or reads what was trained before). None in torchrun's processes that do not lead.

    UsageError for bad input, RunFailed where no training succeeded.
    """
    named = _named(config)
    torchrun = started_by_torchrun()
    if config.workers.workers and torchrun:
        raise UsageError("torchrun has started the processes already: leave --workers out")
    with group_of_torchrun(config.workers.device) if torchrun else nullcontext(True) as is_leader:
        trainings = named.trainings(config)
        if not is_leader:
            mine = _every_way(config, trainings) if config.auto else trainings
            follow(mine.evaluator, mine.jobs())
            return None
        with where_to_train(config.workers) as where:
            return _run(config, trainings.with_processes(where.together), argv, where.executor)


def _run(
    config: TransferConfig, trainings: Trainings, argv: Sequence[str], executor: Executor
) -> TransferResult | WaysResult:
    if config.auto:
        return _in_ways(config, trainings, argv, executor)
    spec = trainings.models[config.network]

    def finish(trained: Trained) -> dict[str, Any]:
        return write_best_training(trained, config.network, spec)

    trained = run_trainings("transfer", config, trainings, argv, executor=executor, finish=finish)
    trained.check(config.network)
    return TransferResult(config, spec, trained)


def _in_ways(config: TransferConfig, trainings: Trainings, argv: Sequence[str], executor: Executor) -> WaysResult:
    """The trainings in every way. What the rule says of them is measured when the run begins."""
    model = config.network
    ways = freezes(trainings.models[model])
    plan = {} if config.place.resume else planned(config, trainings, ways)
    trained = run_trainings("transfer", config, in_ways(trainings, model, ways), argv, plan, executor, write_best_way)
    if not any(trial.scored for trial in trained.trials):
        raise RunFailed(f"no training of {model} succeeded: {'; '.join(trained.failures())}")
    return WaysResult(config, trained)


def _every_way(config: TransferConfig, trainings: Trainings) -> Trainings:
    return in_ways(trainings, config.network, freezes(trainings.models[config.network]))


def _specify(config: TransferConfig, data: Data) -> dict[str, ModelSpec]:
    """The network in its new form: cells in the ImageNet skeleton unless told otherwise."""
    found = resolve(config.network, ModelOverrides())
    skeleton = config.skeleton or ("imagenet" if found.size.skeleton and found.size.resolution is None else None)
    size = config.training
    overrides = ModelOverrides(
        config.stack, size.cells, size.filters, skeleton=skeleton, aux_head=config.aux_head, stem=config.stem
    )
    return specify([config.network], data, overrides)


def _weights_file(weights: str | None) -> str | None:
    if weights is None:
        return None
    found = weights_of(weights) if is_of_run(weights) else Path(weights)
    if found is None and not Path(weights).is_dir():
        raise no_weights(weights)
    if found is None or not found.exists():
        raise UsageError(
            f"no weights at {weights}. --weights takes a .safetensors file, a run directory whose best was trained, or "
            "one of its trials, RUN#N."
        )
    return str(found)
