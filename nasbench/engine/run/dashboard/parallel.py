"""The decisions of a search's trials in parallel coordinates, as SVG: an axis for each decision and one for the score,
a line for each trial, the better the darker. W&B draws them only where each trial is a run of its own.
"""

from collections.abc import Mapping, Sequence

from nasbench.core.arch import Gene
from nasbench.core.curves import searched
from nasbench.core.shown import escape, shortened
from nasbench.core.trial import Trial

WIDTH, HEIGHT, TOP, BOTTOM, LEFT = 104, 300, 46, 16, 52
"""Pixels: from axis to axis, of an axis, and around them."""
MOST_AXES, MOST_LINES, MOST_TICKS = 14, 200, 14
LOW, HIGH = (198, 219, 239), (8, 48, 107)
"""The colours of the worst and of the best score (red, green, blue)."""


def parallel_coordinates(trials: Sequence[Trial]) -> str:
    """The drawing; empty where no trial has both decisions and a score. Of more than MOST_LINES trials the best are
    drawn, of more than MOST_AXES decisions the first that differ.
    """
    scored = [trial for trial in searched(trials) if trial.score is not None and trial.genes]
    best_last = sorted(scored, key=lambda trial: trial.score or 0.0)[-MOST_LINES:]
    names = list(dict.fromkeys(name for trial in best_last for name in trial.genes))
    options = {name: _options([trial.genes.get(name) for trial in best_last]) for name in names}
    axes = [name for name in names if len(options[name]) > 1][:MOST_AXES]
    if not axes:
        return ""
    low, high = best_last[0].score or 0.0, best_last[-1].score or 0.0
    lines = [_line(trial, axes, options, low, high) for trial in best_last]
    drawn = [_axis(place, name, options[name]) for place, name in enumerate(axes)]
    drawn.append(_score_axis(len(axes), low, high))
    width, height = 2 * LEFT + WIDTH * len(axes) + 40, TOP + HEIGHT + BOTTOM
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'font-family="sans-serif" font-size="10"><rect width="100%" height="100%" fill="white"/>'
        + "".join([*lines, *drawn])
        + "</svg>"
    )


def _options(genes: Sequence[Gene | None]) -> Mapping[Gene, float]:
    """Gene -> its place on the axis from 0 (below) to 1: numbers by their size, names in order."""
    met = {gene for gene in genes if gene is not None}
    amounts = [gene for gene in met if isinstance(gene, int | float)]
    if len(amounts) == len(met) and amounts:
        low, high = min(amounts), max(amounts)
        return {gene: (gene - low) / (high - low) if high > low else 0.5 for gene in sorted(amounts)}
    ordered = sorted(met, key=str)
    return {gene: index / max(1, len(ordered) - 1) for index, gene in enumerate(ordered)}


def _line(
    trial: Trial, axes: Sequence[str], options: Mapping[str, Mapping[Gene, float]], low: float, high: float
) -> str:
    score = trial.score or 0.0
    share = (score - low) / (high - low) if high > low else 1.0
    places = [(place, options[name].get(trial.genes[name])) for place, name in enumerate(axes) if name in trial.genes]
    points = [(place, value) for place, value in places if value is not None] + [(len(axes), share)]
    colour = ",".join(str(round(a + share * (b - a))) for a, b in zip(LOW, HIGH, strict=True))
    text = " ".join(f"{_x(place):.1f},{_y(value):.1f}" for place, value in points)
    title = f"<title>trial {trial.number}: {score:.4f}</title>"
    return f'<polyline points="{text}" fill="none" stroke="rgb({colour})" stroke-width="1.4">{title}</polyline>'


def _axis(place: int, name: str, options: Mapping[Gene, float]) -> str:
    ticks = list(options.items())
    shown = ticks if len(ticks) <= MOST_TICKS else [ticks[0], ticks[-1]]
    marks = "".join(
        f'<text x="{_x(place) + 3:.1f}" y="{_y(value) + 3:.1f}" fill="#333" stroke="white" stroke-width="2.5" '
        f'paint-order="stroke">{escape(shortened(_text(gene), 14))}</text>'
        for gene, value in shown
    )
    return _rule(place, name) + marks


def _score_axis(place: int, low: float, high: float) -> str:
    ends = "".join(
        f'<text x="{_x(place) + 4:.1f}" y="{_y(at) + 3:.1f}" fill="#333">{value:.4f}</text>'
        for at, value in ((0.0, low), (1.0, high))
    )
    return _rule(place, "score") + ends


def _rule(place: int, name: str) -> str:
    x, up = _x(place), place % 2 * 12  # neighbours' names do not touch
    return (
        f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{TOP + HEIGHT}" stroke="#888"/>'
        f'<text x="{x:.1f}" y="{TOP - 12 - up}" text-anchor="middle" fill="black">{escape(shortened(name, 22))}</text>'
    )


def _text(gene: Gene) -> str:
    return f"{gene:.3g}" if isinstance(gene, float) else str(gene)


def _x(place: int) -> float:
    return LEFT + WIDTH * place


def _y(value: float) -> float:
    return TOP + HEIGHT * (1 - value)
