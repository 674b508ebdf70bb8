"""The searches that are compared, as command lines that a user would type, and what each of them returns."""

from collections.abc import Sequence
from dataclasses import dataclass

COMMON = ("--space", "nasnet", "--dataset", "cifar10", "--recipe", "quick", "--control", "0", "--wandb", "off")
"""One space, real images and one short recipe for all: 2 epochs of 2,048 images a child. No trial is a random child of
a control, since random search is a route of its own here.
"""
ROUTES: dict[str, tuple[str, ...]] = {
    "random": ("--strategy", "random"),
    "ppo": ("--strategy", "ppo", "--controller", "lstm"),
    "predictor": ("--strategy", "predictor"),
    "screened": ("--strategy", "ppo", "--controller", "lstm", "--screen", "proxy:params=8"),
}
LABELS = {
    "chance": "one random cell",
    "random": "random cells, the best of n",
    "ppo": "PPO, its LSTM",
    "predictor": "predictor",
    "screened": "PPO behind --screen proxy:params=8",
}
BUDGETS = (60, 120, 240)
"""Children that a route has trained when it returns; each is as long as another, whatever the machine is busy with."""
RETURNED = 5
"""So many of the best children are trained anew: with one alone, luck would decide between routes."""
FINAL = ("--dataset", "cifar10", "--recipe", "quick", "--epochs", "10", "--seeds", "3", "--wandb", "off")
"""How the returned networks are trained, each from nothing: five times as long as in the search, three seeds."""


@dataclass(frozen=True)
class Child:
    """A child of a search, as its log has it. `score` is the validation accuracy in [0, 1], None for a failed one."""

    number: int
    key: str
    score: float | None
    params: int
    macs: int


def returned(children: Sequence[Child], budget: int) -> list[Child]:
    """The best of the first `budget` children, the first of equal ones first, no network twice."""
    scored = [child for child in sorted(children, key=lambda child: child.number)[:budget] if child.score is not None]
    first = {child.key: child for child in reversed(scored)}
    return sorted(first.values(), key=lambda child: (-(child.score or 0.0), child.number))[:RETURNED]


def unselected(children: Sequence[Child]) -> list[Child]:
    """The first random cells, whatever their scores: what a route has to beat."""
    return sorted(children, key=lambda child: child.number)[:RETURNED]
