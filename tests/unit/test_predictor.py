"""The predictor: its encoding, its posterior, what it proposes."""

from random import Random

import numpy as np
import pytest

from nasbench.core.arch import Architecture, Choice, Decision, Range, check, sample
from nasbench.core.errors import UsageError
from nasbench.core.registry import spaces
from nasbench.core.seeds import trial_rng
from nasbench.core.spec import Size
from nasbench.core.trial import Proposal, Trial
from nasbench.strategies.predictor.features import Encoder
from nasbench.strategies.predictor.kernels import Geometry, Kernel, choose_kernels
from nasbench.strategies.predictor.model import Ensemble, Member
from nasbench.strategies.predictor.strategy import Predictor, expected_improvement
from nasbench.testing import TOY_SPACE, ToySpace, additive_score, check_strategy, play


class Grid(ToySpace):
    """15,625 architectures: six decisions of five options."""

    name = "grid"
    choices = tuple(Choice(f"edge_{i}", ("a", "b", "c", "d", "e")) for i in range(6))

    def canonical(self, architecture: Architecture) -> Architecture:
        return architecture


class Surface(ToySpace):
    """Two continuous decisions and one of names."""

    name = "surface"
    choices: tuple[Decision, ...] = (Range("x", -1.0, 3.0), Range("y", 0.0, 1.0), Choice("mode", ("flat", "steep")))
    default_size = Size()

    def canonical(self, architecture: Architecture) -> Architecture:
        return architecture


def hill(architecture: Architecture) -> float:
    genes = architecture.genes
    return -((float(genes["x"]) - 2.0) ** 2) - (float(genes["y"]) - 0.25) ** 2 + 0.5 * (genes["mode"] == "steep")


def told(strategy: Predictor, proposal: Proposal, score: float | None) -> Trial:
    key = strategy._space.canonical(proposal.architecture).key
    status = "failed" if score is None else "ok"
    trial = Trial(proposal.number, proposal.architecture, key, status, score, {}, 1, 0.0, 0, "", "", proposal.note)
    strategy.tell(trial)
    return trial


@pytest.mark.parametrize("space", [TOY_SPACE, Grid(), Surface()])
def test_points_are_architectures(space: ToySpace) -> None:
    encoder = Encoder(space.name, space.choices)
    for seed in range(20):
        architecture = sample(space.name, space.choices, Random(seed))
        back = encoder.architecture(encoder.point(architecture))
        check(back, space.choices)
        assert [gene for _, gene in back.items] == pytest.approx([gene for _, gene in architecture.items])
    points = encoder.sample(50, Random(0))
    mutants = encoder.mutate(points, np.full(50, 1), np.random.default_rng(0))
    assert ((mutants != points).sum(axis=1) <= 1).all()
    assert (mutants != points).any(axis=1).mean() > 0.9
    for point in mutants:
        check(encoder.architecture(point), space.choices)


def test_place_counts_differences_and_make_up_does_not_see_order() -> None:
    encoder = Encoder("grid", Grid.choices)
    features = encoder.features(np.array([[0, 1, 2, 3, 4, 0], [0, 1, 2, 3, 4, 1], [0, 4, 3, 2, 1, 0]]))
    place, make_up = features[:, : encoder.num_places], features[:, encoder.num_places :]
    squared = ((place[:, None] - place[None]) ** 2).sum(-1)
    assert squared == pytest.approx(np.array([[0, 1, 4], [1, 0, 5], [4, 5, 0]]))
    assert make_up[0] == pytest.approx(make_up[2])
    assert not np.allclose(make_up[0], make_up[1])


def test_a_posterior_that_grew_is_one_made_at_once() -> None:
    encoder, rng = Encoder("grid", Grid.choices), Random(3)
    features = encoder.features(encoder.sample(60, rng))
    asked, targets = encoder.features(encoder.sample(20, rng)), np.random.default_rng(0).standard_normal(60)
    geometry, kernel = Geometry(encoder.decision_of_place, 6), Kernel(3, 2, 3, (0.5, 0.0, -1.0, 0.0, 0.0, 0.3))
    grown = Member(kernel, geometry, features[:10])
    for row in features[10:]:
        grown.append(row)
    at_once = Member(kernel, geometry, features)
    none, pending = asked[:0], asked[:3]
    for waiting in (none, pending):
        for first, second in zip(
            grown.mean_and_variance(asked, targets, waiting),
            at_once.mean_and_variance(asked, targets, waiting),
            strict=True,
        ):
            assert first == pytest.approx(second, abs=1e-8)
    _, free = at_once.mean_and_variance(asked, targets, none)
    _, with_pending = at_once.mean_and_variance(asked, targets, pending)
    assert (with_pending <= free + 1e-12).all()
    assert (with_pending[:3] < free[:3] - 1e-3).all()


def test_means_at_the_observations_and_over_the_pool_agree_with_those_of_candidates() -> None:
    encoder, rng = Encoder("grid", Grid.choices), Random(4)
    points = np.unique(encoder.sample(200, rng), axis=0)
    pool = encoder.features(points)
    model = Ensemble(3, Geometry(encoder.decision_of_place, 6), pool)
    targets = np.random.default_rng(0).standard_normal(40)
    model.rebuild(pool[:30], targets[:30], from_scratch=True)
    for row in pool[30:40]:
        model.append(row)
    mean, _ = model.predict(pool, targets, pool[:0])
    assert model.pool_mean(targets) == pytest.approx(mean, abs=1e-4)
    assert model.fitted(targets) == pytest.approx(mean[:40], abs=1e-8)


def test_kernels_find_which_decisions_matter() -> None:
    encoder, rng = Encoder("grid", Grid.choices), Random(5)
    points = encoder.sample(60, rng)
    targets = np.random.default_rng(0).standard_normal((5, 5))[points[:, 0].astype(int), points[:, 3].astype(int)]
    geometry = Geometry(encoder.decision_of_place, 6)
    chosen = choose_kernels(geometry, encoder.features(points), targets, (), 4)
    posteriors = [posterior for _, posterior in chosen]
    assert posteriors == sorted(posteriors, reverse=True)
    again = choose_kernels(geometry, encoder.features(points), targets, [kernel for kernel, _ in chosen], 4)
    assert again[0][1] >= posteriors[0]
    relevance = np.array(again[0][0].relevance)
    assert relevance[[0, 3]].min() > relevance[[1, 2, 4, 5]].max()


def test_where_it_is_stuck_every_second_proposal_is_of_what_is_not_known() -> None:
    strategy = Predictor(Grid(), seed=0, initial=4, explore=0, patience=6)
    unsure = []
    for number in range(1, 25):
        proposal = strategy.ask(number, trial_rng(0, number), ())
        told(strategy, proposal, 0.5 if number > 4 else additive_score(proposal.architecture))
        unsure.append(proposal.note.get("deviation", 0.0))
    drawn, ordinary = unsure[13::2], unsure[14::2]  # numbers 14, 16... and 15, 17...
    assert min(drawn) > max(ordinary)


def test_expected_improvement_is_that_of_its_formula() -> None:
    draws = np.random.default_rng(0).standard_normal(200_000)
    for mean, deviation in ((0.0, 1.0), (-1.0, 0.5), (0.5, 0.2)):
        found = expected_improvement(np.array([mean]), np.array([deviation]), 0.3)[0]
        assert found == pytest.approx(np.maximum(mean + deviation * draws - 0.3, 0.0).mean(), abs=0.005)


def test_it_finds_the_best_of_a_small_space_soon() -> None:
    space = Grid()
    best = (
        sum(
            max(additive_score(Architecture("grid", ((c.name, option),))) for option in c.options)
            for c in space.choices
        )
        / 6
    )
    for seed in range(2):
        strategy = Predictor(space, seed=seed)
        scores = [told_score(strategy, number, seed) for number in range(1, 51)]
        assert max(scores) > best - 0.02


def told_score(strategy: Predictor, number: int, seed: int) -> float:
    proposal = strategy.ask(number, trial_rng(seed, number), ())
    score = additive_score(proposal.architecture)
    told(strategy, proposal, score)
    return score


def test_no_network_is_proposed_twice_while_there_are_others() -> None:
    history = play(Predictor(TOY_SPACE), TOY_SPACE, range(1, 101), workers=4)
    assert len({trial.key for trial in history[:72]}) == 72
    assert len(history) == 100


def test_in_a_large_space_no_network_is_proposed_twice() -> None:
    space = spaces.get("nasnet")()
    history = play(Predictor(space, candidates=64), space, range(1, 61), workers=4)
    assert len({trial.key for trial in history}) == 60


def test_a_continuous_space_can_be_searched() -> None:
    space = Surface()
    check_strategy(Predictor, space)
    strategy = Predictor(space)
    scores = []
    for number in range(1, 61):
        proposal = strategy.ask(number, trial_rng(0, number), ())
        scores.append(hill(proposal.architecture))
        told(strategy, proposal, scores[-1])
    assert max(scores) > 0.5 - 0.01
    assert max(scores) > max(scores[:8])


def test_what_fails_again_and_again_is_left() -> None:
    space, strategy = Grid(), Predictor(Grid())
    failed = []
    for number in range(1, 81):
        proposal = strategy.ask(number, trial_rng(1, number), ())
        bad = proposal.architecture.genes["edge_0"] == "e"
        failed.append(bad)
        told(strategy, proposal, None if bad else additive_score(proposal.architecture))
    assert sum(failed[40:]) <= 2
    only_failures = Predictor(space)
    for number in range(1, 30):
        told(only_failures, only_failures.ask(number, trial_rng(0, number), ()), None)
    assert only_failures.ask(30, Random(0), ()).note["blind"]


def test_the_first_proposals_and_every_second_early_one_are_blind_and_the_others_say_what_is_expected() -> None:
    strategy = Predictor(Grid(), initial=5, explore=10)
    notes = []
    for number in range(1, 14):
        proposal = strategy.ask(number, trial_rng(0, number), ())
        notes.append(proposal.note)
        told(strategy, proposal, additive_score(proposal.architecture))
    assert [note["blind"] for note in notes] == [True] * 6 + [False, True, False, True] + [False] * 3
    assert 0.5 < notes[6]["quantile"] < 1.0
    assert 0.0 < notes[6]["deviation"] < 3.0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"initials": 3}, "Did you mean 'initial'"),
        ({"initial": 1}, "must be at least 2; got 1"),
        ({"explore": -1}, "must be at least 0; got -1"),
        ({"members": 0}, r"must be in \[1, 20\]; got 0"),
        ({"members": 2.5}, "must be a whole number; got 2.5"),
        ({"candidates": "many"}, "must be a whole number; got 'many'. Default: 512"),
    ],
)
def test_a_wrong_option_is_named(options: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Predictor(TOY_SPACE, **options)


def test_replay_is_exact_where_the_model_forgets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nasbench.strategies.predictor.strategy.MAX_OBSERVATIONS", 20)
    check_strategy(Predictor, TOY_SPACE, num_trials=45)
    check_strategy(Predictor, spaces.get("nasnet")(), num_trials=25)
