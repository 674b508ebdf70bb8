"""A surrogate of a table: a regression fitted to its rows, which answers for architectures that it has no row for
(the idea of NAS-Bench-301: Siems et al. 2020, arXiv:2008.09777).

For each result column a Gaussian process and extremely randomised trees are compared on held-out rows; the one with the
smaller squared error is fitted to all rows. How well held-out rows are ranked is told, since a strategy can be no
better on a surrogate than the surrogate is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from nasbench.core.arch import Architecture, Choice, Decision
from nasbench.core.count_text import quantity
from nasbench.core.curves import option_groups
from nasbench.core.errors import UsageError

Floats = NDArray[np.float64]

FEWEST = 20
"""Rows that it is fitted to at least."""
FOLDS = 5
TREES = 200
LARGEST_PROCESS, TUNED = 1500, 300
"""The most rows of a Gaussian process, and of the choice of its lengths."""
ROWS_HELD_OUT = 3000
"""The most rows that the comparison of the regressions uses."""


@final
@dataclass
class Surrogate:
    """Regressions of `results` (column -> a value a row) on `rows`, canonical architectures of a space with `choices`.

    UsageError where there are too few rows.
    """

    choices: Sequence[Decision]
    rows: Sequence[Architecture]
    results: Mapping[str, Sequence[float]]
    ranked: dict[str, float] = field(default_factory=dict)
    """Column -> Kendall's tau of the predicted with the known values of held-out rows."""
    _models: dict[str, Any] = field(default_factory=dict)
    _known: dict[str, dict[str, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.rows) < FEWEST:
            raise UsageError(
                f"a surrogate is fitted to {FEWEST} rows or more; the table has {len(self.rows)}. Search over the rows "
                "with --candidates table, or add rows."
            )
        features = self._features(self.rows)
        for column, values in self.results.items():
            self._models[column], self.ranked[column] = _fitted(features, np.array(values, dtype=np.float64))

    def __call__(self, canonical: Architecture) -> Mapping[str, float]:
        """Column -> what is predicted for an architecture in its canonical form."""
        known = self._known.get(canonical.key)
        if known is None:
            features = self._features([canonical])
            known = {column: float(model.predict(features)[0]) for column, model in self._models.items()}
            self._known[canonical.key] = known
        return known

    def told(self, column: str) -> str:
        """What it is, in a sentence."""
        return (
            f"architectures without a row are answered by a surrogate fitted to {quantity(len(self.rows), 'row')}: it "
            f"ranks held-out rows by {column} with Kendall's tau {self.ranked[column]:.2f}"
        )

    def _features(self, architectures: Sequence[Architecture]) -> Floats:
        """A column an option of each decision, then the share of each option in each group of decisions with the same
        options: (architectures, columns).
        """
        groups = option_groups(self.choices)
        rows = []
        for architecture in architectures:
            genes, row = architecture.genes, list[float]()
            for decision in self.choices:
                gene = genes[decision.name]
                if isinstance(decision, Choice):
                    row += [float(option == gene) for option in decision.options]
                else:
                    row.append((float(gene) - decision.low) / (decision.high - decision.low))
            for group in groups:
                own = [genes[name] for name in group.decisions]
                row += [own.count(option) / len(own) for option in group.options]
            rows.append(row)
        return np.array(rows, dtype=np.float64)


def _fitted(features: Floats, values: Floats) -> tuple[Any, float]:
    """The better regression, fitted to all rows, and Kendall's tau on held-out rows."""
    from scipy.stats import kendalltau  # type: ignore[import-untyped]

    order = np.random.default_rng(0).permutation(len(values))[:ROWS_HELD_OUT]
    makers = [_trees] if len(values) > LARGEST_PROCESS else [_process(features, values), _trees]
    found = []
    for make in makers:
        held_out = np.empty(len(order))
        for fold in range(FOLDS):
            out = np.arange(len(order)) % FOLDS == fold
            held_out[out] = make().fit(features[order[~out]], values[order[~out]]).predict(features[order[out]])
        found.append((float(((held_out - values[order]) ** 2).mean()), make, held_out))
    _, make, held_out = min(found, key=lambda each: each[0])
    tau = float(kendalltau(held_out, values[order]).statistic)
    return make().fit(features, values), 0.0 if np.isnan(tau) else tau


def _trees() -> Any:
    from sklearn.ensemble import ExtraTreesRegressor

    return ExtraTreesRegressor(TREES, min_samples_leaf=2, max_features=0.5, random_state=0)


def _process(features: Floats, values: Floats) -> Any:
    """Makes Gaussian processes with the lengths and the noise that explain some of the rows best."""
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel

    used = np.random.default_rng(1).permutation(len(values))[:TUNED]
    kernel = ConstantKernel() * RBF(float(np.sqrt(features.shape[1]) / 2)) + WhiteKernel(0.1)
    tuned = GaussianProcessRegressor(kernel, normalize_y=True, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a length at its bound is an answer too
        tuned.fit(features[used], values[used])
    return lambda: GaussianProcessRegressor(tuned.kernel_, optimizer=None, normalize_y=True, random_state=0)
