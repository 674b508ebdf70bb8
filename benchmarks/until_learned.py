"""Whether a strategy has learned a made-up reward whose best is 1: the mean of its last 100 rewards is at 0.95."""

from collections.abc import Callable, Sequence
from itertools import accumulate

from nasbench.core.arch import Architecture
from nasbench.core.protocols import Strategy
from nasbench.core.seeds import trial_rng
from nasbench.core.trial import Trial

WINDOW, GOAL, NUM_SAMPLES = 100, 0.95, 3000


def rewards_of(
    strategy: Strategy, reward: Callable[[Architecture], float], seed: int, num_samples: int, stop: bool
) -> list[float]:
    """The rewards of a strategy's proposals, one after another; with `stop` only until it has learned."""
    history: list[float] = []
    while len(history) < num_samples and not (stop and samples_to_goal(history[-WINDOW:]) is not None):
        number = len(history) + 1
        proposal = strategy.ask(number, trial_rng(seed, number), ())
        found = reward(proposal.architecture)
        strategy.tell(Trial(number, proposal.architecture, "", "ok", found, {}, 1, 0.0, seed, "", "", proposal.note))
        history.append(found)
    return history


def running_mean(history: Sequence[float]) -> list[float]:
    """Means of the last `WINDOW` rewards; entry i is after WINDOW + i proposals."""
    sums = list(accumulate(history, initial=0.0))
    return [(last - first) / WINDOW for first, last in zip(sums, sums[WINDOW:], strict=False)]


def samples_to_goal(history: Sequence[float]) -> int | None:
    """Proposals until the running mean was at the goal, or None. The goal is met to rounding: some rewards are
    multiples of 1/20.
    """
    return next((WINDOW + i for i, value in enumerate(running_mean(history)) if value >= GOAL - 1e-9), None)
