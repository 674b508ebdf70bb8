"""The contract suite of pruners."""

from collections.abc import Callable, Sequence
from random import Random

from nasbench.core.protocols import Pruner
from nasbench.core.seeds import derive
from nasbench.testing.conditions import global_generators_untouched, require

Heard = tuple[int, int, float]
"""(number of the trial, epochs, score)."""

NUM_TRIALS, EPOCHS, WORKERS = 24, 6, 3


def check_pruner(make: Callable[[], Pruner]) -> None:
    """That pruners from `make` answer True or False, and that a resumed run prunes as one that was never interrupted.

    The suite plays the reports of three parallel workers:

    - numbers interleave, and a trial is heard no more once it is stopped;
    - scores may be negative (a loss with its sign changed);
    - after an interruption a trial starts again;
    - the first report of a trial may come after any epoch.
    """
    with global_generators_untouched("the pruner"):
        lived = make()
        history, answers = _play(lived)
        require(
            _answers(make(), history) == answers,
            "two pruners that hear the same reports in the same order give different answers",
        )
        half = len(history) // 2
        resumed = make()
        _answers(resumed, history[:half])  # as Run replays the curves of before the interruption
        require(
            _answers(resumed, history[half:]) == answers[half:],
            "after a replay of the reports heard so far the pruner answers as one that was never interrupted",
        )
        number, _, score = history[-1]
        for epochs in range(1, EPOCHS + 1):  # the interrupted trial begins anew
            _stops(lived, number, epochs, score)
        _stops(lived, NUM_TRIALS + 1, EPOCHS // 2, score)  # its first reports are lost, or it reports not every epoch


def _play(pruner: Pruner) -> tuple[list[Heard], list[bool]]:
    rng = Random(derive(0, "pruner"))
    waiting, running = list(range(1, NUM_TRIALS + 1)), dict[int, int]()
    history, answers = list[Heard](), list[bool]()
    while waiting or running:
        while waiting and len(running) < WORKERS:
            running[waiting.pop(0)] = 0
        number = rng.choice(sorted(running))
        running[number] += 1
        heard = (number, running[number], rng.gauss(0.05 * running[number], 0.5))
        history.append(heard)
        answers.append(_stops(pruner, *heard))
        if answers[-1] or running[number] == EPOCHS:
            del running[number]
    return history, answers


def _answers(pruner: Pruner, history: Sequence[Heard]) -> list[bool]:
    return [_stops(pruner, *heard) for heard in history]


def _stops(pruner: Pruner, number: int, epochs: int, score: float) -> bool:
    answer = pruner.should_stop(number, epochs, score)
    require(isinstance(answer, bool), f"should_stop answers True or False, not {answer!r}")
    return answer
