"""Made-up rewards on which settings are chosen: known everywhere, cheap, and shaped like what trainings of small cells give.

Over six decisions of five options (15,625 architectures) an instance has, drawn from its seed:
  - what each option is worth, part shared by all decisions (an operation is good or bad wherever it stands), part a decision's own;
  - pairwise interactions of all decisions, and how much each decision matters;
  - a saturating score, as accuracies are: the best lie close together, the worst have a heavy tail;
  - dead architectures: option 0 cuts an edge of a cell of four nodes, and a cell whose input does not reach its output is at chance;
  - two scores: the one a strategy sees, of a short training (noise of its own, and a bias in favour of some options), and the final one.

Over the fifty decisions of the NASNet space the reward is smooth: worths, pairwise interactions between neighbours, saturation, noise.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, final

import numpy as np
from numpy.typing import NDArray

from nasbench.core.arch import Architecture, Choice, Decision
from nasbench.core.spec import Size, Task

if TYPE_CHECKING:
    from torch import nn

Floats = NDArray[np.float64]

NUM_EDGES, OPTIONS = 6, ("none", "skip", "a", "b", "c")
EDGES = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))
CHANCE, CEILING = 0.10, 0.92


@final
class CellSpace:
    """Six edges between four nodes, five options each; an edge that is on no way from input to output may as well be cut."""

    name = "made_up_cell"
    choices: Sequence[Decision] = tuple(Choice(f"edge_{start}_{end}", OPTIONS) for start, end in EDGES)
    default_size = Size()

    def canonical(self, architecture: Architecture) -> Architecture:
        genes = [architecture.genes[choice.name] for choice in self.choices]
        live = live_edges([gene != OPTIONS[0] for gene in genes])
        return Architecture(
            self.name, tuple((choice.name, gene if on else OPTIONS[0]) for choice, gene, on in zip(self.choices, genes, live, strict=True))
        )

    def build(self, architecture: Architecture, size: Size, task: Task) -> "nn.Module":
        raise ValueError("made-up architectures have no network: they are scored by a formula")


def live_edges(present: Sequence[bool]) -> list[bool]:
    """Which edges lie on a way from node 0 to node 3, given those that are present."""
    from_input, to_output = {0}, {3}
    for (start, end), on in zip(EDGES, present, strict=True):
        if on and start in from_input:
            from_input.add(end)
    for (start, end), on in reversed(list(zip(EDGES, present, strict=True))):
        if on and end in to_output:
            to_output.add(start)
    return [on and start in from_input and end in to_output for (start, end), on in zip(EDGES, present, strict=True)]


@dataclass(frozen=True)
class CellRewards:
    """One instance: scores of all 15,625 architectures, in the order of `all_indices()`."""

    seed: int
    seen: Floats
    """What a strategy is told: (15625,)."""
    final: Floats
    """What counts in the end: (15625,)."""

    @cached_property
    def row(self) -> Mapping[tuple[object, ...], int]:
        return {tuple(OPTIONS[i] for i in indices): row for row, indices in enumerate(all_indices().tolist())}

    def of(self, architecture: Architecture) -> int:
        """The row of an architecture."""
        return self.row[tuple(architecture.genes[choice.name] for choice in CellSpace.choices)]


def all_indices() -> NDArray[np.int64]:
    """Option numbers of all architectures: (15625, 6)."""
    return np.stack(np.meshgrid(*[np.arange(5)] * NUM_EDGES, indexing="ij"), axis=-1).reshape(-1, NUM_EDGES)


def cell_rewards(seed: int, interactions: float = 0.5, noise: float = 0.25, shared: float = 1.0, cells: bool = True) -> CellRewards:
    """An instance. `interactions`: their deviation, that of the additive part being 1; `noise`: of the seen score, same unit;
    `shared`: the part of an option's worth that all decisions share, to a decision's own; without `cells` no architecture is dead.
    """
    rng = np.random.default_rng(seed)
    indices = all_indices()
    live = np.ones(indices.shape, dtype=bool)
    if cells:
        patterns = {tuple(p): live_edges(p) for p in (indices != 0).tolist()} if False else {}
        present = indices != 0
        codes = present @ (1 << np.arange(NUM_EDGES))
        for code in np.unique(codes):
            patterns[int(code)] = live_edges([bool(code >> i & 1) for i in range(NUM_EDGES)])
        live = np.array([patterns[int(code)] for code in codes])  # (15625, 6)
        indices = np.where(live, indices, 0)
    importance = rng.gamma(4.0, 0.25, NUM_EDGES)
    worth = shared * np.sort(rng.normal(size=5)) if cells else shared * rng.normal(size=5)  # a cut edge is worth least
    main = importance[:, None] * (worth + rng.normal(size=(NUM_EDGES, 5)) * 0.6)
    additive = _standard(main[np.arange(NUM_EDGES), indices].sum(1))
    pairs = np.zeros(len(indices))
    for i in range(NUM_EDGES):
        for j in range(i):
            pairs += rng.normal(size=(5, 5))[indices[:, i], indices[:, j]] * importance[i] * importance[j]
    latent = _standard(additive + interactions * _standard(pairs))
    hurry = _standard((0.3 * importance[:, None] * rng.normal(size=(NUM_EDGES, 5)))[np.arange(NUM_EDGES), indices].sum(1))
    own = rng.normal(size=len(indices))
    quick = latent + 0.15 * hurry + noise * own
    long = latent + 0.1 * rng.normal(size=len(indices))
    dead = ~live.any(1)

    def score(value: Floats) -> Floats:
        """Saturating: errors shrink by e with each 1.4 deviations; the worst lose much more."""
        error = 0.035 * np.exp(-0.7 * value) + 0.004 * np.exp(np.clip(-2.2 * value - 1.0, None, 5.0))
        return np.where(dead, CHANCE, np.maximum(CHANCE, CEILING + 0.02 - error))

    rows = {}
    if cells:  # spellings of one network have one score
        code = indices @ (5 ** np.arange(NUM_EDGES))
        _, first = np.unique(code, return_index=True)
        where = dict(zip(code[first].tolist(), first.tolist(), strict=True))
        rows = np.array([where[c] for c in code.tolist()])
    else:
        rows = np.arange(len(indices))
    return CellRewards(seed, score(quick)[rows], score(long)[rows])


def _standard(values: Floats) -> Floats:
    return (values - values.mean()) / values.std()
