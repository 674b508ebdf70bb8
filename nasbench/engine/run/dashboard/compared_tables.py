"""Tables of what is compared, for W&B: means with intervals, the ranking check of a cheap score, races, fidelity."""

from collections.abc import Iterator, Sequence
from statistics import fmean, stdev
from typing import TYPE_CHECKING

from nasbench.core.run_shown import Table
from nasbench.core.store import RunStore

if TYPE_CHECKING:
    from nasbench.report.race.results import Race

LEVEL = 0.95
MEASURED = ("measure", "value", "low", "high")


def training_tables(store: RunStore) -> Iterator[tuple[str, Table]]:
    """Of trainings of models over seeds: the mean of the test accuracy with its interval, and of the top 5."""
    columns = ("model", "seeds", "mean", "std", "low", "high", "top5", "val_accuracy")
    rows = []
    for name in dict.fromkeys(trial.name for trial in store.trials if trial.scored and trial.name):
        done = [trial.metrics for trial in store.trials if trial.name == name and trial.scored]
        accuracies = [float(metrics["test_accuracy"]) for metrics in done if "test_accuracy" in metrics]
        if accuracies:
            more = (_mean([metrics.get("test_top5") for metrics in done]), _mean([m.get("val_accuracy") for m in done]))
            rows.append((name, len(accuracies), *_interval(accuracies), *more))
    if rows:
        yield "results", Table.of(columns, rows)


def comparison_tables(store: RunStore) -> Iterator[tuple[str, Table]]:
    """Of a comparison: each model, and how the found ones differ from the others."""
    from nasbench.report.comparison.results import verdict
    from nasbench.report.comparison.rows import rows_of

    rows = rows_of(store)
    columns = ("model", "source", "seeds", "mean", "std", "low", "high", "params", "macs", "images_per_second")
    told = [
        (
            row.model,
            row.source,
            len(row.accuracies),
            *_interval(row.accuracies),
            row.params,
            row.macs,
            row.images_per_second,
        )
        for row in rows
        if row.accuracies
    ]
    if told:
        yield "comparison", Table.of(columns, told)
    differences = [
        (each.found, each.other, each.kind, each.difference, each.low, each.high, each.level, each.seeds, each.word)
        for each in verdict(rows).contrasts
    ]
    if differences:
        named = ("found", "other", "kind", "difference", "low", "high", "level", "seeds", "conclusion")
        yield "contrasts", Table.of(named, differences)


def ranking_tables(store: RunStore) -> Iterator[tuple[str, Table]]:
    """Of the check of a cheap score: each network's prediction and truth, and the measures."""
    from nasbench.report.common.ranking_check import SHOWN, ranking_check

    check = ranking_check(store.run, store.trials)
    if check is None or not check.count:
        return
    pairs = zip(check.trials, check.predicted, check.values, strict=True)
    columns = ("number", "key", "predicted", "truth")
    yield "ranking_check", Table.of(columns, [(trial.number, trial.key, score, truth) for trial, score, truth in pairs])
    told = [
        (name, found.value, found.low, found.high, check.chance[name].value)
        for name in SHOWN
        if (found := check.measures[name]).value is not None
    ]
    if told:
        yield "ranking_measures", Table.of((*MEASURED, "chance"), told)
    if correlations := [(row[0], row[1]) for row in told if row[0] != "pick_rank"]:  # a rank is on another scale
        yield "ranking_correlations", Table.of(MEASURED[:2], correlations)


def race_tables(store: RunStore) -> Iterator[tuple[str, Table]]:
    """Of a race: anytime curves, the standings at its whole budget, and who wins how often."""
    from nasbench.report.race.results import races_of

    races = races_of(store.run, store.trials)
    for place, race in enumerate(races, start=1):
        ending = f"_{place}" if place > 1 else ""
        for name, table in _tables_of_race(race):
            yield f"{name}{ending}", table


def _tables_of_race(race: "Race") -> Iterator[tuple[str, Table]]:
    curves = []
    for strategy in race.strategies:
        places = sorted({*race.budgets, *(race.budget * part / 20 for part in range(1, 21))})
        for place in places:
            reached = [each.at(place, race.axis) for each in race.of_strategy(strategy)]
            best = [values[-1] for values in reached if values is not None]
            if best:
                curves.append((strategy, place, fmean(best), len(best)))
    if curves:
        yield "anytime", Table.of(("strategy", "budget", "mean", "repetitions"), curves)
    standings = [
        (each.strategy, each.evaluations, column, found.mean, found.std)
        for each in race.standings(race.budget)
        for column, found in [(race.rank_by, each.columns[race.rank_by])]
    ]
    if standings:
        yield "standings", Table.of(("strategy", "evaluations", "column", "mean", "std"), standings)
    if wins := [tuple(vars(win).values()) for win in race.wins()]:
        yield "wins", Table.of(("strategy", "other", "share", "low", "high", "seeds"), wins)


def fidelity_tables(store: RunStore) -> Iterator[tuple[str, Table]]:
    """Of a comparison of cheap scores: each score's tau and cost, and all its measures."""
    from nasbench.report.fidelity.results import Fidelity

    standings = Fidelity.of(store.run, store.trials).standings
    rows = [(each.name, each.measures["tau"].value, each.seconds, each.failed) for each in standings]
    if rows:
        yield "fidelity", Table.of(("score", "tau", "seconds", "failed"), rows)
    measures = [
        (each.name, name, found.value, found.low, found.high)
        for each in standings
        for name, found in each.measures.items()
        if found.value is not None
    ]
    if measures:
        yield "fidelity_measures", Table.of(("score", *MEASURED), measures)


def _interval(values: Sequence[float]) -> tuple[float, float | None, float | None, float | None]:
    """Mean, sample deviation, and the ends of Student's t-interval; None for one value."""
    from nasbench.report.comparison.results import half_width

    mean, reach = fmean(values), half_width(values, LEVEL)
    if reach is None:
        return mean, None, None, None
    return mean, stdev(values), mean - reach, mean + reach


def _mean(values: Sequence[object]) -> float | None:
    known = [float(value) for value in values if isinstance(value, int | float)]
    return fmean(known) if known else None
