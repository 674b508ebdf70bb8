"""The contract suite of strategies."""

import json
from collections.abc import Callable, Sequence
from random import Random

from nasbench.core.arch import sample
from nasbench.core.protocols import SearchSpace, Strategy
from nasbench.core.trial import Proposal, Trial
from nasbench.testing.conditions import global_generators_untouched, require
from nasbench.testing.toy import TOY_SPACE, answer, ask, play


def check_strategy(
    factory: Callable[[SearchSpace], Strategy], space: SearchSpace = TOY_SPACE, num_trials: int = 60
) -> None:
    """That strategies from `factory`, which takes a space, are ones that a search can run, interrupt and resume.

    Proposals keep their number and are valid; notes are JSON; `ask` changes nothing and uses no randomness but its own;
    replaying a log, with answers of every status and out of order, restores the strategy bit for bit; answers that it
    did not ask for, or that all failed, do not stop it.
    """
    with global_generators_untouched("the strategy"):
        told = factory(space)
        history = play(told, space, range(1, num_trials + 1))
        _check_ask_changes_nothing(told, space, num_trials + 1)
        _check_replay(factory, space, history, told)

        unlucky = factory(space)
        play(unlucky, space, range(1, num_trials + 1), statuses=("failed",))
        ask(unlucky, space, num_trials + 1, Random(1), ())

        strangers = [
            answer(Proposal(n, sample(space.name, space.choices, Random(n))), space, "ok", 0.5, seed=0)
            for n in range(1, 41)
        ]
        welcoming = factory(space)
        for trial in strangers:
            welcoming.tell(trial)
        _check_replay(factory, space, strangers + play(welcoming, space, range(41, 61)), welcoming)


def _check_ask_changes_nothing(strategy: Strategy, space: SearchSpace, number: int) -> None:
    first = ask(strategy, space, number, Random(99), ())
    for draw in range(5):
        ask(strategy, space, number + draw, Random(draw), (first,))
    again = ask(strategy, space, number, Random(99), ())
    require(
        again == first,
        f"ask changes what the strategy knows: with the same generator it proposed {first}, then {again}",
    )


def _check_replay(
    factory: Callable[[SearchSpace], Strategy], space: SearchSpace, history: Sequence[Trial], told: Strategy
) -> None:
    replayed = factory(space)
    for trial in history:
        replayed.tell(Trial.from_json(json.loads(json.dumps(trial.to_json(), allow_nan=False))))
    number = max(trial.number for trial in history) + 1
    running: tuple[Proposal, ...] = ()
    for draw in range(5):  # the later ones with proposals in flight, as in a resumed search with several workers
        expected = ask(told, space, number + draw, Random(draw), running)
        proposal = ask(replayed, space, number + draw, Random(draw), running)
        require(
            proposal == expected,
            f"replaying {len(history)} trials gives {proposal}; the strategy that lived them gives {expected}",
        )
        running = (*running, expected)
