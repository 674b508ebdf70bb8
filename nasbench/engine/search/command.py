"""The search: from a configuration to a run directory with the best network and a report."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nasbench.core.clock import SimulatedClock
from nasbench.core.control import Shares, WithControl, shares_of, without_control
from nasbench.core.curves import is_retraining, searched
from nasbench.core.errors import RunFailed
from nasbench.core.growth import of_growing
from nasbench.core.log import Check
from nasbench.core.protocols import Evaluator, Pruner, Tracker
from nasbench.core.retraining import best_networks, checks, retrainings
from nasbench.core.shown import sentence
from nasbench.core.source import JobList, JobSource, SpaceSource, of_space
from nasbench.core.store import RunStore, returned_trial
from nasbench.core.trial import STATUSES, Trial
from nasbench.engine.config import SearchConfig
from nasbench.engine.opened.report import write_report
from nasbench.engine.opened.run_trial import RunTrial
from nasbench.engine.opened.view import RunView
from nasbench.engine.parts.returning import Returned, returned_by
from nasbench.engine.parts.searching import SearchParts, prepare
from nasbench.engine.run import resume
from nasbench.engine.run.artifacts import (
    BestWeights,
    drop_other_weights,
    drop_training_states,
    write_best,
    write_front,
)
from nasbench.engine.run.numbers import Numbers, numbers_of
from nasbench.engine.run.opening import Opening
from nasbench.engine.run.run import Run, check_some_succeeded, open_run
from nasbench.engine.run.watch import print_note
from nasbench.report.common.ranking_check import RankingCheck, ranking_check
from nasbench.report.run.chance import Verdict, chance_of
from nasbench.report.run.scored import beside


@dataclass(frozen=True, repr=False)
class SearchResult(RunView):
    """What a search came to."""

    run: Path
    trials: tuple[RunTrial, ...]
    best: RunTrial | None
    seconds: float
    front: Sequence[Mapping[str, Any]] | None = None
    """The Pareto front as `best/front.json` has it, where there are objectives."""
    chance: Verdict | None = None
    """Whether the search beat chance; among the JSON where it can be told with an interval."""
    check: RankingCheck | None = None
    """How the cheap score of the search ranks, where that was checked."""
    reward: str | None = None
    """The reward that made the scores; None where they are the evaluator's own."""
    accuracy: str | None = None
    """The metric behind a score that is made of more, such as val_accuracy."""

    @property
    def directory(self) -> Path:
        return self.run

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
            **({} if self.accuracy is None else {self.accuracy: self.best.metrics.get(self.accuracy)}),
        }
        counts: dict[str, Any] = {status: self.count(status) for status in STATUSES}
        record: dict[str, Any] = {
            "run": str(self.run),
            "trials": len(self.trials),
            **counts,
            "best": best,
            "seconds": round(self.seconds, 2),
        }
        if self.reward is not None:
            record["reward"] = self.reward
        if self.chance is not None and self.chance.difference is not None:
            record["chance"] = self.chance.to_json()
        if self.check is not None:
            record["check"] = self.check.to_json()
        if self.front is not None:
            named = [{name: entry[name] for name in entry if name != "architecture"} for entry in self.front]
            record["front"] = named
        return record


def run_search(
    config: SearchConfig,
    directory: Path,
    argv: Sequence[str],
    trackers: Sequence[Tracker] | None = None,
    also: Sequence[Tracker] = (),
) -> SearchResult:
    """Runs (or goes on with) the search that `config`, which was checked, describes, in `directory`. `trackers` replace
    those that it names; those in `also` listen besides.
    """
    config = config.completed()
    parts = prepare(config, directory)
    if parts.controller is not None and parts.controller.chosen and not config.place.resume:
        config = config.changed(controller=parts.controller.kind)
    for note in (*parts.notes, *parts.told):
        print_note(note)
    opening = Opening(
        command="search",
        config=config,
        directory=directory,
        argv=argv,
        executor=parts.executor,
        trackers=[*(parts.trackers if trackers is None else trackers), *also],
        plan=parts.record,
        identity=parts.identity(),
        listeners=(BestWeights,),
        reading=parts.reading,
        check=_check_of_log(config, parts, directory),
    )
    with open_run(opening) as run:
        rounds = rounds_of(run.store.run)
        numbers = numbers_of(rounds, config.retrain_top, config.checked)
        run.watch(planned=numbers.planned)
        without, shares = without_control(trials for trials, _ in rounds), shares_of(run.store.run.get("plan") or {})
        for source, clock, pruner in _phases(parts, numbers, without, shares):
            run.answer(source, parts.evaluator, parts.score, clock, pruner)
        chosen = returned_by(config.return_, parts.space, run.trials)
        for jobs in _following(config, parts, run, numbers, chosen):
            after = parts.after
            run.answer(jobs, after.evaluator if after else parts.evaluator, after.score if after else parts.score)
        if chosen is not None:
            run.store.update(**chosen.to_json())
            print_note(chosen.sentence)
        best = write_best(run.store, parts.space, _trained_by(parts, run.store))
        drop_training_states(run.store)
        drop_other_weights(run.store)
        front, chance = write_front(run.store), chance_of(run.store.run, run.trials)
        check = ranking_check(run.store.run, run.trials)
        score = (config.goals.reward, beside(run.store.run))
        trials = tuple(RunTrial.in_run(trial, run.directory) for trial in run.trials)
        shown = None if best is None else RunTrial.in_run(best, run.directory)
        result = SearchResult(run.directory, trials, shown, run.seconds, front, chance, check, *score)
        run.end(result.to_json(), write_report)
    check_some_succeeded(result.trials, directory)
    check_some_trained(run.store.run, result.trials)
    return result


def rounds_of(run: Mapping[str, Any]) -> list[tuple[int, int]]:
    """(trials of the search, random children after it) as planned at the start and after each extension."""
    rounds = resume.rounds(run, ("trials", "control"))
    return [(each["trials"], 0 if each["control"] == "auto" else each["control"]) for each in rounds]


def _check_of_log(config: SearchConfig, parts: SearchParts, directory: Path) -> Check:
    """What each line of the log must be: a point of the space, at the depth that its number has."""
    if not config.place.resume:
        return of_space(parts.space)
    record = RunStore.read_record(directory)
    resume.check_same(config, record, "search", directory)  # a flag that contradicts the run is named, and no line
    if parts.growth is None:
        return of_space(parts.space)
    numbers = numbers_of(rounds_of(record), config.retrain_top, config.checked)
    return of_growing(parts.space, parts.growth, numbers.search, numbers.control)


def _phases(
    parts: SearchParts, numbers: Numbers, without: int, shares: Shares
) -> Iterator[tuple[JobSource, SimulatedClock | None, Pruner | None]]:
    """The search, then its control: each over its own numbers of one log.

    The first `without` trials of the search have no control among them; then it has these `shares`.
    """
    plan = replace(parts.plan, numbers=numbers.search)
    layers = None if parts.growth is None else parts.growth.layers_of(numbers.search)
    search = SpaceSource(parts.space, parts.strategy, plan, counted=True, layers_of=layers)
    if parts.mixed:
        children = SpaceSource(parts.space, parts.control, plan, counted=True, layers_of=layers)
        yield WithControl(search, children, without, shares), parts.clock, parts.pruner
    else:
        yield search, parts.clock, parts.pruner
    if numbers.control:
        after = replace(plan, numbers=numbers.control)
        yield SpaceSource(parts.space, parts.control, after, layers_of=layers), None, None


def _following(
    config: SearchConfig, parts: SearchParts, run: Run, numbers: Numbers, chosen: Returned | None
) -> Iterator[JobSource]:
    """The trainings after a search: of its best, and of a check of its cheap score."""
    epochs = parts.after.epochs if parts.after else config.retrain_epochs or 1
    if numbers.retraining:
        ranked = best_networks(searched(run.trials)) if chosen is None else chosen.ranked
        yield JobList(retrainings(ranked, parts.plan, config.retrain_top, epochs, numbers.retraining.start))
    if numbers.check:
        yield JobList(checks(run.trials, parts.plan, config.checked, epochs, numbers.check.start))


def _trained_by(parts: SearchParts, store: RunStore) -> Evaluator:
    """The evaluator that gave the best its score."""
    best = returned_trial(store.run, store.trials)
    return parts.after.evaluator if parts.after and best is not None and is_retraining(best) else parts.evaluator


def check_some_trained(run: Mapping[str, Any], trials: Sequence[Trial]) -> None:
    """RunFailed where what follows a search by a cheap score was to be trained, and no training succeeded."""
    trained = [trial for trial in trials if is_retraining(trial)]
    if run["plan"].get("after") and not any(trial.scored for trial in trained):
        why = "; ".join(sorted({str(trial.error) for trial in trained})[:3])
        who = "not even the one architecture" if len(trained) == 1 else f"none of the {len(trained)} architectures"
        raise RunFailed(
            f"{who} that the search chose could be trained by itself: "
            f"{sentence(why)} What lies in best/ is the best by the cheap score alone, and was never trained."
        )
