"""The search: from a configuration to a run directory with the best network and a report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import Any

from nasbench.core.errors import UsageError, unknown
from nasbench.core.protocols import Strategy, Tracker
from nasbench.core.recipe import Recipe
from nasbench.core.registry import recipes
from nasbench.core.trial import STATUSES, Trial
from nasbench.engine.config import PRESETS, SearchConfig
from nasbench.engine.parts.goals import constrained, with_objectives
from nasbench.engine.parts.lookup import check_numbers, make_strategy, prepare, with_table_columns
from nasbench.engine.run import resume
from nasbench.engine.run.artifacts import write_best, write_front
from nasbench.engine.run.phases import Control, Retrain
from nasbench.engine.run.provenance import now
from nasbench.engine.run.run import Sitting, check_new, check_some_succeeded, drop_training_states, sit
from nasbench.engine.run.watch import close_trackers, make_trackers, print_note


@dataclass(frozen=True)
class SearchResult:
    """What a search came to."""

    run: Path
    trials: tuple[Trial, ...]
    best: Trial | None
    seconds: float
    front: Sequence[Mapping[str, Any]] | None = None
    """The Pareto front as `best/front.json` has it, where there are objectives."""

    def count(self, status: str) -> int:
        return sum(trial.status == status for trial in self.trials)

    def to_json(self) -> dict[str, Any]:
        """The object that `nasbench search --json` prints."""
        best = self.best and {
            "number": self.best.number,
            "score": self.best.score,
            "architecture": self.best.architecture.to_json(),
            "params": self.best.metrics.get("params"),
            "macs": self.best.metrics.get("macs"),
        }
        counts: dict[str, Any] = {status: self.count(status) for status in STATUSES}
        record = {
            "run": str(self.run),
            "trials": len(self.trials),
            **counts,
            "best": best,
            "seconds": round(self.seconds, 2),
        }
        if self.front is None:
            return record
        return {
            **record,
            "front": [{name: entry[name] for name in entry if name != "architecture"} for entry in self.front],
        }


def search(*, trackers: Sequence[Tracker] | None = None, **options: Any) -> SearchResult:
    """Searches a space from Python: the fields of SearchConfig as keywords, as `nasbench search` takes them as flags.

    `space`, `strategy`, `evaluator`, `dataset` and `recipe` may be given as the objects themselves. `trackers` replace
    the console and W&B. Raises UsageError for bad input, RunFailed where nothing succeeded, Interrupted on Ctrl-C or
    SIGTERM.
    """
    known = {field.name for field in fields(SearchConfig)}
    for name in options:
        if name not in known:
            raise unknown("option of search", name, known)
    given: dict[str, Any] = {
        name: value if isinstance(value, str) or name not in _PARTS else _import_path(value)
        for name, value in options.items()
    }
    preset = PRESETS.get(given.get("preset") or "", {})
    if given.get("resume"):
        config = replace(stored_config(given.get("run")), **given)
    else:
        config = SearchConfig(**{**preset, **given})
    return run_search(config, argv=("nasbench.search",), trackers=trackers)


def run_search(config: SearchConfig, argv: Sequence[str], trackers: Sequence[Tracker] | None = None) -> SearchResult:
    """Runs (or goes on with) the search that `config` describes."""
    start = monotonic()
    if config.resume:
        resume.check_resume(config, "search")
    check_numbers(config)
    config = with_objectives(with_table_columns(config))
    directory = Path(config.run) if config.run else _default_directory(config)
    check_new(directory, config.resume)
    parts = prepare(config, directory)
    strategy = make_strategy(config, parts)
    for line in parts.executor.describe():
        print_note(line)
    listeners = list(make_trackers(config.wandb, config.wandb_trials) if trackers is None else trackers)

    def body(sitting: Sitting) -> SearchResult:
        _run_phases(config, sitting, strategy)
        return _finish(sitting, start)

    result = sit("search", config, directory, argv, parts, listeners, body)
    check_some_succeeded(result.trials, directory)
    return result


def stored_config(run: str | None) -> SearchConfig:
    """The configuration of the run in a directory, ready to be gone on with."""
    return resume.stored_config(SearchConfig, "search", run)


_PARTS = ("space", "strategy", "evaluator", "dataset", "recipe")


def _import_path(part: Any) -> str:
    """How run.json names a part that was given as an object."""
    if getattr(part, "__qualname__", None):
        return f"{part.__module__}:{part.__qualname__}"
    if isinstance(part, Recipe):
        recipes.register(part.name)(part)
        return part.name
    raise UsageError(
        f"{part!r} has no import path, by which workers and a resumed run find it; give a class, or "
        "'package.module:NAME'"
    )


def _default_directory(config: SearchConfig) -> Path:
    names = [name.rpartition(":")[2].rpartition(".")[2].lower() for name in (config.space, config.strategy)]
    return Path("runs") / "-".join([datetime.now().strftime("%Y%m%d-%H%M%S"), *names])


def _run_phases(config: SearchConfig, sitting: Sitting, strategy: Strategy) -> None:
    """The search, then its control, then its retraining: each a loop over its own numbers of one log."""
    parts = sitting.parts
    sitting.watch(planned=config.trials + config.control + config.retrain_top)
    sitting.run_phase(strategy, 1, config.trials, timed=True)  # control and retraining have numbers, not time, to spend
    control = constrained(Control(parts.space), config, parts.space, parts.counts)
    sitting.run_phase(control, config.trials + 1, config.control)
    if config.retrain_top:
        first = config.trials + config.control + 1
        searched = [trial for trial in sitting.store.trials if trial.number <= config.trials]
        retrain = Retrain(searched, config.retrain_top, config.retrain_epochs or 1, first)
        sitting.run_phase(retrain, first, len(retrain.chosen))


def _finish(sitting: Sitting, start: float) -> SearchResult:
    from nasbench.report.run.page import write_report

    store = sitting.store
    best = write_best(store, sitting.parts.space)
    drop_training_states(store)
    front = write_front(store)
    store.update(ended=now())
    result = SearchResult(store.directory, tuple(store.trials), best, monotonic() - start, front)
    write_report(store)
    close_trackers(sitting.trackers, result.to_json(), store.directory)
    return result
