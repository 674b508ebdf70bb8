"""The predictor with several objectives: the growth of the hypervolume, and what it proposes."""

from functools import partial
from itertools import pairwise

import numpy as np
import pytest

from nasbench.core.arch import Architecture, Choice
from nasbench.core.pareto import undominated
from nasbench.core.seeds import trial_rng
from nasbench.core.trial import Trial
from nasbench.strategies.predictor.front import (
    LOWEST,
    MARGIN,
    expected_growth,
    front_targets,
    nearness,
    reference_of,
)
from nasbench.strategies.predictor.strategy import Predictor
from nasbench.testing import TOY_SPACE, ToySpace, check_strategy


class Small(ToySpace):
    """625 architectures: four decisions of five options."""

    name = "small"
    choices = tuple(Choice(f"edge_{i}", ("a", "b", "c", "d", "e")) for i in range(4))

    def canonical(self, architecture: Architecture) -> Architecture:
        return architecture


FRONT = np.array([[1.0, 0.0], [0.6, 0.7], [0.2, 0.6], [0.0, 1.0]])


def volume(points: np.ndarray) -> float:
    """The area that points dominate above the reference."""
    front = sorted(points[undominated([tuple(row) for row in points.tolist()])].tolist())
    return sum((right[0] - left[0]) * (right[1] + MARGIN) for left, right in pairwise([[-MARGIN, 0.0], *front]))


def test_the_growth_of_two_objectives_is_that_of_draws() -> None:
    mean, deviation = np.array([[0.9, 0.5], [0.2, 0.3], [-0.1, 1.1]]), np.array([[0.2, 0.1], [0.3, 0.3], [0.2, 0.1]])
    generator = np.random.default_rng(0)
    draws = mean + deviation * generator.standard_normal((4000, *mean.shape))  # (draws, candidates, 2)
    before = volume(FRONT)
    for place, growth in enumerate(expected_growth(mean, deviation, FRONT)):
        drawn = [volume(np.vstack([FRONT, np.maximum(draw, -MARGIN)])) - before for draw in draws[:, place]]
        assert growth == pytest.approx(np.mean(drawn), abs=4 * np.std(drawn) / np.sqrt(len(drawn)) + 1e-4)


def test_of_three_objectives_what_is_beyond_the_front_grows_it() -> None:
    front = np.array([[3.0, 1.0, 1.0], [1.0, 3.0, 1.0], [1.0, 1.0, 3.0]])
    mean = np.array([[0.9, 0.9, 0.9], [2.0, 2.0, 2.0], [3.0, 3.0, 3.0]])
    growth = expected_growth(mean, np.full_like(mean, 1e-6), front)
    assert growth[0] < 1e-6 < growth[1] < growth[2]


@pytest.mark.parametrize("others", [(), (0.3,)], ids=["two objectives", "three"])
def test_what_lies_beyond_the_end_of_the_front_counts_on_every_second_proposal(others: tuple[float, ...]) -> None:
    """Nothing as expensive was seen, and it is expected to be more accurate."""
    front = np.array([[1.0, 0.0, *others], [0.5, 0.5, *others], [0.0, 1.0, *others]])
    expensive = np.array([[1.1, -0.9, *others], [0.2, 0.2, *others]])
    deviation = np.full_like(expensive, 0.1)
    assert expected_growth(expensive, deviation, front)[0] < 1e-6
    assert expected_growth(expensive, deviation, front, ends=True)[0] > 0.01
    assert nearness(expensive, ends=True)[0] == 0


def test_the_lower_reference_lies_below_what_the_best_in_one_objective_have_in_the_others() -> None:
    values = np.array([[1.0, -0.9], [0.99, -0.7], [0.5, 0.5], [0.0, 1.0], [-1.0, 1.0]])
    assert reference_of(values, ends=False).tolist() == [-MARGIN, -MARGIN]
    assert reference_of(values, ends=True).tolist() == pytest.approx([-MARGIN, -0.8])


def test_random_proposals_end_earlier_than_with_one_objective() -> None:
    assert [blind(()), blind(("score", "-seconds"))] == [20, 12]


def blind(objectives: tuple[str, ...]) -> int:
    """Random ones among forty, of which eight come before the first model."""
    strategy, found = Predictor(Small(), objectives=objectives, members=1), 0
    for number in range(1, 41):
        proposal = strategy.ask(number, trial_rng(0, number), ())
        metrics = {"score": measured(proposal.architecture, 1.0)["accuracy"], "seconds": 1.0 + number % 7}
        key = Small().canonical(proposal.architecture).key
        strategy.tell(
            Trial(number, proposal.architecture, key, "ok", metrics["score"], metrics, 1, 0.0, 0, "", "", proposal.note)
        )
        found += proposal.note["blind"]
    return found


def test_targets_are_places_on_the_front() -> None:
    values = [(90.0, -100.0), (80.0, -10.0), None, (88.0, -50.0), (10.0, -1000.0)]
    accuracy, cost = front_targets(values, ranks=0.5)
    assert accuracy.tolist() == pytest.approx([1.0, 0.0, -0.25, 0.65, LOWEST])
    assert cost.tolist() == pytest.approx([0.0, 1.0, -0.25, (5 / 9 + 0.5) / 2, LOWEST])


def test_near_the_front_are_points_of_every_part_of_it() -> None:
    points = np.array([[3.0, 0.2], [0.2, 3.0], [1.5, 1.5], [0.5, 0.5], [0.1, 0.1]])
    assert set(np.argsort(-nearness(points), kind="stable")[:3]) == {0, 1, 2}


@pytest.mark.parametrize("objectives", [("accuracy", "macs"), ("accuracy", "macs", "+ease")])
def test_it_proposes_along_the_front_whatever_the_unit_of_the_cost(objectives: tuple[str, ...]) -> None:
    found = [proposed(objectives, unit) for unit in (1.0, 2.0**-20)]
    assert found[0] == found[1]
    assert proposed(("accuracy", "macs"), 1.0) != proposed(("accuracy",), 1.0)


def proposed(objectives: tuple[str, ...], unit: float) -> list[str]:
    strategy, space, seen = Predictor(Small(), objectives=objectives, members=1, explore=8), Small(), []
    for number in range(1, 14):
        proposal = strategy.ask(number, trial_rng(0, number), ())
        metrics = measured(proposal.architecture, unit)
        key, score = space.canonical(proposal.architecture).key, metrics["accuracy"]
        strategy.tell(Trial(number, proposal.architecture, key, "ok", score, metrics, 1, 0.0, 0, "", "", proposal.note))
        seen.append(key)
    return seen


def measured(architecture: Architecture, unit: float) -> dict[str, float]:
    options = list(architecture.genes.values())
    large = sum("abcde".index(str(option)) for option in options)
    return {"accuracy": 1 - 1 / (1 + large) + 0.01 * (options[0] == "c"), "macs": unit * large, "ease": -large}


def test_it_keeps_the_contract_with_objectives() -> None:
    check_strategy(partial(Predictor, objectives=("score", "-seconds"), members=1), TOY_SPACE, num_trials=30)
