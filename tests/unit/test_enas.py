"""The controller that draws a supernet's paths: what it learns from, and what it refuses."""

from dataclasses import asdict
from functools import partial
from inspect import signature
from pathlib import Path
from random import Random

import pytest
import torch

from nasbench.core.arch import Architecture, Range
from nasbench.core.errors import UsageError
from nasbench.core.registry import samplers, strategies
from nasbench.core.spec import task_record
from nasbench.core.supernet_run import CONTROLLER, SupernetRun
from nasbench.samplers.enas import Enas
from nasbench.strategies.controller.enas import OF_SAMPLER, RELEASED
from nasbench.strategies.controller.lstm import LstmPolicy
from nasbench.strategies.controller.policy import Softmax, TablePolicy
from nasbench.strategies.controller.reinforce import OPTIONS
from nasbench.testing import TOY_SPACE, ToySpace, check_strategy
from nasbench.testing.toy import play
from nasbench.train.checkpoint import save_weights
from unit.supernet_runs import DIGITS, SIZE, make_run


def test_it_comes_to_draw_what_scores_best() -> None:
    sampler = Enas(TOY_SPACE, steps=20, samples=5, lr=0.03, hidden_units=16)

    def share() -> float:
        drawn = [sampler.paths(Random(number))[0].genes for number in range(100)]
        return sum(genes["filters"] == 16 for genes in drawn) / 100

    before = share()
    for turn in range(3):
        reported = sampler.learn(lambda path: float(path.genes["filters"] == 16), Random(turn))
    assert before < 0.5 < share()
    assert set(reported) == {"controller_reward", "controller_entropy"}


def test_the_entropy_is_in_the_reward_and_scores_are_of_canonical_forms() -> None:
    seen: list[Architecture] = []

    def score(path: Architecture) -> float:
        seen.append(path)
        return 0.25

    sampler = Enas(TOY_SPACE, steps=2, samples=3, entropy_weight=0.1)
    reported = sampler.learn(score, Random(0))
    told = sampler.told()
    assert len(told) == len(seen) == 6
    mean = sum(reward for _, _, reward in told) / 6
    assert mean == pytest.approx(0.25 + 0.1 * reported["controller_entropy"])
    assert all(path == TOY_SPACE.canonical(path) for path in seen)
    for (places, _, _), path in zip(told, seen, strict=True):
        genes = {each.name: each.options[place] for each, place in zip(TOY_SPACE.choices, places, strict=True)}
        assert TOY_SPACE.canonical(Architecture.of("toy", genes)) == path


class Continuous(ToySpace):
    choices = (*ToySpace.choices, Range("rate", 0.0, 1.0))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"steps": 0}, "option 'steps' of the sampler 'enas' must be from 1 to 10,000; got 0"),
        ({"samples": 2.5}, "option 'samples' of the sampler 'enas' must be a whole number; got 2.5"),
        ({"entropy_weight": -1}, "'entropy_weight' of the sampler 'enas' must be a number from 0 on; got -1"),
        ({"beta1": 1}, "sampler 'enas' cannot make its controller: option 'beta1' of the strategy 'reinforce'"),
        ({"stps": 3}, "no option of sampler 'enas' named 'stps'. Did you mean 'steps'"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        samplers.make("enas", TOY_SPACE, options=options)


def test_a_continuous_space_is_refused() -> None:
    with pytest.raises(UsageError, match="sampler 'enas' needs decisions between options; decision 'rate'"):
        samplers.make("enas", Continuous())


def test_the_tanh_bounds_what_is_certain_and_the_temperature_flattens() -> None:
    bounded = TablePolicy(TOY_SPACE.choices, Softmax(tanh_constant=1.0))
    plain, warm = TablePolicy(TOY_SPACE.choices), TablePolicy(TOY_SPACE.choices, Softmax(temperature=5.0))
    best = [0] * len(TOY_SPACE.choices)
    for policy in (bounded, plain, warm):
        with torch.no_grad():
            policy.logits[:, 0] = 5.0
        policy.refresh()
    sure = {name: policy.log_prob_and_entropy([best])[0].item() for name, policy in vars_of(bounded, plain, warm)}
    # logits 1 and 0 (bounded), 5 and 0, 1 and 0 (warm); three decisions of three options, two of two
    exact = 3 * torch.tensor([1.0, 0, 0]).log_softmax(0)[0] + 2 * torch.tensor([1.0, 0]).log_softmax(0)[0]
    assert sure["warm"] == pytest.approx(exact.item(), abs=1e-6)
    assert sure["bounded"] == pytest.approx(exact.item(), abs=1e-3), "tanh(5) = 0.9999"
    assert sure["plain"] > -0.1


def vars_of(bounded: TablePolicy, plain: TablePolicy, warm: TablePolicy) -> list[tuple[str, TablePolicy]]:
    return [("bounded", bounded), ("plain", plain), ("warm", warm)]


def test_an_lstm_samples_and_scores_with_the_same_softmax() -> None:
    policy = LstmPolicy(TOY_SPACE.choices, seed=0, hidden_units=8, softmax=Softmax(0.5, 0.2))
    indices, log_prob, entropy = policy.sample(Random(0))
    again, summed = policy.log_prob_and_entropy([indices])
    assert (again.item(), summed.item()) == (pytest.approx(log_prob), pytest.approx(entropy))


def test_a_strategy_takes_the_options_too() -> None:
    made = strategies.make("ppo", TOY_SPACE, options={"tanh_constant": 1.5, "beta1": 0.0, "adam": 1}, seed=0)
    assert made.ask(1, Random(0), ()).architecture.space == "toy"


def controller_beside(run: str, sampler_options: dict[str, object]) -> Enas:
    """A trained controller, kept in `run` as the training of a supernet keeps it."""
    sampler = Enas(TOY_SPACE, **sampler_options)
    sampler.learn(lambda path: float(path.genes["filters"] == 16), Random(0))
    assert isinstance(sampler.policy, torch.nn.Module)
    save_weights(Path(run) / CONTROLLER, sampler.policy)
    return sampler


def test_the_trained_controller_goes_on_as_a_strategy(tmp_path: Path) -> None:
    options: dict[str, object] = {"steps": 4, "samples": 5, "lr": 0.03, "hidden_units": 8, "tanh_constant": 1.5}
    run = SupernetRun.read(make_run(tmp_path / "run", plan=plan_of(options)))
    controller_beside(str(run.directory), options)
    made = strategies.make("enas", TOY_SPACE, offered={"supernet": run}, seed=7)
    drawn = made.ask(1, Random(5), ())
    trained = Enas(TOY_SPACE, **options)
    trained.learn(lambda path: float(path.genes["filters"] == 16), Random(0))
    assert TOY_SPACE.canonical(drawn.architecture) == trained.paths(Random(5))[0]
    assert not drawn.note["blind"], "what a trained controller draws is no random control"
    anew = strategies.make("enas", TOY_SPACE, options={"hidden_units": 8}, seed=7)
    assert anew.ask(1, Random(5), ()).note["blind"]
    factory = partial(strategies.get("enas"), supernet=run)
    check_strategy(factory, TOY_SPACE, num_trials=20)


def test_the_trained_controller_draws_without_learning_where_its_rate_is_0(tmp_path: Path) -> None:
    options: dict[str, object] = {"steps": 1, "samples": 2, "hidden_units": 8}
    run = SupernetRun.read(make_run(tmp_path / "run", plan=plan_of(options)))
    controller_beside(str(run.directory), options)
    made = strategies.make("enas", TOY_SPACE, options={"lr": 0, "unique": 0}, offered={"supernet": run}, seed=0)
    before = made.ask(1, Random(5), ())
    play(made, TOY_SPACE, range(1, 31), statuses=("ok",))
    assert made.updates == 15, "batches of 2, as the sampler's"
    after = made.ask(31, Random(5), ())
    assert (after.architecture, after.note["log_prob"]) == (before.architecture, before.note["log_prob"])


def test_a_controller_of_another_size_or_a_damaged_one_is_refused(tmp_path: Path) -> None:
    run = SupernetRun.read(make_run(tmp_path / "run", plan=plan_of({"hidden_units": 8})))
    controller_beside(str(run.directory), {"steps": 1, "samples": 2, "hidden_units": 8})
    with pytest.raises(UsageError, match=r"controller.safetensors are not those of this network: .* of another shape"):
        strategies.make("enas", TOY_SPACE, options={"hidden_units": 16}, offered={"supernet": run}, seed=0)
    run.controller.write_bytes(b"torn")
    with pytest.raises(UsageError, match=r"cannot read the weights .*controller.safetensors"):
        strategies.make("enas", TOY_SPACE, offered={"supernet": run}, seed=0)


def test_sampler_and_strategy_have_the_same_settings() -> None:
    of_sampler = {name: each.default for name, each in signature(Enas).parameters.items()}
    known = {option.name: RELEASED.get(option.name, option.default) for option in OPTIONS}
    assert {OF_SAMPLER[name]: of_sampler[name] for name in OF_SAMPLER} == {
        name: known[name] for name in OF_SAMPLER.values()
    }


def plan_of(sampler_options: dict[str, object]) -> dict[str, object]:
    """The plan of a run whose supernet a controller trained; its space is not looked at here."""
    plan = {"source": "space:nasbench201", "size": asdict(SIZE), "task": task_record(DIGITS.task())}
    return {**plan, "sampler": "enas", "sampler_options": sampler_options, "recipe": {}, "spelling": "canonical"}
