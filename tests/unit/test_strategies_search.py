"""Evolution, local search and Optuna's two: what each makes of the answers, alone and with several workers."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import optuna
import pytest

from nasbench.core.arch import Architecture, Choice, Range
from nasbench.core.errors import UsageError
from nasbench.core.objectives import pareto_front, parse_objectives
from nasbench.core.protocols import SearchSpace, Strategy
from nasbench.core.registry import spaces, strategies
from nasbench.core.seeds import trial_rng
from nasbench.core.spec import Size
from nasbench.core.trial import Proposal, Trial
from nasbench.testing import TOY_SPACE, additive_score, check_strategy
from unit.toys import trial


class MixedSpace:
    """A continuous decision, a categorical one, and one that leaves no choice."""

    name = "mixed"
    choices = (Range("width", 0.5, 2.0), Choice("op", ("a", "b", "c")), Choice("fixed", (1,)))
    default_size = Size()

    def canonical(self, architecture: Architecture) -> Architecture:
        return architecture

    def build(self, architecture: Architecture, size: Size, task: object) -> Any:
        raise AssertionError("never built")


NAMES = ("random", "evolution", "local_search", "tpe", "nsga2", "asha")


def make(name: str, space: SearchSpace = TOY_SPACE, **options: object) -> Strategy:
    strategy: Strategy = strategies.get(name)(space, seed=0, **options)
    return strategy


def answered(proposal: Proposal, space: SearchSpace, score: float | None, **changes: Any) -> Trial:
    key = space.canonical(proposal.architecture).key
    metrics = {} if score is None else {"val_accuracy": score}
    return trial(
        number=proposal.number,
        architecture=proposal.architecture,
        key=key,
        status="failed" if score is None else "ok",
        score=score,
        note=proposal.note,
        **{"metrics": metrics, "epochs": proposal.epochs or 1, **changes},
    )


def play(
    strategy: Strategy,
    space: SearchSpace,
    count: int,
    score: Callable[[Architecture], float | None] = additive_score,
    seed: int = 0,
) -> list[Trial]:
    history = []
    for number in range(1, count + 1):
        proposal = strategy.ask(number, trial_rng(seed, number), ())
        history.append(answered(proposal, space, score(proposal.architecture)))
        strategy.tell(history[-1])
    return history


def best(history: Sequence[Trial]) -> float:
    return max(trial.score or 0.0 for trial in history)


@pytest.mark.parametrize("name", NAMES)
def test_a_continuous_decision_and_one_without_a_choice(name: str) -> None:
    check_strategy(lambda space: make(name, space), MixedSpace(), num_trials=45)


@pytest.mark.parametrize("name", ["evolution", "local_search", "tpe", "nsga2"])
def test_better_than_random_over_fifty_decisions(name: str) -> None:
    space = spaces.get("nasnet")()
    found = best(play(make(name, space), space, 100))
    assert found > max(best(play(make("random", space), space, 100, seed=seed)) for seed in range(3))


@pytest.mark.parametrize("name", ["evolution", "local_search", "tpe", "nsga2"])
def test_no_network_is_proposed_twice_while_there_are_others(name: str) -> None:
    history = play(make(name), TOY_SPACE, 40)
    chosen = [trial.key for trial in history if not trial.note.get("blind")]
    assert len(chosen) > 15
    assert len(set(chosen)) == len(chosen)


@pytest.mark.parametrize("name", ["evolution", "local_search", "tpe", "nsga2"])
def test_what_is_running_is_not_proposed_again(name: str) -> None:
    strategy = make(name)
    play(strategy, TOY_SPACE, 25)
    running: list[Proposal] = []
    for number in range(26, 36):
        running.append(strategy.ask(number, trial_rng(0, number), tuple(running)))
    keys = [TOY_SPACE.canonical(proposal.architecture).key for proposal in running if not proposal.note.get("blind")]
    assert len(set(keys)) == len(keys) > 0


def test_evolution_forgets_its_oldest_however_good() -> None:
    strategy = make("evolution", population=3, sample=3)
    history = play(strategy, TOY_SPACE, 2, score=lambda _: 0.9)
    for number in range(3, 6):
        history += [answered(strategy.ask(number, Random(number), ()), TOY_SPACE, 0.1 * number)]
        strategy.tell(history[-1])
    parents = {strategy.ask(9, Random(draw), ()).note["parent"] for draw in range(40)}
    assert parents <= {3, 4, 5}
    assert 5 in parents


def test_a_child_of_evolution_differs_from_its_parent_in_one_decision() -> None:
    strategy = make("evolution", population=5, sample=2)
    by_number = {known.number: known for known in play(strategy, TOY_SPACE, 30)}
    children = [known for known in by_number.values() if "parent" in known.note]
    assert [known.number for known in by_number.values() if known.note.get("blind")] == [1, 2, 3, 4, 5]
    for child in children:
        parent = by_number[child.note["parent"]]
        assert sum(a != b for a, b in zip(child.architecture.items, parent.architecture.items, strict=True)) == 1
        assert child.key != parent.key


def test_failed_trials_do_not_enter_the_population() -> None:
    strategy = make("evolution", population=2, sample=2)
    play(strategy, TOY_SPACE, 10, score=lambda _: None)
    assert strategy.ask(11, Random(0), ()).note == {"blind": True}


def test_evolution_counts_what_is_running_as_part_of_its_first_population() -> None:
    strategy = make("evolution", population=4, sample=2)
    play(strategy, TOY_SPACE, 2)
    running = tuple(strategy.ask(number, Random(number), ()) for number in (3, 4))
    assert "parent" in strategy.ask(5, Random(5), running).note
    assert strategy.ask(5, Random(5), running[:1]).note == {"blind": True}


def test_local_search_climbs_and_starts_again_at_a_local_optimum() -> None:
    def score(architecture: Architecture) -> float:
        genes = architecture.genes
        return float(genes["op"] == "b") if genes["x"] == 0 else 2.0 * (genes["op"] == "c") - 1.0

    class TwoHills(MixedSpace):
        name = "hills"
        choices = (Choice("x", (0, 1)), Choice("op", ("a", "b", "c")))  # type: ignore[assignment]

    space = TwoHills()
    history = play(make("local_search", space, starts=1), space, 12, score)
    assert best(history) == 1.0
    restarts = [known for known in history if "leaves" in known.note]
    assert restarts, "all neighbours of a local optimum were tried"
    left = next(known for known in history if known.number == restarts[0].note["leaves"])
    around = [known for known in history if known.note.get("centre") == left.number]
    assert all((known.score or 0.0) <= (left.score or 0.0) for known in around)


def test_local_search_does_not_try_again_what_was_not_evaluated_as_proposed() -> None:
    space = MixedSpace()
    strategy = make("local_search", space, starts=1)
    start = answered(strategy.ask(1, Random(0), ()), space, 0.9)
    strategy.tell(start)
    proposed = []
    for number in range(2, 12):  # 2 other options and 8 steps of the width, each of them repaired to the start
        proposal = strategy.ask(number, Random(number), ())
        proposed.append(proposal.architecture.key)
        strategy.tell(answered(Proposal(number, start.architecture, note=proposal.note), space, 0.9))
    assert len(set(proposed)) == 10
    assert "leaves" in strategy.ask(12, Random(12), ()).note


def test_optuna_is_quiet_and_left_as_it_was(capfd: pytest.CaptureFixture[str]) -> None:
    level = optuna.logging.get_verbosity()
    play(make("nsga2"), TOY_SPACE, 25)
    assert optuna.logging.get_verbosity() == level
    assert capfd.readouterr() == ("", "")


def test_nsga2_moves_the_front_of_two_objectives() -> None:
    space = spaces.get("nasnet")()
    objectives = parse_objectives(["val_accuracy,macs"])

    def front(strategy: Strategy) -> list[tuple[float, float]]:
        history = []
        for number in range(1, 151):
            proposal = strategy.ask(number, trial_rng(0, number), ())
            score = additive_score(proposal.architecture)
            macs = sum(str(gene).startswith(("sep", "conv")) for gene in proposal.architecture.genes.values())
            history.append(answered(proposal, space, score, metrics={"val_accuracy": score, "macs": macs}))
            strategy.tell(history[-1])
        return [(known.metrics["val_accuracy"], -known.metrics["macs"]) for known in pareto_front(history, objectives)]

    found, drawn = front(make("nsga2", space, objectives=("val_accuracy", "macs"))), front(make("random", space))
    beaten = [point for point in drawn if any(a > point[0] and b > point[1] for a, b in found)]
    assert len(beaten) > 0.8 * len(drawn)


def test_nsga2_learns_nothing_from_what_lacks_an_objective() -> None:
    strategy = make("nsga2", objectives=("val_accuracy", "macs"), population=2)
    play(strategy, TOY_SPACE, 10)
    assert strategy.ask(11, Random(0), ()).note["blind"]


@pytest.mark.parametrize("generation", ["1", 1.0, None, [1], True, -1, 10**18])
def test_a_generation_that_no_search_writes_is_refused(generation: object) -> None:
    """Optuna compares generations, and calls itself once for each."""
    strategy = make("nsga2")
    proposal = strategy.ask(5, Random(0), ())
    told = answered(
        Proposal(5, proposal.architecture, note={"sampler": {"NSGAIISampler:generation": generation}}), TOY_SPACE, 0.5
    )
    with pytest.raises(UsageError, match=r"trial 5: 'NSGAIISampler:generation' .* whole number from 0 to 5; got"):
        strategy.tell(told)


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("evolution", {"population": 5, "sample": 6}, ["'sample'", "5", "6"]),
        ("evolution", {"population": 1}, ["'population'", "at least 2"]),
        ("evolution", {"popultion": 10}, ["'popultion'", "Did you mean 'population'"]),
        ("local_search", {"starts": 0}, ["'starts'", "at least 1"]),
        ("tpe", {"candidates": "many"}, ["'candidates'", "a whole number", "'many'"]),
        ("nsga2", {"population": 1}, ["'population'", "at least 2"]),
        ("nsga2", {"objectives": ("val_accuracy", "speed")}, ["'speed'", "+speed", "-speed"]),
        ("asha", {"eta": 1}, ["'eta'", "at least 2"]),
        ("asha", {"epochs": 3, "min_epochs": 4}, ["'min_epochs'", "3", "4"]),
        ("asha", {"sampler": "asha"}, ["'sampler'", "another strategy"]),
        ("asha", {"sampler": "tpee"}, ["'tpee'", "Did you mean 'tpe'"]),
    ],
)
def test_wrong_options_are_named(name: str, options: dict[str, object], words: list[str]) -> None:
    with pytest.raises(UsageError) as error:
        make(name, **options)
    for word in words:
        assert word in str(error.value)
