"""Made-up rewards on which settings are chosen: known everywhere, cheap, and shaped like what trainings of cells give.

Over six decisions of five options (15,625 spellings) an instance has, drawn from its seed:
  - what each option is worth, part shared by all decisions (an operation is good or bad wherever it stands), part a
  decision's own;
  - how much each decision matters, and interactions of all pairs;
  - a saturating score, as accuracies are: the best lie close together, the worst have a heavy tail;
  - dead architectures: option 0 cuts an edge of a cell of four nodes, and a cell whose input does not reach its output
  is at chance;
  - two scores: the one a strategy sees, of a short training (noise, and a bias in favour of what learns quickly), and
  the final one.

Two more kinds over the same cells: `rugged`, with interactions of two and a half times the additive part; and `ways`,
where a score comes from the ways from input to output: how much the operations on the deepest one learn, how much there
is on all, whether some way passes the input on untouched, and what blurs it.

Over the fifty decisions of the NASNet space a reward is a sum of worths and of interactions of a hundred pairs, and
noise.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

import numpy as np
from numpy.typing import NDArray

from nasbench.core.arch import Architecture, Choice, Decision
from nasbench.core.spec import Size, Task

if TYPE_CHECKING:
    from torch import nn

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

OPTIONS = ("none", "skip", "a", "b", "c")
EDGES = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))
WAYS = ((3,), (0, 4), (1, 5), (0, 2, 5))
"""Edges of each way from node 0 to node 3."""
CHANCE, CEILING = 0.10, 0.94

VARIANTS: tuple[dict[str, Any], ...] = (
    {},
    {"interactions": 1.5},
    {"noise": 0.5},
    {"shared": 0.3, "interactions": 1.0, "noise": 0.4},
    {"interactions": 0.3, "noise": 0.15},
    {"cells": False, "shared": 0.0, "interactions": 1.0, "noise": 0.4},
)
"""Kinds of landscapes; an instance of number n is of kind n modulo their number."""


@final
class CellSpace:
    """Six edges between four nodes, five options each; with `cells`, an edge on no way from input to output may as well
    be cut.
    """

    name = "made_up_cell"
    choices: Sequence[Decision] = tuple(Choice(f"edge_{start}_{end}", OPTIONS) for start, end in EDGES)
    default_size = Size()

    def __init__(self, cells: bool = True) -> None:
        self._cells = cells

    def canonical(self, architecture: Architecture) -> Architecture:
        if not self._cells:
            return architecture
        genes = [architecture.genes[choice.name] for choice in self.choices]
        live = live_edges([gene != OPTIONS[0] for gene in genes])
        return Architecture(
            self.name,
            tuple((c.name, g if on else OPTIONS[0]) for c, g, on in zip(self.choices, genes, live, strict=True)),
        )

    def build(self, architecture: Architecture, size: Size, task: Task) -> "nn.Module":  # noqa: ARG002 - there is none
        raise ValueError("made-up architectures have no network: they are scored by a formula")


def live_edges(present: Sequence[bool]) -> list[bool]:
    """Which edges lie on a way from node 0 to node 3, given those that are present."""
    reached, reaching = {0}, {3}
    for (start, end), on in zip(EDGES, present, strict=True):
        if on and start in reached:
            reached.add(end)
    for (start, end), on in reversed(list(zip(EDGES, present, strict=True))):
        if on and end in reaching:
            reaching.add(start)
    return [on and start in reached and end in reaching for (start, end), on in zip(EDGES, present, strict=True)]


@dataclass(frozen=True)
class CellRewards:
    """Scores of all 15,625 spellings: what a strategy is told, and what counts in the end."""

    space: CellSpace
    seen: Floats
    final: Floats

    def row(self, architecture: Architecture) -> int:
        """Where an architecture's scores are."""
        digits = (OPTIONS.index(str(architecture.genes[choice.name])) for choice in self.space.choices)
        return sum(digit * 5**place for place, digit in zip(range(5, -1, -1), digits, strict=True))


def cell_rewards(number: int) -> CellRewards:
    """The instance with that number."""
    return _cell_rewards(1000 + number, **VARIANTS[number % len(VARIANTS)])


def _cell_rewards(
    seed: int, interactions: float = 0.5, noise: float = 0.25, shared: float = 1.0, cells: bool = True
) -> CellRewards:
    """`interactions`: their deviation, that of the additive part being 1; `noise`: of the seen score, same unit;
    `shared`: the deviation of an option's worth that all decisions share, that of a decision's own being 0.6; without
    `cells` no architecture is dead.
    """
    rng = np.random.default_rng(seed)
    edges = np.arange(len(EDGES))
    indices, live = _live_spellings() if cells else (_spellings(), np.ones((5 ** len(EDGES), len(EDGES)), dtype=bool))
    importance = rng.gamma(4.0, 0.25, len(EDGES))
    worth = rng.normal(size=5)
    if cells:
        worth.sort()  # a cut edge is worth least
    main = importance[:, None] * (shared * worth + 0.6 * rng.normal(size=(len(EDGES), 5)))
    pairs = np.zeros(len(indices))
    for first in edges:
        for second in range(first):
            table = rng.normal(size=(5, 5)) * importance[first] * importance[second]
            pairs += table[indices[:, first], indices[:, second]]
    latent = _standard(_standard(main[edges, indices].sum(1)) + interactions * _standard(pairs))
    hurry = _standard((importance[:, None] * rng.normal(size=(len(EDGES), 5)))[edges, indices].sum(1))
    seen = latent + 0.15 * hurry + noise * rng.normal(size=len(indices))
    final_score = latent + 0.1 * rng.normal(size=len(indices))
    return _told(CellSpace(cells), seen, final_score, indices, live)


def _spellings() -> Rows:
    """Option numbers of all spellings, in the order of rows: (15625, 6)"""
    return np.stack(np.meshgrid(*[np.arange(5)] * len(EDGES), indexing="ij"), axis=-1).reshape(-1, len(EDGES))


def _live_spellings() -> tuple[Rows, NDArray[np.bool_]]:
    """The same with dead edges cut, and which edges are live: (15625, 6) both"""
    edges, spelled = np.arange(len(EDGES)), _spellings()
    ways = np.array(
        [live_edges([bool(code >> edge & 1) for edge in range(len(EDGES))]) for code in range(2 ** len(EDGES))]
    )
    live = ways[(spelled != 0) @ (1 << edges)]
    return np.where(live, spelled, 0), live


def _told(space: CellSpace, seen: Floats, final_score: Floats, indices: Rows, live: NDArray[np.bool_]) -> CellRewards:
    """Scores from latent values: spellings of one network share them, and the dead are at chance."""
    network, dead = indices @ 5 ** np.arange(len(EDGES) - 1, -1, -1), ~live.any(1)
    return CellRewards(space, _score(seen[network], dead), _score(final_score[network], dead))


def rugged_rewards(number: int) -> CellRewards:
    """The instance with that number: interactions decide."""
    return _cell_rewards(9000 + number, interactions=2.5, noise=0.15, shared=0.7)


def way_rewards(number: int) -> CellRewards:
    """The instance with that number: what lies on the four ways from node 0 to node 3 decides."""
    rng = np.random.default_rng(5000 + number)
    indices, live = _live_spellings()
    order = np.array(
        [0, *(1 + rng.permutation(4))]
    )  # which option plays which part: cut, pass on, learn little, learn much, blur
    learns = np.array([0.0, 0.0, *np.sort(rng.uniform(0.2, 1.2, 2)), 0.0])[order]
    blurs = np.array([0.0, 0.0, 0.0, 0.0, rng.uniform(0.3, 1.0)])[order]
    alive = np.stack([(indices[:, way] != 0).all(1) for way in WAYS], axis=1)  # (N, 4)
    depth = np.stack([learns[indices[:, way]].sum(1) for way in WAYS], axis=1) * alive  # (N, 4)
    blur = np.stack([blurs[indices[:, way]].sum(1) for way in WAYS], axis=1) * alive  # (N, 4)
    untouched = np.stack([(order == 1)[indices[:, way]].all(1) for way in WAYS], axis=1).any(1)  # (N,)
    deepest, total = depth.max(1), depth.sum(1)
    value = rng.uniform(0.5, 1.5) * np.sqrt(deepest) + rng.uniform(0.3, 1.0) * np.log1p(total)
    value += rng.uniform(0.2, 0.8) * (untouched & (deepest > 0.5)) - rng.uniform(0.1, 0.5) * blur.sum(1)
    own = (rng.gamma(4.0, 0.25, len(EDGES))[:, None] * rng.normal(size=(len(EDGES), 5)))[
        np.arange(len(EDGES)), indices
    ].sum(1)
    latent = _standard(_standard(value) + 0.2 * _standard(own) + 0.1 * rng.normal(size=len(indices)))
    return _told(
        CellSpace(),
        latent + 0.15 * rng.normal(size=len(indices)),
        latent + 0.07 * rng.normal(size=len(indices)),
        indices,
        live,
    )


def _score(value: Floats, dead: NDArray[np.bool_]) -> Floats:
    """Errors shrink by e with each 1.4 deviations; the worst lose much more; the dead are at chance."""
    error = 0.035 * np.exp(-0.7 * value) + 0.004 * np.exp(np.clip(-2.2 * value - 1.0, None, 5.0))
    return np.where(dead, CHANCE, np.maximum(CHANCE, CEILING - error))


def _standard(values: Floats) -> Floats:
    return (values - values.mean()) / values.std()


class SmoothRewards:
    """A made-up reward over any categorical space, in deviations of its additive part among random architectures."""

    def __init__(self, choices: Sequence[Decision], seed: int, interactions: float = 0.5, noise: float = 0.3) -> None:
        rng = np.random.default_rng([7, seed])
        self._index = [{o: i for i, o in enumerate(c.options)} for c in choices if isinstance(c, Choice)]
        self._names = [choice.name for choice in choices]
        sizes = [len(index) for index in self._index]
        shared = {size: rng.normal(size=size) for size in sorted(set(sizes))}
        importance = rng.gamma(2.0, 0.5, len(sizes))
        self._main = [i * (shared[n] + 0.7 * rng.normal(size=n)) for i, n in zip(importance, sizes, strict=True)]
        partners = [(first, int(rng.integers(len(sizes)))) for first in range(len(sizes)) for _ in range(2)]
        self._pairs = [(a, b, rng.normal(size=(sizes[a], sizes[b]))) for a, b in partners]
        parts = np.array([self._parts([int(rng.integers(n)) for n in sizes]) for _ in range(2000)])
        (self._centre, _), (self._scale, pair_scale) = parts.mean(0), parts.std(0)
        self._per_pair, self._noise = interactions / pair_scale, noise

    def final(self, architecture: Architecture) -> float:
        """Without noise."""
        main, pairs = self._parts(
            [index[architecture.genes[name]] for name, index in zip(self._names, self._index, strict=True)]
        )
        return (main - self._centre) / self._scale + self._per_pair * pairs

    def seen(self, architecture: Architecture) -> float:
        """With the noise that belongs to the architecture."""
        return self.final(architecture) + self._noise * float(
            np.random.default_rng(int(architecture.key, 16)).standard_normal()
        )

    def _parts(self, indices: Sequence[int]) -> tuple[float, float]:
        main = sum(float(worths[i]) for worths, i in zip(self._main, indices, strict=True))
        return main, sum(float(table[indices[a], indices[b]]) for a, b, table in self._pairs)
