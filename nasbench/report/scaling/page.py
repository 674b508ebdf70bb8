"""The part of a report that is about scaling coefficients: which were found and how surely, the surface, the
comparison.
"""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from nasbench.core.compound import PUBLISHED
from nasbench.core.count_text import quantity
from nasbench.core.shown import escape
from nasbench.core.trial import Trial
from nasbench.report.common.numbers import count, score
from nasbench.report.common.page import mapping, table
from nasbench.report.common.thinned import MOST_DOTS
from nasbench.report.scaling.fit import FEWEST, LEVEL, Fit, fit
from nasbench.report.scaling.plots import scaling_plots
from nasbench.report.scaling.results import Row, chosen, comparison, deviation, front_runners, points

CAPTIONS = {
    "surface": "The surface alpha · beta² · gamma² = 2 as a triangle: in a corner one dimension has all of the growth, "
    "on thin lines a quarter, a half or three quarters of it. Circles are candidates, coloured by score at equal "
    "epochs (accuracy, corrected for what rounding does to their multiply-adds); the ground is a quadratic through "
    "them.",
    "comparison": "Validation accuracy at multiply-adds as near to equal as rounding allows: every seed, the mean, and "
    "one standard deviation to either side.",
}


def plots(run: Mapping[str, Any], trials: Sequence[Trial]) -> dict[str, str]:
    """File stem -> SVG text."""
    epochs = _epochs(run)
    rows = comparison(trials, epochs)
    return scaling_plots(points(trials), _fit(run, trials), chosen(trials, epochs), rows, trials)


def dots_sentence(trials: Sequence[Trial]) -> str:
    """How many of the candidates have dots on the surface; '' where all have."""
    count = len(points(trials))
    return f" Dots are drawn for {MOST_DOTS:,} of {count:,} candidates, evenly spread." if count > MOST_DOTS else ""


def coefficients_section(run: Mapping[str, Any], trials: Sequence[Trial], figure: str) -> str:
    """The coefficients, their uncertainty in words and numbers, and the surface (`figure`, as HTML)."""
    row, surface = chosen(trials, _epochs(run)), _fit(run, trials)
    if row is None:
        return "<h2>Coefficients</h2>\n<p>No candidate has a score yet.</p>"
    names = ("alpha", "beta", "gamma")
    rows = []
    for name, meaning, value in zip(
        names, ("depth", "width", "resolution"), vars(row.coefficients).values(), strict=True
    ):
        between = "–"
        if surface is not None and surface.interval is not None:
            between = "{:.3f} to {:.3f}".format(*surface.interval[name])
        fitted = f"{getattr(surface.best, name):.3f}" if surface else "–"
        rows.append((f"{name} ({meaning})", f"{value:.4f}", between, fitted, f"{getattr(PUBLISHED, name):g}"))
    columns = ("coefficient", "found", f"{LEVEL:.0%} interval", "best of the fit", "published")
    sentences = " ".join(escape(sentence) for sentence in _sentences(row, surface, trials, run))
    return f"<h2>Coefficients</h2>\n<p>{sentences}</p>\n{table(columns, rows, left=('coefficient',))}\n{figure}"


def comparison_section(run: Mapping[str, Any], trials: Sequence[Trial], figure: str) -> str:
    """Found coefficients beside published ones and single dimensions, and what may be said of them."""
    rows = comparison(trials, _epochs(run))
    if not rows:
        return ""
    columns = ("network", "depth", "width", "resolution", "px", "MACs / base", "accuracy, %", "score", "seeds")
    cells = [
        (
            row.name,
            *(f"{value:.3f}" for value in vars(row.multipliers).values()),
            str(row.pixels),
            f"{row.macs_ratio:.3f}",
            _with_deviation([100 * value for value in row.accuracies], 2),
            _with_deviation(row.scores, 4),
            str(len(row.trials)),
        )
        for row in rows
    ]
    listed = table(columns, cells, left=("network",), sortable=True)
    size = "Within the budget" if "budget" in mapping(run.get("plan")) else "At equal multiply-adds"
    return f"<h2>{size}</h2>\n<p>{escape(_against(rows, trials, run))}</p>\n{figure}\n{listed}"


def candidates_section(trials: Sequence[Trial], limit: int = 12) -> str:
    """The best candidates of the search."""
    best = front_runners(trials, limit)
    if not best:
        return ""
    columns = (
        "rank",
        "trial",
        "alpha",
        "beta",
        "gamma",
        "px",
        "params",
        "MACs",
        "MACs / base",
        "accuracy, %",
        "score",
        "epochs",
    )
    rows = [
        (
            str(rank),
            str(trial.number),
            *(f"{trial.metrics[name]:.4f}" for name in ("alpha", "beta", "gamma")),
            str(trial.metrics["resolution"]),
            count(trial.metrics.get("params")),
            count(trial.metrics.get("macs")),
            f"{trial.metrics['macs_ratio']:.3f}",
            f"{100 * trial.metrics['val_accuracy']:.2f}",
            score(trial.score),
            str(trial.epochs),
        )
        for rank, trial in enumerate(best, start=1)
    ]
    note = (
        "Different networks only (rounding makes many coefficients one), under the search's seed; those "
        "with the most epochs come first."
    )
    return f"<h2>Best candidates</h2>\n{table(columns, rows, sortable=True)}<p>{escape(note)}</p>"


def _sentences(row: Row, surface: Fit | None, trials: Sequence[Trial], run: Mapping[str, Any]) -> list[str]:
    seeds = len(row.trials)
    found = ", ".join(
        f"{name} {value:.3f}"
        for name, value in zip(("alpha", "beta", "gamma"), vars(row.coefficients).values(), strict=True)
    ) + (f" at phi {row.phi:.3f}, as far as the budget goes" if row.phi != 1 else "")
    told = [f"Found: {found}, with a score of {_with_deviation(row.scores, 4)} over {quantity(seeds, 'seed')}."]
    number = len(points(trials))
    if surface is None or surface.interval is None:
        return [*told, f"How surely they are known cannot be told from {number} candidates: {FEWEST} are the least."]
    told.append(
        f"The interval holds {LEVEL:.0%} of the best points of quadratics fitted to {number} candidates drawn with "
        f"replacement; their scores scatter around the fit by {surface.residual:.4f}."
    )
    noise = _noise(comparison(trials, _epochs(run)))
    if noise:
        part = surface.near_best(noise)
        told.append(
            f"Another seed moves a score by {noise:.4f} (one standard deviation), and {part:.0%} of the surface is "
            "that near to its best."
        )
    return told


def _noise(rows: Sequence[Row]) -> float | None:
    """The standard deviation of a score from seed to seed, pooled over the networks of the comparison."""
    squares = [(found**2, len(row.scores) - 1) for row in rows if (found := deviation(row.scores)) is not None]
    freedom = sum(weight for _, weight in squares)
    return (sum(square * weight for square, weight in squares) / freedom) ** 0.5 if freedom else None


def _against(rows: Sequence[Row], trials: Sequence[Trial], run: Mapping[str, Any]) -> str:
    """How the found coefficients do beside the best of the others, with the difference in standard errors."""
    found = chosen(trials, _epochs(run))
    others = [row for row in rows if not row.is_front_runner]
    if found is None or not others:
        return "There is nothing to compare the found coefficients with yet."
    rival = max(others, key=lambda row: fmean(row.accuracies))
    ours, theirs = found.accuracies, rival.accuracies
    difference = 100 * (fmean(ours) - fmean(theirs))
    told = (
        f"Found coefficients reach {_with_deviation([100 * v for v in ours], 2)} %, the best of the "
        f"others ({rival.name}) "
    )
    told += f"{_with_deviation([100 * v for v in theirs], 2)} %: {difference:+.2f} points"
    if len(ours) < 2 or len(theirs) < 2:
        return told + ", from too few seeds to say more."
    error = 100 * ((deviation(ours) or 0) ** 2 / len(ours) + (deviation(theirs) or 0) ** 2 / len(theirs)) ** 0.5
    sure = abs(difference) > 2 * error
    verdict = "more than twice that, so a difference" if sure else "less than twice that, so no difference can be told"
    told += f", with a standard error of {error:.2f}: {verdict}."
    return told + " The front-runner was picked among several by these very scores, which favours it."


def _with_deviation(values: Sequence[float], digits: int) -> str:
    spread = deviation(values)
    return f"{fmean(values):.{digits}f}" + (f" ± {spread:.{digits}f}" if spread is not None else "")


def _fit(run: Mapping[str, Any], trials: Sequence[Trial]) -> Fit | None:
    return fit(points(trials), int(run.get("seed") or 0))


def _epochs(run: Mapping[str, Any]) -> int:
    return int(mapping(run.get("plan")).get("epochs") or 0)
