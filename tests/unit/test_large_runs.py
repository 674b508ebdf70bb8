"""Long runs: no step looks at every trial for every trial. Counted are comparisons, copies and calls, never seconds."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import product
from pathlib import Path
from random import Random
from statistics import fmean, median
from typing import Any

import pytest

from nasbench.core import reported
from nasbench.core.arch import Architecture
from nasbench.core.errors import UsageError
from nasbench.core.objectives import pareto_front, parse_objectives
from nasbench.core.pareto import undominated
from nasbench.core.registry import strategies
from nasbench.core.seeds import derive
from nasbench.core.source import SpaceSource
from nasbench.core.store import RunStore
from nasbench.core.trial import Trial
from nasbench.strategies import asha
from nasbench.strategies import median as median_rule
from nasbench.strategies.asha import Asha
from nasbench.strategies.grid import Grid
from nasbench.strategies.libraries.optuna_any import AnySampler, sampler_named
from nasbench.strategies.libraries.optuna_sampler import Nsga2, OptunaStrategy
from nasbench.strategies.median import MedianPruner
from nasbench.strategies.predictor import strategy as predictor
from nasbench.strategies.predictor.memory import Memory
from nasbench.strategies.random import RandomSearch
from nasbench.testing import toy
from nasbench.testing.toy import TOY_SPACE, play
from unit.toys import ToySpace, plan, trial


class Counted(float):
    """A number that counts its comparisons."""

    count = 0

    def _counting(name: str) -> Callable[[Any, Any], Any]:  # type: ignore[misc]
        def compare(self: "Counted", other: object) -> Any:
            Counted.count += 1
            return getattr(float, name)(self, other)

        return compare

    __lt__, __le__, __gt__, __ge__, __eq__ = map(_counting, ("__lt__", "__le__", "__gt__", "__ge__", "__eq__"))
    __hash__ = float.__hash__


@pytest.mark.parametrize("values", [1, 2, 3])
def test_a_front_of_up_to_three_values_takes_n_log_n_comparisons(values: int) -> None:
    """The worst case: every point is on the front. 0.1.0 compared each with all of those before it."""
    rng, points = Random(0), list[tuple[Counted, ...]]()
    for _ in range(3000):
        drawn = [rng.random() for _ in range(values - 1)]
        points.append(tuple(map(Counted, (*drawn, -sum(drawn)))))
    Counted.count = 0
    assert len(undominated(points)) == len(points)
    assert Counted.count < 80 * len(points)


@pytest.mark.parametrize("values", [1, 2, 3, 4, 5])
def test_a_front_is_what_nothing_dominates(values: int) -> None:
    rng = Random(values)
    for size, options in product((0, 1, 2, 30, 120), (2, 4, 50)):
        points = [tuple(float(rng.randrange(options)) for _ in range(values)) for _ in range(size)]
        wanted = [
            index
            for index, point in enumerate(points)
            if not any(other != point and all(a >= b for a, b in zip(other, point, strict=True)) for other in points)
        ]
        found = undominated(points)
        assert sorted(found) == wanted
        assert [points[index] for index in found] == sorted((points[index] for index in wanted), reverse=True)


def test_without_objectives_nothing_is_compared() -> None:
    """0.1.0 took each trial for one of the front, and compared it with all others, twice a report."""
    trials = [trial(number, score=Counted(number), key=str(number)) for number in range(1, 200)]
    Counted.count = 0
    assert pareto_front(trials, ()) == []
    assert Counted.count == 0
    assert [found.number for found in pareto_front(trials, parse_objectives(["val_accuracy"]))] == [199]


class Uncopied(set[str]):
    """What a strategy was told. To go through all of it for one proposal would be a step that grows with the run."""

    def _refuse(self, *_: object) -> Any:
        raise AssertionError("a proposal copies every key that was told")

    __or__ = __ror__ = __iter__ = copy = union = _refuse


@pytest.mark.parametrize("name", ["evolution", "local_search", "tpe", "nsga2", "ppo", "reinforce"])
def test_no_proposal_copies_what_was_told(name: str) -> None:
    strategy = strategies.get(name)(TOY_SPACE, seed=0)
    play(strategy, TOY_SPACE, range(1, 31))
    strategy._known = Uncopied(strategy._known)
    play(strategy, TOY_SPACE, range(31, 40))


@pytest.mark.parametrize(("objectives", "workers"), [((), 1), (("val_accuracy", "macs"), 1), ((), 4)])
def test_nsga2_forgets_only_what_changes_no_proposal(
    objectives: tuple[str, ...], workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Optuna looks through all trials that it is told for each proposal. Several workers answer after the next
    generation has begun.
    """
    found = list[list[str]]()
    monkeypatch.setattr(toy, "answer", _answer_with_macs)
    for forgets in (True, False):
        if not forgets:
            monkeypatch.setattr(OptunaStrategy, "_forget", _keep_all)
        strategy = Nsga2(TOY_SPACE, objectives=objectives, population=4)
        told = play(strategy, TOY_SPACE, range(1, 81), workers=workers)
        found.append([f"{each.number} {each.proposed.key} {each.note}" for each in told])
        kept = len(strategy._storage.get_all_trials(0, deepcopy=False))
        assert kept < 3 * (4 + workers) if forgets else kept > 40
    assert found[0] == found[1]


@pytest.mark.parametrize("name", ["NSGAIISampler", "NSGAIIISampler"])
def test_a_genetic_sampler_chooses_the_parents_of_each_generation_once(name: str) -> None:
    """Or it would choose those of all generations anew for each proposal, one call inside the other."""
    strategy = sampler_named(name)(TOY_SPACE, population_size=2)
    play(strategy, TOY_SPACE, range(1, 41), statuses=["ok"], workers=1)
    assert isinstance(strategy, AnySampler)
    assert len(strategy._storage.get_study_system_attrs(0)) == 2
    assert len(strategy._storage.get_all_trials(0, deepcopy=False)) < 9


def _answer_with_macs(*arguments: Any, answer: Callable[..., Trial] = toy.answer) -> Trial:
    found = answer(*arguments)
    return replace(found, metrics={**found.metrics, "macs": derive(0, found.key) % 50}) if found.metrics else found


def _keep_all(strategy: OptunaStrategy, attributes: Mapping[str, Any], _: object) -> None:
    for name, value in attributes.items():
        strategy._storage.set_study_system_attr(0, name, value)


def test_a_grid_does_not_start_from_its_first_point_each_time() -> None:
    looked_at: list[str] = []

    class Watched(ToySpace):
        def canonical(self, architecture: Architecture) -> Architecture:
            looked_at.append(architecture.key)
            return super().canonical(architecture)

    grid = Grid(Watched())
    for number in range(1, 28):
        grid.tell(trial(number, genes="".join(grid.ask(number, Random(0), ()).architecture.genes.values())))  # type: ignore[arg-type]
    assert len(looked_at) < 4 * 27


def test_an_answer_from_the_log_finds_its_step_without_going_through_all() -> None:
    class Unread(dict[int, int]):
        def items(self) -> Any:
            raise AssertionError("every number is looked at for one trial")

    told: list[Trial] = []
    strategy = RandomSearch(ToySpace())
    strategy.tell = told.append  # type: ignore[method-assign]
    source = SpaceSource(ToySpace(), strategy, plan(9), counted=True)
    source._numbers = Unread()
    source.tell(trial(5, note={"step": 1}))
    source.tell(trial(7, "cached", note={"step": 2}, of=5))
    assert [(each.number, each.of) for each in told] == [(1, None), (2, 1)]


def test_asha_keeps_its_rungs_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """The promotion of its definition, from a sort of the whole rung, and from what is kept in order."""
    strategy, calls = Asha(TOY_SPACE, epochs=9), list[int]()
    place = asha._place
    monkeypatch.setattr(asha, "_place", lambda trial: calls.append(trial.number) or place(trial))
    rng = Random(1)
    for number in range(1, 120):
        proposal = strategy.ask(number, Random(number), ())
        assert proposal.note.get("promotes") == _promotion(strategy)
        score = None if rng.random() < 0.2 else round(rng.random(), 1)
        key = TOY_SPACE.canonical(proposal.architecture).key
        status = "failed" if score is None else "ok"
        before = len(calls)
        strategy.tell(trial(number, status, score, architecture=proposal.architecture, key=key, epochs=proposal.epochs))
        assert len(calls) - before <= 3


def _promotion(strategy: Asha) -> int | None:
    """The number of the trial that should be promoted, by the definition."""
    for rung in reversed(range(1, len(strategy.epochs))):
        below, above = strategy._rungs[rung - 1], strategy._rungs[rung]
        scored = [each for each in below.values() if each.score is not None]
        scored.sort(key=lambda each: (-(each.score or 0.0), each.number))
        found = [each for each in scored[: len(below) // 3] if each.key not in above]
        if found:
            return found[0].number
    return None


def test_the_median_rule_looks_at_one_child_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rule's definition from all children's scores, and from the means that are kept in order."""
    means = list[int]()
    monkeypatch.setattr(median_rule, "fmean", lambda values: means.append(1) or fmean(values))
    rule, scores, rng = MedianPruner(startup=3), dict[int, dict[int, float]](), Random(0)
    for _ in range(1500):
        number, epochs, score = rng.randrange(60), rng.randrange(1, 6), round(rng.random(), 1)  # some are begun again
        scores.setdefault(number, {})[epochs] = score
        others = [
            fmean(value for epoch, value in known.items() if epoch <= epochs)
            for other, known in scores.items()
            if other != number and epochs in known
        ]
        wanted = len(others) >= 3 and max(scores[number].values()) < median(others)
        before = len(means)
        assert rule.should_stop(number, epochs, score) == wanted
        assert len(means) - before <= 2 * 5 + 1
    assert rule.should_stop(1, 1, float("nan")) in (True, False)
    assert rule.should_stop(2, 1, float("inf")) in (True, False)


def test_the_predictor_remembers_the_newer_half_and_the_best_of_the_others() -> None:
    rng, scores, memory, looks = Random(0), dict[str, float | None](), Memory(20), list[str]()

    def score_of(key: str) -> float | None:
        looks.append(key)
        return scores[key]

    for number in range(400):
        key = str(number)
        scores[key] = None if rng.random() < 0.1 else rng.randrange(50) / 10
        memory.add(key)
        if number == 200:
            scores["3"] = 99.0
            memory.forget()
        if number % 7 == 0:
            keys = list(scores)
            older = [each for each in keys[:-10] if scores[each] is not None]
            best = set(sorted(older, key=lambda each: -(scores[each] or 0.0))[:10])
            wanted = keys if len(keys) <= 20 else [each for each in keys[:-10] if each in best] + keys[-10:]
            assert memory.kept(score_of) == wanted
    assert len(looks) < 400 * 10


def test_a_replay_of_the_predictor_appends_nothing_that_a_rebuild_drops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predictor, "MAX_OBSERVATIONS", 20)
    appended = list[int]()
    append = predictor.Ensemble.append
    monkeypatch.setattr(predictor.Ensemble, "append", lambda self, row: appended.append(1) or append(self, row))
    told = play(strategies.get("predictor")(TOY_SPACE, members=1), TOY_SPACE, range(1, 51), workers=1)
    searched, again = len(appended), strategies.get("predictor")(TOY_SPACE, members=1)
    appended.clear()
    for each in told:
        again.tell(each)
    assert len(appended) < searched / 2
    asked = again.ask(51, Random(0), ())
    assert asked.architecture == _told(told).ask(51, Random(0), ()).architecture


def _told(trials: list[Trial]) -> Any:
    """A predictor that is asked after every trial, so that it appends each at once."""
    strategy = strategies.get("predictor")(TOY_SPACE, members=1)
    for each in trials:
        strategy.tell(each)
        strategy.ask(each.number + 1, Random(0), ())
    return strategy


def _whole(read: Callable[[Path], bytes]) -> Callable[[Path], bytes]:
    def read_bytes(path: Path) -> bytes:
        assert path.suffix != ".jsonl", "the log is read at once"
        return read(path)

    return read_bytes


def test_a_log_is_read_line_by_line_and_holds_equal_parts_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = RunStore.create(tmp_path, {"command": "search"})
    for number in range(1, 30):
        store.append(trial(number, note={"entropy": 0.5}))
    store.close()
    monkeypatch.setattr(Path, "read_bytes", _whole(Path.read_bytes))
    first, *others = RunStore.read(tmp_path).trials
    for other in others:
        assert all(a is b for a, b in zip(first.proposed.items, other.proposed.items, strict=True))
        assert all(a is b for a, b in zip(first.metrics, other.metrics, strict=True))
        assert all(a is b for a, b in zip(first.note, other.note, strict=True))
        assert "genes" not in vars(other.proposed)


def test_what_was_reported_is_read_each_epoch_once(tmp_path: Path) -> None:
    rng = Random(0)
    lines = [
        {"number": number, "seed": 0, "name": "", "epoch": epoch, "loss": rng.random()}
        for number, epochs in ((1, 3), (2, 2), (1, 2), (3, 1), (2, 4), (4, 2))
        for epoch in range(1, epochs + 1)
    ]
    (tmp_path / reported.CURVES).write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"number": 9')
    wanted = list({(line["number"], line["epoch"]): line for line in lines}.values())
    assert list(reported.each_epoch_once(tmp_path)) == wanted
    assert list(reported.each_epoch_once(tmp_path / "none")) == []


@pytest.mark.parametrize(
    "line", ["{}", "[1]", '{"number": "1"}', "x", '{"number": 1, "seed": 0, "epoch": 1, "name": 3}']
)
def test_a_line_that_no_training_reported_is_named(line: str, tmp_path: Path) -> None:
    good = '{"number": 1, "seed": 0, "epoch": 1, "loss": NaN}\n'
    (tmp_path / reported.CURVES).write_text(good + line + "\n")
    with pytest.raises(UsageError, match=r"line 2 of .*curves\.jsonl is not what a training reported"):
        list(reported.read_epochs(tmp_path))
