"""The sandwich rule (Yu and Huang 2019, arXiv:1903.05134): every step trains the largest and the smallest network.

In a supernet of elastic sizes, the weights of every path are part of the largest one's and contain the smallest one's,
so training both bounds what lies between.
"""

from random import Random

from nasbench.core.arch import Architecture, Choice, Decision, Range, sample
from nasbench.core.errors import UsageError
from nasbench.core.protocols import SearchSpace
from nasbench.core.registry import samplers
from nasbench.samplers.numbers import checked_num_paths


@samplers.register("sandwich")
class Sandwich:
    """`num_paths` paths a step, at least 2: the largest, the smallest, and others whose decisions are all drawn.

    A decision is elastic if its options are numbers (widths, depths, kernels, expansions). The largest path has the
    largest option of each, the smallest the smallest. Decisions between names (operators, activations) have no order:
    they are drawn for each path. Paths are not in canonical form. UsageError for a space without elastic decisions.
    """

    def __init__(self, space: SearchSpace, num_paths: int = 4) -> None:
        self._space = space
        self._num_paths = checked_num_paths(num_paths, "sandwich", 2)
        if all(_low(decision) == _high(decision) for decision in space.choices):
            raise UsageError(
                f"sampler 'sandwich' needs decisions whose options are numbers, such as widths; space {space.name!r} "
                "has none. Use one of the samplers uniform, fair."
            )

    def paths(self, rng: Random) -> tuple[Architecture, ...]:
        """The largest, the smallest, then the others."""
        name, choices = self._space.name, self._space.choices
        drawn = [sample(name, choices, rng) for _ in range(self._num_paths)]
        for index, end in enumerate((_high, _low)):
            sizes = {each.name: size for each in choices if (size := end(each)) is not None}
            drawn[index] = Architecture.of(name, {**drawn[index].genes, **sizes})
        return tuple(drawn)


def _high(decision: Decision) -> int | float | None:
    """The largest option of an elastic decision; None for a decision between names."""
    return decision.high if isinstance(decision, Range) else max(_numbers(decision), default=None)


def _low(decision: Decision) -> int | float | None:
    """The smallest option of an elastic decision; None for a decision between names."""
    return decision.low if isinstance(decision, Range) else min(_numbers(decision), default=None)


def _numbers(decision: Choice) -> list[int | float]:
    """The options of an elastic decision; none of a decision between names."""
    numbers = [option for option in decision.options if not isinstance(option, str)]
    return numbers if len(numbers) == len(decision.options) else []
