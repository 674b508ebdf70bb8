"""The policies, the controllers that train them, and their options."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from math import exp, log
from random import Random
from typing import Any

import pytest
import torch

from nasbench.core.arch import Architecture, Choice, Decision, Range
from nasbench.core.errors import UsageError
from nasbench.core.protocols import SearchSpace
from nasbench.core.seeds import trial_rng
from nasbench.core.trial import Trial
from nasbench.strategies.controller.adam import Adam, Sgd
from nasbench.strategies.controller.controller import Controller
from nasbench.strategies.controller.lstm import LstmPolicy
from nasbench.strategies.controller.policy import Policy, TablePolicy
from nasbench.strategies.controller.ppo import Ppo
from nasbench.strategies.controller.reinforce import Reinforce
from nasbench.strategies.random import RandomSearch
from nasbench.testing import TOY_SPACE, additive_score, play

CHOICES = (Choice("a", (1, 2)), Choice("b", ("x",)), Choice("c", ("p", "q", "r")))
ALL = [list(indices) for indices in product(range(2), range(1), range(3))]


def policies(choices: Sequence[Decision], seed: int = 0) -> list[Policy]:
    """One of each kind, away from uniform."""
    table, lstm = TablePolicy(choices), LstmPolicy(choices, seed)
    with torch.no_grad():
        for parameter in (table.logits, lstm.head_bias):
            parameter.copy_(torch.linspace(-1.5, 1.5, parameter.numel(), dtype=parameter.dtype).view_as(parameter))
    table.refresh()
    lstm.refresh()
    return [table, lstm]


@pytest.mark.parametrize("policy", policies(CHOICES))
def test_probabilities_of_all_architectures_add_up_to_one(policy: Policy) -> None:
    log_prob, entropy = policy.log_prob_and_entropy(ALL)
    assert float(log_prob.detach().exp().sum()) == pytest.approx(1.0, abs=1e-12)
    assert bool((entropy <= log(2) + log(3)).all())
    assert bool((entropy > 0).all())


@pytest.mark.parametrize("policy", policies(TOY_SPACE.choices, seed=1))
@pytest.mark.parametrize("uniform_share", [0.0, 0.5, 1.0])
def test_a_sample_carries_its_own_log_probability_and_entropy(policy: Policy, uniform_share: float) -> None:
    for draw in range(5):
        indices, log_prob, entropy = policy.sample(Random(draw), uniform_share)
        expected_log_prob, expected_entropy = policy.log_prob_and_entropy([indices])
        assert log_prob == pytest.approx(float(expected_log_prob.detach()), abs=1e-12)
        assert entropy == pytest.approx(float(expected_entropy.detach()), abs=1e-12)
        assert policy.indices(policy.architecture("toy", indices)) == indices


@pytest.mark.parametrize("policy", policies(CHOICES, seed=2))
def test_samples_come_as_often_as_their_probability_says(policy: Policy) -> None:
    rng = Random(0)
    counts = Counter(tuple(policy.sample(rng)[0]) for _ in range(2000))
    log_prob, _ = policy.log_prob_and_entropy(ALL)
    for indices, value in zip(ALL, log_prob.tolist(), strict=True):
        probability = exp(value)
        deviation = (probability * (1 - probability) / 2000) ** 0.5
        assert counts[tuple(indices)] / 2000 == pytest.approx(probability, abs=4 * deviation + 1e-9)


def test_initial_weights_are_uniform_and_follow_from_the_seed_alone() -> None:
    torch.manual_seed(1)
    first = torch.cat([p.detach().flatten() for p in LstmPolicy(TOY_SPACE.choices, seed=0).parameters()])
    torch.manual_seed(2)
    again = torch.cat([p.detach().flatten() for p in LstmPolicy(TOY_SPACE.choices, seed=0).parameters()])
    other = torch.cat([p.detach().flatten() for p in LstmPolicy(TOY_SPACE.choices, seed=1).parameters()])
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert -0.1 <= float(first.min()) < -0.0999
    assert 0.0999 < float(first.max()) <= 0.1
    assert float(first.std()) == pytest.approx(0.2 / 12**0.5, rel=0.01)


def test_every_weight_but_the_padding_learns() -> None:
    policy = LstmPolicy(CHOICES, seed=0)
    policy.add_gradient(ALL, lambda log_probs, entropies: ([2 * value for value in log_probs], [1.0] * len(entropies)))
    dead = {name: int((p.grad == 0).sum()) for name, p in policy.named_parameters() if p.grad is not None}
    # Of 3 x 3 columns of softmaxes, 6 are options; the one option of 'b' has probability 1 whatever its weights are.
    assert dead == {name: {"head_weight": 400, "head_bias": 4}.get(name, 0) for name in dead}
    assert len(dead) == 7


def test_continuous_decisions_are_refused() -> None:
    class Surface:
        name, choices, default_size = "surface", (Range("alpha", 1.0, 2.0),), TOY_SPACE.default_size

    for strategy in (Ppo, Reinforce):
        with pytest.raises(UsageError, match="need categorical decisions; 'alpha' is a range"):
            strategy(Surface())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("strategy", "options", "message"),
    [
        (Ppo, {"learning_rate": 0.1}, "no option of the strategy 'ppo' named 'learning_rate'"),
        (Ppo, {"epoch": 2}, "Did you mean 'epochs'"),
        (Ppo, {"epochs": 2.5}, "must be a whole number; got 2.5"),
        (Ppo, {"epochs": 0}, "must be at least 1; got 0. Nearest: 1; default: 2"),
        (Ppo, {"clip": 1.5}, r"must be in \[0, 1\]; got 1.5"),
        (Reinforce, {"clip": 0.2}, "no option of the strategy 'reinforce' named 'clip'"),
        (Reinforce, {"lr": float("nan")}, "must be a number"),
        (Reinforce, {"lr": "fast"}, "must be a number; got 'fast'. Default: 0.3"),
        (Reinforce, {"batch_size": True}, "must be a whole number; got True"),
        (Reinforce, {"unique": 2}, r"must be in \[0, 1\]; got 2"),
        (Ppo, {"hidden_units": -1}, "must be at least 0; got -1"),
        (Ppo, {"imitate": 0.1}, "Did you mean 'imitation'"),
        (RandomSearch, {"lr": 0.1}, "It has no options"),
    ],
)
def test_a_wrong_option_is_named(strategy: Any, options: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        strategy(TOY_SPACE, **options)


def test_options_may_be_text() -> None:
    as_text, as_numbers = (
        Ppo(TOY_SPACE, lr="0.01", epochs="2", batch_size="4"),
        Ppo(TOY_SPACE, lr=0.01, epochs=2, batch_size=4),
    )
    assert play(as_text, TOY_SPACE, range(1, 20)) == play(as_numbers, TOY_SPACE, range(1, 20))


def answer(controller: Controller, number: int, score: float | None, **changes: Any) -> Trial:
    proposal = controller.ask(number, trial_rng(0, number), ())
    status = "failed" if score is None else "ok"
    trial = Trial(number, proposal.architecture, "", status, score, {}, 1, 0.0, 0, "", "", proposal.note)
    return replace(trial, **changes)


def test_the_note_says_what_the_controller_knew() -> None:
    controller = Reinforce(TOY_SPACE, batch_size=2)
    first = controller.ask(1, Random(0), ()).note
    assert (first["baseline"], first["updates"], first["loss"], first["blind"]) == (None, 0, None, True)
    controller.tell(answer(controller, 1, 0.5))
    assert controller.ask(2, Random(0), ()).note == {**first, "baseline": 0.5}
    controller.tell(answer(controller, 2, 1.0))
    second = controller.ask(3, Random(0), ()).note
    assert second["baseline"] == pytest.approx(0.95 * 0.5 + 0.05 * 1.0)
    assert (second["updates"], second["blind"]) == (1, False)
    assert isinstance(second["loss"], float)


def test_answers_without_a_reward_or_a_known_proposer_are_not_counted() -> None:
    controller = Ppo(TOY_SPACE, batch_size=1, unique=0)
    before = controller.ask(9, Random(0), ())
    for number in range(1, 4):
        controller.tell(answer(controller, number, None))
        controller.tell(answer(controller, number, float("nan")))
        controller.tell(answer(controller, number, 0.9, note={"control": True}))
        controller.tell(answer(controller, number, 0.9, note={"log_prob": float("nan")}))
    assert controller.ask(9, Random(0), ()) == before
    controller.tell(answer(controller, 4, 0.9, status="pruned"))
    controller.tell(answer(controller, 5, 0.2, status="cached", of=1))
    assert controller.updates == 2


def test_reinforce_never_counts_a_stale_trial_for_more_than_a_fresh_one() -> None:
    told = [(-2.0, -2.0, 1.0), (-1.0, -2.0, 2.0), (-3.0, -2.0, 3.0)]
    slopes = [Reinforce(TOY_SPACE).objective(*each)[1] for each in told]
    assert slopes == pytest.approx([1.0, 2.0, 3.0 * exp(-1.0)])


def test_ppo_stops_at_the_clip_and_nothing_overflows() -> None:
    told = [(0.0, 1.0), (log(1.5), 1.0), (log(0.5), -1.0), (log(0.5), 1.0), (1000.0, 0.0), (1000.0, -1.0)]
    found = [Ppo(TOY_SPACE, clip=0.2).objective(log_prob, 0.0, advantage) for log_prob, advantage in told]
    assert [value for value, _ in found] == pytest.approx([1.0, 1.2, -0.8, 0.5, 0.0, -exp(20)])
    assert [slope for _, slope in found] == pytest.approx([1.0, 0.0, 0.0, 0.5, 0.0, 0.0])


@pytest.mark.parametrize("strategy", [Ppo, Reinforce])
@pytest.mark.parametrize("log_prob", [-0.7, -0.1, 0.0, 0.3])
@pytest.mark.parametrize("advantage", [-1.5, 0.8])
def test_an_objective_grows_as_its_slope_says(
    strategy: type[Ppo] | type[Reinforce], log_prob: float, advantage: float
) -> None:
    def value(moved: float) -> float:  # the weight of a stale trial is held fixed
        if strategy is Reinforce:
            return Reinforce(TOY_SPACE).objective(log_prob, 0.0, advantage)[1] * moved
        return Ppo(TOY_SPACE).objective(moved, 0.0, advantage)[0]

    numeric = (value(log_prob + 1e-6) - value(log_prob - 1e-6)) / 2e-6
    assert strategy(TOY_SPACE).objective(log_prob, 0.0, advantage)[1] == pytest.approx(numeric, abs=1e-6)


def test_adam_is_that_of_torch() -> None:
    mine, theirs = (torch.nn.Parameter(torch.linspace(-1, 1, 5, dtype=torch.float64)) for _ in range(2))
    adam, reference = Adam([mine], lr=0.1), torch.optim.Adam([theirs], lr=0.1)
    for step in range(1, 20):
        for parameter in (mine, theirs):
            parameter.grad = None
            (parameter.sin() * step).sum().backward()
        adam.step()
        reference.step()
        assert torch.allclose(mine, theirs, rtol=0, atol=1e-14)


def learned(name: str, **options: float) -> list[object]:
    """What a controller proposes after learning from 60 trials."""
    controller: Controller = {"ppo": Ppo, "reinforce": Reinforce}[name](
        TOY_SPACE, seed=5, batch_size=4, lr=0.01, **options
    )
    play(controller, TOY_SPACE, range(1, 61), statuses=("ok",))
    return [repr(controller.ask(n, Random(n), ())) for n in range(61, 71)]


def test_proposals_do_not_depend_on_threads_or_process() -> None:
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        expected = learned("ppo", hidden_units=100) + learned("reinforce")
        torch.set_num_threads(4)
        assert learned("ppo", hidden_units=100) + learned("reinforce") == expected
        assert torch.get_num_threads() == 4
    finally:
        torch.set_num_threads(before)
    learn = "print(learned('ppo', hidden_units=100) + learned('reinforce'))"
    code = f"import torch; torch.manual_seed(7); from test_policy import learned; {learn}"
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": "2",
        "PYTHONHASHSEED": "17",
        "PYTHONPATH": os.path.dirname(__file__),
    }
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(expected)


@pytest.mark.parametrize("options", [{"unique": 0}, {**Ppo.paper, "lr": 0.01}])
def test_ppo_learns_what_pays_in_a_small_space(options: dict[str, float]) -> None:
    assert_learns(Ppo(TOY_SPACE, **options))


@pytest.mark.parametrize("options", [{"unique": 0}, {**Reinforce.paper, "lr": 0.01}])
def test_reinforce_learns_what_pays_in_a_small_space(options: dict[str, float]) -> None:
    assert_learns(Reinforce(TOY_SPACE, **options))


def assert_learns(controller: Controller) -> None:
    scores = [additive_score(trial.architecture) for trial in play(controller, TOY_SPACE, range(1, 401))]
    assert sum(scores[-100:]) / 100 > sum(scores[:30]) / 30 + 0.1


@pytest.mark.parametrize("strategy", [Ppo, Reinforce])
def test_no_network_is_proposed_twice_while_there_are_others(strategy: type[Ppo] | type[Reinforce]) -> None:
    history = play(strategy(TOY_SPACE), TOY_SPACE, range(1, 61))
    assert len({trial.key for trial in history}) == 60
    history = play(strategy(TOY_SPACE), TOY_SPACE, range(1, 121))
    assert len({trial.key for trial in history}) == 72  # all there are; then the search goes on


@pytest.mark.parametrize("strategy", [Ppo, Reinforce])
def test_the_published_settings_are_an_lstm_in_batches(strategy: type[Ppo] | type[Reinforce]) -> None:
    controller = strategy(TOY_SPACE, **strategy.paper)
    assert isinstance(controller.policy, LstmPolicy)
    play(controller, TOY_SPACE, range(1, 61), statuses=("ok",))
    assert controller.updates == {Ppo: 3, Reinforce: 7}[strategy]


@pytest.mark.parametrize("hidden_units", [0, 100])
def test_a_repaired_proposal_gets_the_log_probability_of_what_was_trained(hidden_units: int) -> None:
    asked, repaired = (Ppo(TOY_SPACE, hidden_units=hidden_units) for _ in range(2))
    for controller in (asked, repaired):
        for number in range(1, 9):
            controller.tell(answer(controller, number, number / 10))
    trial = answer(asked, 9, 0.9)
    lie = {**trial.note, "log_prob": -50.0}
    asked.tell(trial)
    repaired.tell(replace(trial, note={**lie, "repaired": True}))
    after = [controller.ask(10, Random(0), ()) for controller in (asked, repaired)]
    assert after[0].architecture == after[1].architecture
    assert after[0].note["log_prob"] == pytest.approx(after[1].note["log_prob"], abs=1e-9)


def test_ranked_advantages_know_no_scale() -> None:
    plain, stretched = Reinforce(TOY_SPACE, seed=1), Reinforce(TOY_SPACE, seed=1)
    for number in range(1, 20):
        score = Random(number).random()
        plain.tell(answer(plain, number, score))
        stretched.tell(answer(stretched, number, 0.9 + score**9 / 1000))
    first, second = (dict(controller.ask(20, Random(0), ()).note) for controller in (plain, stretched))
    assert {**first, "baseline": 0} == {**second, "baseline": 0}


def test_plain_steps_are_those_of_torch() -> None:
    mine, theirs = (torch.nn.Parameter(torch.linspace(-1, 1, 5, dtype=torch.float64)) for _ in range(2))
    steps, reference = Sgd([mine], lr=0.1), torch.optim.SGD([theirs], lr=0.1)
    for _ in range(5):
        for parameter in (mine, theirs):
            parameter.grad = None
            parameter.sin().sum().backward()
        steps.step()
        reference.step()
    assert torch.equal(mine, theirs)


def test_a_foreign_architecture_is_named() -> None:
    space: SearchSpace = TOY_SPACE
    with pytest.raises(UsageError, match="missing decisions"):
        Ppo(space).tell(answer(Ppo(space), 1, 0.5, architecture=Architecture.of("other", {"x": 1})))
