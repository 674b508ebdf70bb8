"""The results of models trained under one recipe with several seeds, and the verdict on the found models.

A found model is compared with random cells of its space, because most of the apparent gain of a search comes from the
recipe and the space (Yang et al. 2020, arXiv:1912.12522). It is also compared with the baselines that have no more
MACs; those that have more are named with what they gain and what they cost.
Differences are paired by seed; intervals are Student's t.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Literal

from nasbench.report.common.figure import short_count
from nasbench.report.common.numbers import count
from nasbench.report.comparison.rows import Row

if TYPE_CHECKING:
    from rich.table import Table

ENOUGH_SEEDS = 5
"""With fewer common seeds, no winner is named."""
LEVEL = 0.95
"""Confidence level of an interval, or of all simultaneous intervals together."""
SAME = 1e-9
"""Differences below this are rounding errors: an accuracy is a count divided by at most millions of images."""

Word = Literal["better", "worse", "no difference shown", "not enough seeds"]


Kind = Literal["random", "baseline", "larger"]
"""Random cells, a baseline of no more MACs than the found model, a baseline of more."""


@dataclass(frozen=True)
class Contrast:
    """The mean accuracy of a found model minus that of another, over their `seeds` common seeds, with its t-interval.

    `low` and `high` are None for fewer than two seeds. `level` is the confidence level of this single interval. `word`
    is the conclusion from the interval.
    """

    found: str
    other: str
    kind: Kind
    difference: float
    low: float | None
    high: float | None
    level: float
    seeds: int
    word: Word


@dataclass(frozen=True)
class Verdict:
    """The conclusions of a comparison.

    `paragraphs`: three for each found model (its accuracy, the random cells, the baselines), then the failed trainings.
    `contrasts`: for each found model, with the random cells first, then with the baselines that have no more MACs, the
    strongest first, then with the larger ones in the same order.
    """

    paragraphs: tuple[str, ...]
    contrasts: tuple[Contrast, ...]

    @property
    def text(self) -> str:
        return "\n".join(self.paragraphs)


def verdict(rows: Sequence[Row]) -> Verdict:
    """Compares each found model with the mean of the random cells, and with the baselines that have no more MACs.

    The intervals of the m baselines hold simultaneously (Bonferroni: each at level 1 - 0.05/m), because the best
    baseline is selected by its result.
    """
    found = [row for row in rows if row.source == "found"]
    random = [row for row in rows if row.source == "random"]
    baselines = [row for row in rows if row.source == "baseline"]
    paragraphs: list[str] = []
    contrasts: list[Contrast] = []
    for row in found:
        if row.mean is None:
            paragraphs.append(f"{row.model}: none of its trainings finished, so nothing is said of it.")
            continue
        against_random, said_of_random = _against_random(row, random)
        against_baselines, said_of_baselines = _against_baselines(row, baselines)
        larger, said_of_larger = _against_larger(row, baselines)
        these = [*against_random, *against_baselines]
        contrasts += [*these, *larger]
        few = [contrast.seeds for contrast in these if contrast.word == "not enough seeds"]
        warning = (
            f" Not enough seeds ({min(few)}; at least {ENOUGH_SEEDS} are needed): no winner is named." if few else ""
        )
        paragraphs += [
            f"{row.model}: test accuracy {accuracy(row)} %.{warning}",
            said_of_random,
            said_of_baselines + said_of_larger,
        ]
    if not found:
        paragraphs.append(
            "No found model is among these, so none is judged and nothing is ranked. To judge a search, "
            "name its run directory beside the baselines and ask for random cells (--controls K)."
        )
    if any(row.source == "ensemble" for row in rows):
        paragraphs.append(
            "An ensemble averages several networks' predictions: it is shown, and takes no part in the verdict."
        )
    unfinished = _unfinished(rows)
    if unfinished:
        paragraphs.append(f"Trainings that failed are left out: {unfinished}.")
    return Verdict(tuple(paragraphs), tuple(contrasts))


def contrast(found: Row, other: Mapping[int, float], name: str, kind: Kind, level: float) -> Contrast | None:
    """The difference, paired by seed, over the common seeds; None if there is no common seed."""
    seeds = sorted(found.by_seed.keys() & other.keys())
    if not seeds:
        return None
    differences = [found.by_seed[seed] - other[seed] for seed in seeds]
    centre = fmean(differences)
    reach = half_width(differences, level)
    low, high = (None, None) if reach is None else (centre - reach, centre + reach)
    word: Word = "no difference shown"
    if len(seeds) < ENOUGH_SEEDS or low is None or high is None:
        word = "not enough seeds"
    elif low > SAME:
        word = "better"
    elif high < -SAME:
        word = "worse"
    return Contrast(found.model, name, kind, centre, low, high, level, len(seeds), word)


def half_width(values: Sequence[float], level: float) -> float | None:
    """Half the width of Student's t-interval for the mean: 0 if all are equal, None for fewer than two values."""
    if len(values) < 2:
        return None
    deviation = stdev(values)
    if deviation < SAME:
        return 0.0
    from scipy.stats import t  # type: ignore[import-untyped]

    return float(t.ppf((1 + level) / 2, len(values) - 1)) * deviation / math.sqrt(len(values))


def relative_improvement(found: float, random: float) -> float | None:
    """Relative improvement over the mean of the random cells, in percent (Yang et al. 2020); None if that mean is 0."""
    return 100 * (found - random) / random if random else None


def _against_random(found: Row, random: Sequence[Row]) -> tuple[list[Contrast], str]:
    if not random:
        return (
            [],
            "Random cells: none were trained (--controls K), "
            "so whether it is better than a random draw cannot be told.",
        )
    cells = [row for row in random if row.by_seed]
    common = set.intersection(*(set(row.by_seed) for row in cells)) if cells else set()
    average = {seed: fmean(row.by_seed[seed] for row in cells) for seed in common}
    name = f"the mean of {_number(len(cells), 'random cell')}"
    made = contrast(found, average, name, "random", LEVEL)
    if made is None:
        return [], "Random cells: they share no finished seed with it, so nothing can be said."
    seeds = sorted(found.by_seed.keys() & average.keys())
    ours, theirs = fmean(found.by_seed[seed] for seed in seeds), fmean(average[seed] for seed in seeds)
    beaten = sum(ours > fmean(row.by_seed[seed] for seed in seeds) for row in cells)
    improvement = relative_improvement(ours, theirs)
    ri = "" if improvement is None else f", relative improvement {improvement:+.2f} %"
    return [made], (
        f"Random cells: {_reading(made)}; on mean it beats {beaten} of {len(cells)}{ri}. "
        "The interval covers the seeds, not which cells were drawn."
    )


def _against_baselines(found: Row, baselines: Sequence[Row]) -> tuple[list[Contrast], str]:
    if not baselines:
        return [], "Baselines: none were trained, so it is not compared with a hand-designed network."
    if found.macs is None:
        return [], "Baselines: its multiply-adds are not known, so it is not known which baselines have no more."
    known = [row for row in baselines if row.macs is not None and row.by_seed]
    candidates = [row for row in known if row.macs is not None and row.macs <= found.macs]
    left_out = [row.model for row in baselines if row not in known]
    note = (
        f" {_number(len(left_out), 'baseline')} without multiply-adds or a finished training left out: "
        f"{', '.join(left_out)}."
        if left_out
        else ""
    )
    if not candidates:
        return [], f"Baselines: none of the {len(known)} takes no more than its {count(found.macs)} MACs.{note}"
    level = 1 - (1 - LEVEL) / len(candidates)
    paired = [contrast(found, row.by_seed, row.model, "baseline", level) for row in candidates]
    made = sorted((one for one in paired if one is not None), key=lambda one: one.difference)
    if not made:
        return [], f"Baselines: those of no more MACs share no finished seed with it, so nothing can be said.{note}"
    picked = (
        "the only baseline of no more MACs"
        if len(candidates) == 1
        else f"the best of the {len(candidates)} baselines of no more MACs (intervals hold for all {len(candidates)} "
        "together, Bonferroni)"
    )
    return made, f"Baselines: {_reading(made[0])}, {picked}.{note}"


def _against_larger(found: Row, baselines: Sequence[Row]) -> tuple[list[Contrast], str]:
    """Each baseline of more MACs: how much more accurate or not, and how many times the MACs. Empty without any."""
    costs = {row.model: row.macs / found.macs for row in baselines if row.macs and found.macs and row.macs > found.macs}
    level = 1 - (1 - LEVEL) / max(1, len(costs))
    paired = [contrast(found, row.by_seed, row.model, "larger", level) for row in baselines if row.model in costs]
    made = sorted((one for one in paired if one is not None), key=lambda one: one.difference)
    told = [f"{_larger(one)}, at {costs[one.other]:.3g} times the MACs" for one in made]
    return made, f" Of more MACs: {'; '.join(told)}." if told else ""


def _larger(made: Contrast) -> str:
    """The other's accuracy minus the found model's, with the interval of that."""
    low, high = (None, None) if made.low is None or made.high is None else (-made.high, -made.low)
    turned = replace(made, difference=-made.difference, low=low, high=high)
    numbers = f"{interval(turned)}, {_number(made.seeds, 'seed')}"
    if made.word == "worse":
        return f"{made.other} is better by {points(turned.difference)} points ({numbers})"
    if made.word == "better":
        return f"{made.other} is worse by {points(made.difference)} points ({numbers})"
    told = ", no difference shown" if made.word == "no difference shown" else ""
    return f"{made.other} has {points(turned.difference, sign=True)} points ({numbers}{told})"


def _reading(made: Contrast) -> str:
    numbers = f"{interval(made)}, {_number(made.seeds, 'seed')}"
    if made.word == "better":
        return f"better than {made.other} by {points(made.difference)} points ({numbers})"
    if made.word == "worse":
        return f"worse than {made.other} by {points(-made.difference)} points ({numbers})"
    told = "no difference shown from" if made.word == "no difference shown" else "difference from"
    return f"{told} {made.other}: {points(made.difference, sign=True)} points ({numbers})"


def interval(made: Contrast) -> str:
    """The interval in percentage points, in words: `95 % interval +0.10 to +0.90`."""
    if made.low is None or made.high is None:
        return "no interval"
    percent = f"{100 * made.level:.4g} % interval"
    if made.low == made.high:
        return f"{percent} without width: the same difference at every seed"
    return f"{percent} {points(made.low, sign=True)} to {points(made.high, sign=True)}"


def points(difference: float, sign: bool = False) -> str:
    """A difference of accuracies in percentage points."""
    text = f"{100 * difference:+.2f}" if sign else f"{100 * difference:.2f}"
    return "0.00" if float(text) == 0 else text


def accuracy(row: Row) -> str:
    """Mean and deviation in percent; a dash if no training finished."""
    if row.mean is None:
        return "–"
    return f"{100 * row.mean:.2f}" + ("" if row.std is None else f" ± {100 * row.std:.2f}")


def all_seeds(rows: Sequence[Row]) -> list[int]:
    """All seeds of all rows, sorted."""
    return sorted({seed for row in rows for seed in row.seeds})


def _unfinished(rows: Sequence[Row]) -> str:
    """The rows with fewer trainings than seeds, as text. Ensembles are not counted: they are not trained."""
    single = [row for row in rows if row.source != "ensemble"]
    asked = len(all_seeds(single))
    return ", ".join(
        f"{row.model} has {len(row.accuracies)} of {asked} seeds" for row in single if len(row.accuracies) < asked
    )


def _number(many: int, thing: str) -> str:
    return f"{many} {thing}" if many == 1 else f"{many} {thing}s"


COLUMNS = ("model", "source", "params", "MACs", "images/s", "test accuracy, %", "seeds")


def comparison_rows(rows: Sequence[Row]) -> list[tuple[str, ...]]:
    """The cells of the comparison table, for the COLUMNS, in the given order: rows are not ranked."""
    return [
        (
            row.model,
            row.source,
            count(row.params),
            count(row.macs),
            _rate(row.images_per_second),
            accuracy(row),
            str(len(row.accuracies)),
        )
        for row in rows
    ]


def comparison_table(rows: Sequence[Row]) -> "Table":
    """The comparison as a table for the terminal, with counts to three digits."""
    from nasbench.report.common.terminal import PlainTable

    table = PlainTable("Mean ± deviation over seeds, test split", pad_edge=False)
    for name in COLUMNS:
        if name == "model":
            table.add_column(name, overflow="fold", min_width=20)
        else:
            table.add_column(name, justify="left" if name == "source" else "right", no_wrap=True)
    for row, texts in zip(rows, comparison_rows(rows), strict=True):
        model, source, _, _, *rest = texts
        table.add_row(
            model, source, *("–" if cost is None else short_count(cost) for cost in (row.params, row.macs)), *rest
        )
    return table


def _rate(images_per_second: float | None) -> str:
    if images_per_second is None:
        return "–"
    return f"{images_per_second:,.0f}" if images_per_second >= 100 else f"{images_per_second:.3g}"
