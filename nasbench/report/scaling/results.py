"""What the log of a search for scaling coefficients says: candidates on the surface, front-runners and what they are
compared with.

The search's own trials name coefficients. The trainings after it carry the note `compared_as`: a front-runner under
another seed, the published coefficients, or one dimension alone, at multiply-adds as near as can be to the best
candidate's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log2
from statistics import fmean, stdev
from typing import Any

from nasbench.core.compound import Coefficients, Multipliers
from nasbench.core.curves import search_epochs, searched
from nasbench.core.trial import Trial

FRONT_RUNNER = "front-runner"


@dataclass(frozen=True)
class Point:
    """A candidate of the search at the epochs that most candidates had: `depth`, `width`, `resolution` are its shares
    of the growth.
    """

    number: int
    coefficients: Coefficients
    score: float

    @property
    def shares(self) -> tuple[float, float, float]:
        """Of depth, width and resolution in the logarithm of the product; they add up to 1."""
        return shares_of(self.coefficients.at(1.0))


@dataclass(frozen=True)
class Row:
    """A network of the comparison: how the base was scaled, what it counts, and its trainings by seed."""

    name: str
    multipliers: Multipliers
    pixels: int
    params: int
    macs: int
    macs_ratio: float
    trials: Mapping[int, Trial]
    phi: float = 1.0
    """How far the base was scaled by coefficients with the product 2: not 1 under a budget."""

    @property
    def coefficients(self) -> Coefficients:
        """Of a front-runner: its multipliers at phi = 1."""
        if self.phi == 1:
            return Coefficients(*vars(self.multipliers).values())
        return Coefficients(*(max(1.0, value ** (1 / self.phi)) for value in vars(self.multipliers).values()))

    @property
    def accuracies(self) -> list[float]:
        """Validation accuracy in [0, 1], by seed."""
        return [float(trial.metrics["val_accuracy"]) for _, trial in sorted(self.trials.items())]

    @property
    def scores(self) -> list[float]:
        """The search's score, by seed."""
        return [trial.score for _, trial in sorted(self.trials.items()) if trial.score is not None]

    @property
    def score(self) -> float:
        return fmean(self.scores)

    def to_json(self) -> dict[str, Any]:
        shown: Mapping[str, float] = vars(self.coefficients) if self.is_front_runner else vars(self.multipliers)
        return {
            "name": self.name,
            **shown,
            **({"phi": self.phi, **vars(self.multipliers)} if self.phi != 1 else {}),
            "pixels": self.pixels,
            "params": self.params,
            "macs": self.macs,
            "macs_ratio": self.macs_ratio,
            "val_accuracy": fmean(self.accuracies),
            "std": deviation(self.accuracies),
            "score": self.score,
            "score_std": deviation(self.scores),
            "seeds": len(self.trials),
        }

    @property
    def is_front_runner(self) -> bool:
        return self.name.startswith(FRONT_RUNNER)


def points(trials: Sequence[Trial]) -> list[Point]:
    """The scored candidates of the search at the epochs that most of them had, in order of their numbers; each
    coefficients once.
    """
    told = searched(trials)
    epochs = search_epochs(told)
    found: dict[str, Point] = {}
    for trial in sorted(told, key=lambda trial: trial.number):
        if trial.score is not None and trial.epochs == epochs:
            found.setdefault(trial.key, Point(trial.number, coefficients_of_trial(trial), trial.score))
    return list(found.values())


def front_runners(trials: Sequence[Trial], most: int) -> list[Trial]:
    """The best candidates that are different networks, those of most epochs first. Rounding makes many coefficients one
    network.
    """
    scored = [trial for trial in searched(trials) if trial.score is not None]
    first: dict[tuple[Any, ...], Trial] = {}
    for trial in sorted(scored, key=lambda trial: (-trial.epochs, -(trial.score or 0.0), trial.number)):
        first.setdefault(tuple(trial.metrics[name] for name in ("params", "macs", "resolution")), trial)
    return list(first.values())[:most]


def comparison(trials: Sequence[Trial], epochs: int) -> list[Row]:
    """Front-runners, then published coefficients and single dimensions; those with a score alone.

    A front-runner's training in the search counts as its first seed, where it had all the `epochs`.
    """
    by_number = {trial.number: trial for trial in trials}
    entries: dict[str, dict[int, Trial]] = {}
    for trial in sorted(trials, key=lambda trial: trial.number):
        name = trial.note.get("compared_as")
        if name is None or not trial.scored:
            continue
        found = entries.setdefault(str(name), {})
        first = by_number.get(int(trial.note.get("of", 0)))
        if first is not None and first.scored and first.epochs == epochs:
            found.setdefault(first.seed, first)
        found[trial.seed] = trial
    rows = [_row(name, found) for name, found in entries.items()]
    return sorted(rows, key=lambda row: (not row.is_front_runner, row.name if row.is_front_runner else ""))


def chosen(trials: Sequence[Trial], epochs: int) -> Row | None:
    """The front-runner whose mean score over the seeds is highest; the best candidate where none was trained again;
    None without scores.

    One that some seeds are missing of, where others have them all, does not stand in the way of those.
    """
    rows = [row for row in comparison(trials, epochs) if row.is_front_runner]
    seeds = max((len(row.trials) for row in rows), default=0)
    complete = [row for row in rows if len(row.trials) == seeds]
    if complete:
        return max(complete, key=lambda row: row.score)
    best = front_runners(trials, 1)
    return _row(f"{FRONT_RUNNER} 1", {best[0].seed: best[0]}) if best else None


def coefficients_of_trial(trial: Trial) -> Coefficients:
    """alpha, beta and gamma of a candidate of the search."""
    return Coefficients(*(float(trial.metrics[name]) for name in ("alpha", "beta", "gamma")))


def phi_of(trial: Trial) -> float:
    """How far the base was scaled by them: 1 without a budget."""
    return float(trial.metrics.get("phi", 1.0))


def shares_of(multipliers: Multipliers) -> tuple[float, float, float]:
    """The parts of the logarithm of the product that depth, width and resolution have; they add up to 1 where the
    product is above 1.
    """
    whole = log2(multipliers.product)
    if whole == 0:
        return 0.0, 0.0, 0.0
    return (
        log2(multipliers.depth) / whole,
        2 * log2(multipliers.width) / whole,
        2 * log2(multipliers.resolution) / whole,
    )


def deviation(values: Sequence[float]) -> float | None:
    """The sample standard deviation; None for fewer than two."""
    return stdev(values) if len(values) > 1 else None


def is_coefficient_search(run: Mapping[str, Any]) -> bool:
    """True for the record of `nasbench scale --search`."""
    config = run.get("config")
    return run.get("command") == "scale" and isinstance(config, Mapping) and bool(config.get("search"))


def _row(name: str, found: Mapping[int, Trial]) -> Row:
    any_trial = next(iter(found.values()))
    metrics = any_trial.metrics
    multipliers = Multipliers(float(metrics["depth"]), float(metrics["width"]), float(metrics["resolution_multiplier"]))
    return Row(
        name,
        multipliers,
        int(metrics["resolution"]),
        int(metrics["params"]),
        int(metrics["macs"]),
        float(metrics["macs_ratio"]),
        found,
        next((phi_of(trial) for trial in found.values() if "phi" in trial.metrics), 1.0),
    )
