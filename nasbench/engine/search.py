"""The search: from a configuration to a run directory with the best network and a report."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import monotonic
from typing import Any

from nasbench.core.errors import UsageError
from nasbench.core.protocols import Tracker
from nasbench.core.recipe import Recipe
from nasbench.core.registry import recipes
from nasbench.core.source import JobList, SpaceSource
from nasbench.core.trial import STATUSES, Trial
from nasbench.engine.config import PRESETS, SearchConfig
from nasbench.engine.parts.lookup import executor_of
from nasbench.engine.parts.phases import retrainings
from nasbench.engine.parts.searching import SearchParts, prepare
from nasbench.engine.parts.tables import with_objective_columns, with_shipped_columns
from nasbench.engine.report import write_report
from nasbench.engine.run import resume
from nasbench.engine.run.artifacts import BestWeights, drop_training_states, write_best, write_front
from nasbench.engine.run.run import Opening, Run, check_some_succeeded, open_run
from nasbench.engine.run.watch import make_trackers


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
    config = with_objective_columns(with_shipped_columns(config))
    directory = config.place.directory(_short(config.space), _short(config.strategy))
    parts = prepare(config, directory)
    opening = Opening(
        command="search",
        config=config,
        directory=directory,
        argv=argv,
        executor=executor_of(config.workers),
        trackers=make_trackers(config.tracking) if trackers is None else trackers,
        plan=_plan(config, parts),
        identity=parts.identity(),
        listeners=(BestWeights,),
    )
    with open_run(opening) as run:
        _answer(config, parts, run)
        result = _end(parts, run, start)
    check_some_succeeded(result.trials, directory)
    return result


def _answer(config: SearchConfig, parts: SearchParts, run: Run) -> None:
    """The search, then its control, then the retraining of its best: each over its own numbers of one log."""
    plan, evaluator, score = parts.plan, parts.evaluator, parts.score
    run.watch(planned=config.trials + config.control + config.retrain_top)
    run.answer(SpaceSource(parts.space, parts.strategy, plan), evaluator, score, parts.clock, parts.pruner)
    if config.control:
        numbers = range(config.trials + 1, config.trials + config.control + 1)
        run.answer(SpaceSource(parts.space, parts.control, replace(plan, numbers=numbers)), evaluator, score)
    if config.retrain_top:
        first = config.trials + config.control + 1
        searched = [trial for trial in run.trials if trial.number <= config.trials]
        again = retrainings(searched, plan, config.retrain_top, config.retrain_epochs or 1, first)
        run.answer(JobList(again), evaluator, score)


def _end(parts: SearchParts, run: Run, start: float) -> SearchResult:
    best = write_best(run.store, parts.space)
    drop_training_states(run.store)
    front = write_front(run.store)
    result = SearchResult(run.directory, tuple(run.trials), best, monotonic() - start, front)
    run.end(result.to_json(), write_report)
    return result


def _plan(config: SearchConfig, parts: SearchParts) -> dict[str, Any]:
    """What run.json says of how proposals become networks."""
    plan = parts.plan
    built = {"source": plan.source, "size": asdict(plan.size), "task": asdict(plan.task), "epochs": plan.epochs}
    recipe = asdict(parts.recipe) if parts.recipe else None
    return {**built, "target_macs": config.goals.count("target_macs"), "recipe": recipe}


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
