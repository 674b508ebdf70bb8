"""A small search space, made-up scores, and a search without an executor."""

from collections.abc import Callable, Sequence
from random import Random
from typing import TYPE_CHECKING, final

from nasbench.core.arch import Architecture, Choice, Decision
from nasbench.core.protocols import SearchSpace, Strategy
from nasbench.core.seeds import derive, trial_rng
from nasbench.core.spec import Size, Task
from nasbench.core.trial import STATUSES, Proposal, Status, Trial
from nasbench.testing.conditions import require, require_json, require_valid

if TYPE_CHECKING:
    from torch import nn


@final
class ToySpace:
    """A small space of real networks: 3 * 3 * 2 * 2 * 3 = 108 spellings of 72 networks, as the second kernel needs a
    second layer.
    """

    name = "toy"
    choices: Sequence[Decision] = (
        Choice("kernel_1", (1, 3, 5)),
        Choice("filters", (4, 8, 16)),
        Choice("pool", ("average", "max")),
        Choice("layers", (1, 2)),
        Choice("kernel_2", (1, 3, 5)),
    )
    default_size = Size()

    def canonical(self, architecture: Architecture) -> Architecture:
        genes = dict(architecture.genes)
        return Architecture.of(self.name, {**genes, "kernel_2": 1} if genes["layers"] == 1 else genes)

    def build(self, architecture: Architecture, size: Size, task: Task) -> "nn.Module":  # noqa: ARG002 - it comes in one size
        from torch import nn

        genes = architecture.genes
        filters, kernel_1, kernel_2 = int(genes["filters"]), int(genes["kernel_1"]), int(genes["kernel_2"])
        layers: list[nn.Module] = [nn.Conv2d(task.channels, filters, kernel_1, padding="same"), nn.ReLU()]
        if genes["layers"] == 2:
            layers += [nn.Conv2d(filters, filters, kernel_2, padding="same"), nn.ReLU()]
        pool = nn.AdaptiveAvgPool2d(1) if genes["pool"] == "average" else nn.AdaptiveMaxPool2d(1)
        return nn.Sequential(*layers, pool, nn.Flatten(), nn.Linear(filters, task.num_classes))


TOY_SPACE = ToySpace()


def additive_score(architecture: Architecture) -> float:
    """A made-up score in [0, 1]: each decision gives what its option is worth, whatever the others are. Smooth, so
    learnable.
    """
    worths = [derive(0, "worth", name, str(gene)) / 2**63 for name, gene in architecture.items]
    return sum(worths) / len(worths)


def play(
    strategy: Strategy,
    space: SearchSpace,
    numbers: Sequence[int],
    statuses: Sequence[Status] = STATUSES,
    score: Callable[[Architecture], float] = additive_score,
    seed: int = 0,
    workers: int = 3,
) -> list[Trial]:
    """Answers a strategy's proposals as `workers` parallel workers would: out of order, with made-up scores and drawn
    statuses.
    """
    rng = Random(derive(seed, "play", *numbers))
    waiting, running, history = list(numbers), list[Proposal](), list[Trial]()
    while waiting or running:
        while waiting and len(running) < workers:
            number = waiting.pop(0)
            running.append(ask(strategy, space, number, trial_rng(seed, number), running))
        proposal = running.pop(rng.randrange(len(running)))
        trial = answer(proposal, space, rng.choice(statuses), score(proposal.architecture), seed)
        strategy.tell(trial)
        history.append(trial)
    return history


def ask(strategy: Strategy, space: SearchSpace, number: int, rng: Random, running: Sequence[Proposal]) -> Proposal:
    """The strategy's proposal. AssertionError where no search could use it."""
    proposal = strategy.ask(number, rng, tuple(running))
    require(proposal.number == number, f"ask({number}) gave a proposal numbered {proposal.number}")
    require(
        proposal.architecture.space == space.name,
        f"ask proposed an architecture of space {proposal.architecture.space!r}",
    )
    require_valid(proposal.architecture, space, "the proposal")
    require_json(proposal.note, "the note")
    require(
        isinstance(proposal.note.get("blind", False), bool),
        f"note['blind'] is true or false; got {proposal.note.get('blind')!r}",
    )
    require(proposal.epochs is None or proposal.epochs > 0, f"ask proposed {proposal.epochs} epochs")
    return proposal


def answer(proposal: Proposal, space: SearchSpace, status: Status, score: float, seed: int) -> Trial:
    """A made-up trial that answers the proposal."""
    failed = status == "failed"
    return Trial(
        number=proposal.number,
        architecture=proposal.architecture,
        key=space.canonical(proposal.architecture).key,
        status=status,
        score=None if failed else score,
        metrics={} if failed else {"val_accuracy": score},
        epochs=proposal.epochs or 1,
        seconds=1.0,
        seed=seed,
        worker="made-up",
        started="2020-01-01T00:00:00.000+00:00",
        note=proposal.note,
        error="made up to fail" if failed else None,
        of=1 if status == "cached" else None,
    )
