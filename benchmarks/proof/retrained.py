"""How much of what a search on the own table returns is the luck of one training: every cell was trained twice.

    python benchmarks/proof/retrained.py

Reads the shipped table; trains nothing.
"""

from importlib.resources import files
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr
from trained_cells import trained_of_table

SHIPPED = Path(str(files("search_spaces.nasnet_small").joinpath("nasnet_small_cifar10.csv.gz")))
SCORE = "val_accuracy_3"
TRIED, SEARCHES = 87, 10_000
"""Cells of a random search of 900 seconds, and the number of searches."""


def main() -> None:
    twice = trained_of_table(SHIPPED)
    tested = np.array([[100 * cell.measured["test_accuracy"][seed] for seed in cell.seeds] for cell in twice])  # (n, 2)
    score = np.array([cell.measured[SCORE][0] for cell in twice])
    upper = tested.mean(axis=1) > np.median(tested.mean(axis=1))
    noise = float((tested[:, 0] - tested[:, 1]).std(ddof=1) / np.sqrt(2))
    means = " and ".join(f"{mean:.2f}" for mean in tested.mean(axis=0))
    print(f"{len(twice)} cells under two seeds, mean test accuracy {means}")
    print(f"deviation between seeds {noise:.2f}, of the cells' means {tested.mean(axis=1).std(ddof=1):.2f}")
    print(f"rank correlation of the two: {_rank(tested):.2f}, within the better half {_rank(tested[upper]):.2f}")
    own, other = (float(spearmanr(score, tested[:, seed]).statistic) for seed in (0, 1))
    print(f"of the score with the test of its own training: {own:.2f}, of the other training {other:.2f}")
    generator = np.random.default_rng(0)
    drawn = [generator.choice(len(twice), TRIED, replace=False) for _ in range(SEARCHES)]
    chosen = [cells[np.argmax(score[cells])] for cells in drawn]
    first, again = tested[chosen].mean(axis=0)
    print(f"the best of {TRIED} by its score: {first:.2f} in the training that was chosen, {again:.2f} trained anew")


def _rank(pairs: "np.ndarray") -> float:
    return float(spearmanr(pairs[:, 0], pairs[:, 1]).statistic)


if __name__ == "__main__":
    main()
