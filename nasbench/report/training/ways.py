"""The ways of transfer side by side: accuracies with intervals, which is best, and how sure that is.

The way is chosen by validation images; the test images, which did not choose, say how sure it is. Differences are
paired by seed, and the intervals against the other ways hold together (Bonferroni).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Any

from nasbench.core.store import RunStore
from nasbench.core.trial import Trial
from nasbench.report.common.numbers import count
from nasbench.report.comparison.results import ENOUGH_SEEDS, LEVEL, contrast, half_width, interval, points
from nasbench.report.comparison.rows import Row

if TYPE_CHECKING:
    from rich.table import Table

COLUMNS = ("way", "--freeze", "parameters that learn", "validation, %", "test top-1, %", "seeds")
CAPTION = "Mean, with its 95 % interval (Student's t, over the seeds)."


@dataclass(frozen=True)
class WayRow:
    """A way and its trainings: what stays as it is, how many parameters learn, accuracies in [0, 1] by seed."""

    way: str
    freeze: str
    learn: int
    val: Mapping[int, float]
    test: Mapping[int, float]

    def to_json(self) -> dict[str, Any]:
        """The row as JSON; an interval is null for one seed."""
        told = {"way": self.way, "freeze": self.freeze, "learn": self.learn, "seeds": len(self.test)}
        for name, values in (("val_accuracy", self.val), ("test_accuracy", self.test)):
            told[name] = fmean(values.values()) if values else None
            told[f"{name}_interval"] = _ends(list(values.values()))
        return told

    def cells(self) -> tuple[str, ...]:
        """The texts of the COLUMNS."""
        shares = (_with_interval(list(values.values())) for values in (self.val, self.test))
        return (self.way, self.freeze, count(self.learn), *shares, str(len(self.test)))


def way_rows(store: RunStore) -> list[WayRow]:
    """The ways of a run, from its log alone."""
    return [
        WayRow(way, plan["freeze"], plan["learn"], *_by_seed(store.trials, way))
        for way, plan in store.run["plan"]["ways"].items()
    ]


def told(store: RunStore) -> list[str]:
    """Which way is best on validation images, how it does against the others on test images, what was advised."""
    rows, advice = [row for row in way_rows(store) if row.test], store.run["plan"]["advice"]
    if not rows:
        return ["No training has finished."]
    best = max(rows, key=lambda row: fmean(row.val.values()))
    others = [row for row in rows if row is not best]
    lines = [f"{best.way} is best on validation images, {_with_interval(list(best.val.values()))} %."]
    level = 1 - (1 - LEVEL) / max(1, len(others))
    made = [contrast(_row(best), row.test, row.way, "baseline", level) for row in others]
    found = [each for each in made if each is not None]
    lines += [
        f"On test images {points(each.difference, sign=True)} points against {each.other}: {each.word}, "
        f"{interval(each)}, {each.seeds} seeds."
        for each in found
    ]
    if any(each.word == "not enough seeds" for each in found):
        lines.append(f"No winner is named with fewer than {ENOUGH_SEEDS} seeds.")
    elif found and len(found) == len(others) and all(each.word == "better" for each in found):
        lines.append(f"{best.way} wins.")
    elif found:
        lines.append("No way is shown to win.")
    return [*lines, f"The advice was {advice['way']}: {advice['why'][-1]}."]


def ways_table(rows: Sequence[WayRow]) -> "Table":
    """The ways as a table for the terminal."""
    from nasbench.report.common.terminal import PlainTable

    table = PlainTable(CAPTION, pad_edge=False)
    for name in COLUMNS:
        table.add_column(name, justify="left" if name in COLUMNS[:2] else "right")
    for row in rows:
        table.add_row(*row.cells())
    return table


def _by_seed(trials: Sequence[Trial], way: str) -> tuple[dict[int, float], dict[int, float]]:
    done = {trial.seed: trial.metrics for trial in trials if trial.name == way and trial.scored}
    val, test = ({seed: float(done[seed][name]) for seed in sorted(done)} for name in ("val_accuracy", "test_accuracy"))
    return val, test


def _row(row: WayRow) -> Row:
    return Row(row.way, "way", None, None, None, tuple(row.test), tuple(row.test.values()))


def _ends(values: Sequence[float]) -> list[float] | None:
    reach = half_width(values, LEVEL)
    return None if reach is None else [fmean(values) - reach, fmean(values) + reach]


def _with_interval(values: Sequence[float]) -> str:
    """`97.20 [96.80, 97.60]` in percent; a dash for no value, the mean alone for one."""
    if not values:
        return "–"
    ends = _ends(values)
    mean = f"{100 * fmean(values):.2f}"
    return mean if ends is None else f"{mean} [{100 * ends[0]:.2f}, {100 * ends[1]:.2f}]"
