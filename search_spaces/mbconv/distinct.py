"""Uniform draws from the distinct networks of the space (with multipliers of 1; see `blueprint.canonical_genes`)."""

from math import prod
from random import Random

from nasbench.core.arch import Gene, sample
from nasbench.nn.mbconv import SKIPS
from search_spaces.mbconv.blueprint import EXPANSIONS, NUM_STAGES, canonical_genes, choices, possible_skips

OPERATORS = (*(("mbconv", expansion) for expansion in EXPANSIONS), ("sepconv", 1), ("conv", 1))
"""(operator, expansion) of each distinct block."""


def draw(rng: Random) -> dict[str, Gene]:
    """The genes of a network, all distinct networks equally likely, in canonical form.

    Each stage draws its operator and its expansion together, since only mbconv has an expansion. Then a network whose
    skips can be spelled in m ways is kept with a probability of 1 / m.
    """
    while True:
        genes = dict(sample("mbconv", choices(), rng).items)
        for index in range(1, NUM_STAGES + 1):
            genes[f"stage_{index}_operator"], genes[f"stage_{index}_expansion"] = rng.choice(OPERATORS)
        if rng.random() * num_spellings(genes) < 1.0:
            return canonical_genes(genes)


def num_spellings(genes: dict[str, Gene]) -> int:
    """In how many ways the skips of the network can be spelled: all skips without effect are the same."""
    counts = []
    for index in range(1, NUM_STAGES + 1):
        possible = possible_skips(genes, index)
        counts.append(1 if genes[f"stage_{index}_skip"] in possible else len(SKIPS) - len(possible))
    return prod(counts)
