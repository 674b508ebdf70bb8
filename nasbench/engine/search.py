"""The search: from a configuration to a run directory with the best network and a report."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from typing import Any

from nasbench.core.clock import SimulatedClock
from nasbench.core.errors import UsageError
from nasbench.core.protocols import Pruner, Tracker
from nasbench.core.recipe import Recipe
from nasbench.core.registry import recipes
from nasbench.core.retraining import retrainings
from nasbench.core.source import JobList, JobSource, SpaceSource
from nasbench.core.trial import STATUSES, Trial
from nasbench.engine.config import PRESETS, SearchConfig
from nasbench.engine.parts.searching import SearchParts, prepare
from nasbench.engine.report import write_report
from nasbench.engine.run import resume
from nasbench.engine.run.artifacts import BestWeights, drop_training_states, write_best, write_front
from nasbench.engine.run.run import Opening, Run, check_some_succeeded, open_run


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
            "architecture": self.best.proposed.to_json(),
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
    """Searches a space from Python: the flags of `nasbench search` as keywords.

    `space`, `strategy`, `evaluator`, `dataset` and `recipe` may be given as the objects themselves. `trackers` replace
    the console and W&B. Raises UsageError for bad input, RunFailed where nothing succeeded, Interrupted on Ctrl-C or
    SIGTERM.
    """
    given: dict[str, Any] = {
        name: value if isinstance(value, str) or name not in _PARTS else _import_path(value)
        for name, value in options.items()
    }
    if given.get("resume"):
        config = resume.stored_config(SearchConfig, "search", given.get("run")).changed(**given)
    else:
        config = SearchConfig.of(**{**PRESETS.get(given.get("preset") or "", {}), **given})
    return run_search(config, argv=("nasbench.search",), trackers=trackers)


def run_search(config: SearchConfig, argv: Sequence[str], trackers: Sequence[Tracker] | None = None) -> SearchResult:
    """Runs (or goes on with) the search that `config` describes."""
    start = monotonic()
    config.check()
    config = config.completed()
    directory = config.place.directory(_short(config.space), _short(config.strategy))
    parts = prepare(config, directory)
    opening = Opening(
        command="search",
        config=config,
        directory=directory,
        argv=argv,
        executor=parts.executor,
        trackers=parts.trackers if trackers is None else trackers,
        plan=parts.record,
        identity=parts.identity(),
        listeners=(BestWeights,),
        reading=parts.reading,
    )
    with open_run(opening) as run:
        run.watch(planned=config.trials + config.control + config.retrain_top)
        for source, clock, pruner in _phases(config, parts, run):
            run.answer(source, parts.evaluator, parts.score, clock, pruner)
        best = write_best(run.store, parts.space)
        drop_training_states(run.store)
        front = write_front(run.store)
        result = SearchResult(run.directory, tuple(run.trials), best, monotonic() - start, front)
        run.end(result.to_json(), write_report)
    check_some_succeeded(result.trials, directory)
    return result


def _phases(
    config: SearchConfig, parts: SearchParts, run: Run
) -> Iterator[tuple[JobSource, SimulatedClock | None, Pruner | None]]:
    """The search, then its control, then the retraining of its best: each over its own numbers of one log."""
    plan = parts.plan
    yield SpaceSource(parts.space, parts.strategy, plan), parts.clock, parts.pruner
    if config.control:
        numbers = range(config.trials + 1, config.trials + config.control + 1)
        yield SpaceSource(parts.space, parts.control, replace(plan, numbers=numbers)), None, None
    if config.retrain_top:
        first = config.trials + config.control + 1
        searched = [trial for trial in run.trials if trial.number <= config.trials]
        yield JobList(retrainings(searched, plan, config.retrain_top, config.retrain_epochs or 1, first)), None, None


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


def _short(name: str) -> str:
    """my_package.my_module:MySpace -> myspace, for the name of a directory."""
    return name.rpartition(":")[2].rpartition(".")[2].lower()
