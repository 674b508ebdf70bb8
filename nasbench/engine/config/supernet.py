"""What the training of a supernet is asked for."""

from dataclasses import dataclass

from nasbench.core.errors import UsageError, unknown
from nasbench.core.protocols import ChoosesSharing, HasSupernet, SearchSpace
from nasbench.core.registry import spaces
from nasbench.engine.config.cheap import RankingCheck, check_truth
from nasbench.engine.config.record import Record, number, options, part
from nasbench.engine.config.shared import Data, Place, Tracking, Training, Workers
from nasbench.engine.config.trust import Trusting

SCORED = 64
"""Architectures that are scored for a check by trainings."""
SCORED_OF_A_TABLE = 500
"""Architectures that are scored for a check by a table."""


@dataclass(frozen=True)
class SupernetCheck(RankingCheck):
    """How far the scores of the trained supernet are checked."""

    check: int = number(8, low=0, grows=True)
    """K: after the training, train K architectures over the whole range of scores by themselves, and report how the
    scores rank them (0: none). A resumed run may be given more.
    """
    check_recipe: str = part("quick", "recipe")
    """The recipe of these K trainings (see: nasbench list recipes)."""
    check_sample: int | None = number(None, low=2)
    """Random architectures that are scored for the check (else 64, and 500 with --truth)."""

    @property
    def scored(self) -> int:
        """How many architectures are scored."""
        return self.check_sample or (SCORED if self.truth is None else SCORED_OF_A_TABLE)

    @property
    def checked(self) -> int:
        """How many are trained; none where a table has the truth."""
        return int(self.check) if self.truth is None else 0


@dataclass(frozen=True)
class SupernetConfig(Record):
    """Trains one network that holds the weights of all architectures of a space; a search then scores architectures
    with these weights, in seconds.

    Example: nasbench supernet --space nasbench201 --sampler fair --dataset cifar10
    """

    space: str = part("nasnet", "space")
    """A space that has a supernet (see: nasbench list spaces), or my_package.my_module:MySpace."""
    sampler: str = part("uniform", "sampler")
    """How the paths of each step are drawn: uniform, fair, enas, sandwich, or my_package.my_module:MySampler."""
    sampler_options: tuple[str, ...] = options()
    """The sampler's own settings, KEY=VALUE."""
    share: str | None = None
    """What the space's supernet shares besides. inputs (nasnet, enas-micro): an operation has the same weights
    whichever input it reads.
    """
    seed: int = number(0)
    """Of the weights, of the order and the augmentation of images, and of the paths."""
    ranking: SupernetCheck = SupernetCheck()
    data: Data = Data()
    training: Training = Training(recipe="supernet")
    workers: Workers = Workers()
    tracking: Tracking = Tracking()
    place: Place = Place()
    trusts: Trusting = Trusting()

    def check(self) -> None:
        super().check()
        _ = self.workers.replicas, self.workers.gpus_per_replica
        space_with_supernet(self.space, self.share)
        check_truth(self.ranking)
        if self.ranking.checked > self.ranking.scored:
            raise UsageError(
                f"--check {self.ranking.check} is more than the {self.ranking.scored} architectures that are scored. "
                f"Give {self.ranking.scored} at most, or let a new run score more: --check-sample {self.ranking.check}"
            )


def space_with_supernet(name: str, share: str | None = None) -> SearchSpace:
    """The space. UsageError where it has no supernet, or none that shares what --share names, with those that have one.
    Needs no torch.
    """
    space: SearchSpace = spaces.make(name)
    if not isinstance(space, HasSupernet):
        raise UsageError(
            f"space {name!r} has no supernet. These have one: {', '.join(_of_spaces(HasSupernet))}. A space of your "
            "own has one if it has the method supernet(size, task) (see nasbench.core.protocols.HasSupernet)."
        )
    check_share(name, space, share)
    return space


def check_share(name: str, space: object, share: str | None) -> None:
    """UsageError where the supernet of `space`, called `name`, does not let `share` be chosen."""
    if share is None:
        return
    if not isinstance(space, ChoosesSharing):
        raise UsageError(
            f"the supernet of space {name!r} has no choice of what it shares: leave --share {share} out. These have "
            f"it: {', '.join(_of_spaces(ChoosesSharing))}"
        )
    if share not in space.shares:
        raise unknown(f"--share of space {name!r}", share, space.shares)


def _of_spaces(protocol: type) -> list[str]:
    """The spaces that keep it."""
    return [name for name in spaces.names() if isinstance(spaces.make(name), protocol)]
