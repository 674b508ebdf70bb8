"""Successive halving: who is promoted, with which epochs, from whose weights."""

from collections import Counter
from dataclasses import replace
from functools import partial
from random import Random

import pytest

from nasbench.core.arch import Architecture
from nasbench.core.registry import spaces, strategies
from nasbench.core.seeds import trial_rng
from nasbench.core.trial import Proposal, Trial
from nasbench.strategies.asha import Asha, rung_epochs
from nasbench.testing import TOY_SPACE, additive_score, check_strategy
from unit.toys import trial

NASNET = spaces.get("nasnet")()


def answered(proposal: Proposal, score: float | None) -> Trial:
    return trial(
        number=proposal.number,
        architecture=proposal.architecture,
        key=NASNET.canonical(proposal.architecture).key,
        status="failed" if score is None else "ok",
        score=score,
        epochs=proposal.epochs,
        note=proposal.note,
    )


def play(strategy: Asha, count: int) -> list[tuple[Proposal, Trial]]:
    history = []
    for number in range(1, count + 1):
        proposal = strategy.ask(number, trial_rng(0, number), ())
        found = answered(proposal, additive_score(proposal.architecture))
        strategy.tell(found)
        history.append((proposal, found))
    return history


@pytest.mark.parametrize(
    ("epochs", "eta", "least", "rungs"),
    [
        (1, 3, 1, (1,)),
        (2, 3, 1, (2,)),
        (27, 3, 1, (1, 3, 9, 27)),
        (20, 3, 1, (2, 7, 20)),
        (20, 4, 2, (5, 20)),
        (16, 2, 4, (4, 8, 16)),
    ],
)
def test_rungs_end_at_the_epochs_of_the_search(epochs: int, eta: int, least: int, rungs: tuple[int, ...]) -> None:
    assert rung_epochs(epochs, eta, least) == rungs


@pytest.mark.parametrize("sampler", ["random", "tpe", "evolution", "nsga2"])
def test_the_contract_with_rungs(sampler: str) -> None:
    check_strategy(partial(Asha, epochs=9, sampler=sampler), num_trials=70)


def test_forty_trials_bring_one_to_all_epochs() -> None:
    history = play(Asha(NASNET, epochs=27), 40)
    assert Counter(proposal.epochs for proposal, _ in history) == {1: 27, 3: 9, 9: 3, 27: 1}
    by_number = {found.number: (proposal, found) for proposal, found in history}
    top, highest = next(pair for pair in history if pair[0].epochs == 27)
    ladder, steps = top, []
    while ladder.resume_from is not None:
        assert by_number[ladder.resume_from][1].architecture == ladder.architecture
        steps.append(ladder.epochs)
        ladder = by_number[ladder.resume_from][0]
    assert steps == [27, 9, 3]
    assert {proposal.schedule for proposal, _ in history} == {27}
    assert highest.score == max(found.score or 0.0 for _, found in history if found.epochs == 9)


def test_nobody_is_promoted_twice_nor_while_on_the_way() -> None:
    strategy = Asha(NASNET, epochs=3)
    lowest = [strategy.ask(number, trial_rng(0, number), ()) for number in range(1, 7)]
    for proposal in lowest:
        strategy.tell(answered(proposal, additive_score(proposal.architecture)))
    first = strategy.ask(7, Random(7), ())
    second = strategy.ask(8, Random(8), (first,))
    third = strategy.ask(9, Random(9), (first, second))
    assert [first.epochs, second.epochs, third.epochs] == [3, 3, 1]
    assert first.architecture != second.architecture
    strategy.tell(answered(first, None))
    assert strategy.ask(10, Random(10), (second,)).epochs == 1, "a promotion that failed is not tried again"


def test_failed_trials_are_the_worst_of_their_rung() -> None:
    strategy = Asha(NASNET, epochs=3)
    for number in range(1, 4):
        strategy.tell(answered(strategy.ask(number, trial_rng(0, number), ()), 0.5 if number == 2 else None))
    assert strategy.ask(4, Random(4), ()).resume_from == 2


def test_a_cached_trial_goes_on_from_the_one_that_was_trained() -> None:
    strategy = Asha(NASNET, epochs=3)
    for number in range(11, 14):
        found = answered(strategy.ask(number, trial_rng(0, number), ()), 1.0 / number)
        strategy.tell(replace(found, status="cached", of=number - 10))
    proposal = strategy.ask(14, Random(14), ())
    assert (proposal.resume_from, proposal.note) == (1, {"rung": 1, "promotes": 11})


def test_the_sampler_hears_of_the_lowest_rung_alone() -> None:
    told = []

    class Listens:
        def __init__(self, space: object, seed: int) -> None: ...

        def ask(self, number: int, rng: Random, running: tuple[Proposal, ...]) -> Proposal:
            assert all(proposal.epochs == 1 for proposal in running)
            gene = {choice.name: rng.choice(choice.options) for choice in TOY_SPACE.choices}  # type: ignore[union-attr]
            return Proposal(number, Architecture.of("toy", gene), note={"mine": number})

        def tell(self, trial: Trial) -> None:
            told.append((trial.epochs, trial.note["mine"]))

    strategies.register("listens_to_asha")(Listens)
    try:
        strategy = Asha(TOY_SPACE, epochs=9, sampler="listens_to_asha")
        for number in range(1, 31):
            proposal = strategy.ask(number, trial_rng(0, number), ())
            strategy.tell(replace(answered_toy(proposal), epochs=proposal.epochs or 1))
    finally:
        strategies._parts.pop("listens_to_asha")
    assert {epochs for epochs, _ in told} == {1}
    assert 15 < len(told) < 30


def answered_toy(proposal: Proposal) -> Trial:
    return trial(
        number=proposal.number,
        architecture=proposal.architecture,
        key=TOY_SPACE.canonical(proposal.architecture).key,
        score=additive_score(proposal.architecture),
        note=proposal.note,
    )


def test_with_one_epoch_it_is_its_sampler() -> None:
    alone, inside = strategies.get("evolution")(NASNET, seed=0), Asha(NASNET, epochs=1, sampler="evolution")
    for number in range(1, 40):
        proposal, expected = (strategy.ask(number, trial_rng(0, number), ()) for strategy in (inside, alone))
        assert proposal.architecture == expected.architecture
        for strategy in (inside, alone):
            strategy.tell(answered(replace(proposal, note=expected.note), additive_score(proposal.architecture)))
