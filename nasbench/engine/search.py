"""The search: from a configuration to a run directory with the best network and a report."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import Any

from nasbench.core.errors import Interrupted, RunFailed, UsageError, unknown
from nasbench.core.loop import SearchLoop
from nasbench.core.protocols import RunInfo, Strategy, Tracker
from nasbench.core.recipe import Recipe
from nasbench.core.registry import recipes
from nasbench.core.store import RunStore
from nasbench.core.trial import STATUSES, Trial
from nasbench.engine.artifacts import BestWeights, write_best
from nasbench.engine.config import PRESETS, WHERE_IT_RUNS, SearchConfig
from nasbench.engine.interrupt import sigterm_interrupts
from nasbench.engine.phases import Control, Retrain
from nasbench.engine.prepare import Parts, check_numbers, make_strategy, prepare
from nasbench.engine.provenance import now, provenance
from nasbench.engine.watch import close_trackers, make_trackers, print_note


@dataclass(frozen=True)
class SearchResult:
    """What a search came to."""

    run: Path
    trials: tuple[Trial, ...]
    best: Trial | None
    seconds: float

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
        return {"run": str(self.run), "trials": len(self.trials), **counts, "best": best, "seconds": round(self.seconds, 2)}


def search(*, trackers: Sequence[Tracker] | None = None, **options: Any) -> SearchResult:
    """Searches a space from Python: the fields of SearchConfig as keywords, as `nasbench search` takes them as flags.

    `space`, `strategy`, `evaluator`, `dataset` and `recipe` may be given as the objects themselves. `trackers` replace the console
    and W&B. Raises UsageError for bad input, RunFailed where nothing succeeded, Interrupted on Ctrl-C or SIGTERM.
    """
    known = {field.name for field in fields(SearchConfig)}
    for name in options:
        if name not in known:
            raise unknown("option of search", name, known)
    given: dict[str, Any] = {
        name: value if isinstance(value, str) or name not in _PARTS else _import_path(value) for name, value in options.items()
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
        check_resume(config)
    check_numbers(config)
    directory = Path(config.run) if config.run else _default_directory(config)
    if not config.resume and (directory / "run.json").exists():
        raise UsageError(f"{directory} already holds a run. Continue it with --resume, or choose another directory with --run.")
    parts = prepare(config, directory)
    strategy = make_strategy(config, parts.space)
    for line in parts.executor.describe():
        print_note(line)
    listeners = list(make_trackers(config.wandb, config.wandb_trials) if trackers is None else trackers)
    store = _open(config, directory, argv, parts)
    try:
        with sigterm_interrupts():
            _run_phases(config, store, parts, strategy, listeners)
            result = _finish(store, parts, listeners, start)
    except KeyboardInterrupt as interrupt:
        close_trackers(listeners, {"interrupted": True}, directory)
        done = f"{len(store.trials)} finished trials are kept in {directory}"
        raise Interrupted(f"interrupted; {done}. Go on with: nasbench search --run {directory} --resume") from interrupt
    except (UsageError, RunFailed) as error:
        close_trackers(listeners, {"failed": str(error)}, directory)
        raise
    finally:
        parts.executor.close()
        store.close()
    if result.best is None:
        reasons = {trial.error for trial in result.trials if trial.error}
        raise RunFailed(
            f"none of the {len(result.trials)} trials succeeded: {'; '.join(sorted(reasons)[:3])}. See {directory / 'report.html'}"
        )
    return result


def stored_config(run: str | None) -> SearchConfig:
    """The configuration of the run in a directory, ready to be gone on with."""
    if run is None:
        raise UsageError("--resume needs --run DIR: the directory of the run to go on with")
    record = RunStore.read(Path(run)).run
    if record.get("command") != "search":
        raise UsageError(f"{run} holds a run of 'nasbench {record.get('command')}', not of search")
    known = {field.name for field in fields(SearchConfig)}
    stored: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in record["config"].items() if name in known
    }
    return replace(SearchConfig(**stored), run=run, resume=True)


def check_resume(config: SearchConfig) -> None:
    """UsageError naming the field where `config` contradicts the run it goes on with. Where it runs may change."""
    stored = stored_config(config.run)
    for field in fields(SearchConfig):
        old, new = getattr(stored, field.name), getattr(config, field.name)
        if field.name not in WHERE_IT_RUNS and old != new:
            flag = "--" + field.name.replace("_", "-")
            raise UsageError(f"{flag} {new} contradicts the run in {config.run}, which has {old}. Leave the flag out, or start a new run.")


_PARTS = ("space", "strategy", "evaluator", "dataset", "recipe")


def _import_path(part: Any) -> str:
    """How run.json names a part that was given as an object."""
    if getattr(part, "__qualname__", None):
        return f"{part.__module__}:{part.__qualname__}"
    if isinstance(part, Recipe):
        recipes.register(part.name)(part)
        return part.name
    raise UsageError(f"{part!r} has no import path, by which workers and a resumed run find it; give a class, or 'package.module:NAME'")


def _default_directory(config: SearchConfig) -> Path:
    names = [name.rpartition(":")[2].rpartition(".")[2].lower() for name in (config.space, config.strategy)]
    return Path("runs") / "-".join([datetime.now().strftime("%Y%m%d-%H%M%S"), *names])


def _open(config: SearchConfig, directory: Path, argv: Sequence[str], parts: Parts) -> RunStore:
    plan = {"source": parts.plan.source, "size": asdict(parts.plan.size), "task": asdict(parts.plan.task), "epochs": parts.plan.epochs}
    if config.resume:
        store = RunStore.resume(directory)
        if store.dropped is not None:
            print_note(f"the last line of {directory / 'trials.jsonl'} was torn by an interrupted write; it was dropped")
        sittings = [*store.run.get("sittings", []), {"started": now(), "argv": list(argv)}]
        store.update(sittings=sittings, ended=None)
    else:
        record = {"command": "search", "config": asdict(config), "seed": config.seed, **provenance(argv)}
        record["plan"] = {**plan, "recipe": asdict(parts.recipe) if parts.recipe else None}
        store = RunStore.create(directory, record)
    (directory / "checkpoints").mkdir(exist_ok=True)
    return store


def _run_phases(config: SearchConfig, store: RunStore, parts: Parts, strategy: Strategy, trackers: Sequence[Tracker]) -> None:
    """The search, then its control, then its retraining: each a loop over its own numbers of one log."""
    planned = config.trials + config.control + config.retrain_top
    run = RunInfo(store.directory, store.run["config"], planned, tuple(store.trials))
    for tracker in trackers:
        tracker.start(run)
    listeners: list[Callable[[Trial], None]] = [BestWeights(store), *(tracker.trial for tracker in trackers)]

    def run_phase(phase: Strategy, first: int, count: int) -> None:
        plan = replace(parts.plan, numbers=range(first, first + count))
        loop = SearchLoop(parts.space, phase, plan, store.append, parts.score, listeners, tuple(store.trials))
        if not loop.finished:
            parts.executor.run(loop, parts.evaluator)

    run_phase(strategy, 1, config.trials)
    run_phase(Control(parts.space), config.trials + 1, config.control)
    if config.retrain_top:
        first = config.trials + config.control + 1
        searched = [trial for trial in store.trials if trial.number <= config.trials]
        retrain = Retrain(searched, config.retrain_top, config.retrain_epochs or 1, first)
        run_phase(retrain, first, len(retrain.chosen))


def _finish(store: RunStore, parts: Parts, trackers: Sequence[Tracker], start: float) -> SearchResult:
    from nasbench.report.html import write_report

    best = write_best(store, parts.space)
    for state in (store.directory / "checkpoints").glob("*.state"):
        state.unlink()  # of trainings in stages: nobody goes on with them now
    store.update(ended=now())
    result = SearchResult(store.directory, tuple(store.trials), best, monotonic() - start)
    write_report(store)
    close_trackers(trackers, result.to_json(), store.directory)
    return result
