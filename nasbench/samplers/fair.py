"""Strict fairness (FairNAS, Chu et al. 2021, arXiv:1907.01845): in each step, every option is trained equally often.

FairNAS's decisions all have m options. One step has m paths, which take the options of each decision in a random order,
without replacement. Their gradients are summed, and the weights are updated once.
"""

from collections.abc import Sequence
from math import lcm
from random import Random

from nasbench.core.arch import Architecture, Gene
from nasbench.core.protocols import SearchSpace
from nasbench.core.registry import samplers
from nasbench.samplers.categorical import categorical
from nasbench.samplers.numbers import checked_num_paths


@samplers.register("fair")
class Fair:
    """`num_paths` paths a step; by default as many as the decision with the most options has.

    A decision whose number of options divides `num_paths` uses each option equally often in every step: that is strict
    fairness. Of any other decision, each option is used equally often or once more; which ones are used once more is
    drawn anew in each step, so that all are equal in expectation. `strict` tells whether every decision divides. It
    does in NAS-Bench-201's space (5 paths); in the space `mbconv`, `num_paths=12` makes it so; in the space `nasnet`
    780 paths would be needed. The default is 13 there: each step uses each operation of each slot once.

    Paths are not in canonical form, because that would change which options are used.
    """

    def __init__(self, space: SearchSpace, num_paths: int | None = None) -> None:
        self._name, self._decisions = space.name, categorical(space, "fair")
        most = max(len(decision.options) for decision in self._decisions)
        self._num_paths = checked_num_paths(most if num_paths is None else num_paths, "fair", most)
        self.strict = self._num_paths % lcm(*(len(decision.options) for decision in self._decisions)) == 0

    def paths(self, rng: Random) -> tuple[Architecture, ...]:
        """Architectures that use each option of a decision equally often, as far as their number allows."""
        columns = [_column(decision.options, self._num_paths, rng) for decision in self._decisions]
        names = [decision.name for decision in self._decisions]
        return tuple(
            Architecture(self._name, tuple(zip(names, genes, strict=True))) for genes in zip(*columns, strict=True)
        )


def _column(options: Sequence[Gene], num_paths: int, rng: Random) -> list[Gene]:
    """The options of one decision in all paths."""
    rounds, rest = divmod(num_paths, len(options))
    column = list(options) * rounds + rng.sample(options, rest)
    rng.shuffle(column)
    return column
