"""Tables of a search for W&B: beside chance, the Pareto front, operations and score, curves of children; the surface of
a search for scaling coefficients.
"""

from collections import defaultdict
from collections.abc import Iterator
from statistics import fmean

from nasbench.core.curves import best_so_far, groups_of, is_retraining, searched
from nasbench.core.reported import each_epoch_once
from nasbench.core.run_shown import Table
from nasbench.core.store import RunStore
from nasbench.core.trial import Trial
from nasbench.trackers.series import numbers

MOST_POINTS = 200
"""Points of a line at the most."""
COSTS = ("params", "macs")
MOST_CHILDREN = 20
"""Children whose curves are drawn: the best."""


def search_tables(store: RunStore) -> Iterator[tuple[str, Table]]:
    """Name -> table of what a search shows; those that would be empty are left out."""
    trials = [trial for trial in store.trials if not trial.name]
    if band := _beside_chance(store, trials):
        yield "search_against_random", Table.of(("line", "trials", "score"), band)
    scored = [trial for trial in searched(trials) if trial.score is not None]
    if scored:
        yield "score_over_trials", Table.of(("number", "score"), [(trial.number, trial.score) for trial in scored])
    costs = [(trial.number, trial.score, *(numbers(trial.metrics).get(name) for name in COSTS)) for trial in scored]
    if counted := [row for row in costs if None not in row]:
        yield "score_and_cost", Table.of(("number", "score", *COSTS), counted)
    if front := _front(trials):
        yield "pareto_front", Table.of(("number", "key", "score", "params", "macs"), front)
    if rows := _by_operation(store, trials):
        yield "score_by_operation", Table.of(("option", "count", "score", "networks"), rows)
    if curves := _child_curves(store, trials):
        yield "child_curves", Table.of(("trial", "epoch", "val_accuracy", "train_loss"), curves)


def scale_tables(store: RunStore) -> Iterator[tuple[str, Table]]:
    """The surface, the coefficients with their intervals, and the comparison at equal multiply-adds."""
    from nasbench.report.scaling.fit import fit
    from nasbench.report.scaling.results import chosen, comparison, points

    trials, seed = store.trials, int(store.run["config"].get("seed") or 0)
    epochs = int((store.run.get("plan") or {}).get("epochs") or max((trial.epochs for trial in trials), default=0))
    found = points(trials)
    if found:
        rows = [
            (
                point.number,
                *vars(point.coefficients).values(),
                *(round(share, 6) for share in point.shares),
                point.score,
            )
            for point in found
        ]
        columns = ("number", "alpha", "beta", "gamma", "depth_share", "width_share", "resolution_share", "score")
        yield "surface_points", Table.of(columns, rows)
    row, surface = chosen(trials, epochs), fit(found, seed)
    if row is not None:
        intervals = (surface.interval if surface else None) or {}
        names = zip(("alpha", "beta", "gamma"), vars(row.coefficients).values(), strict=True)
        told = [(name, value, *intervals.get(name, (None, None))) for name, value in names]
        yield "coefficients", Table.of(("coefficient", "value", "low", "high"), told)
    if compared := [each.to_json() for each in comparison(trials, epochs)]:
        columns = ("network", "params", "macs", "macs_ratio", "mean", "std", "seeds", "score")
        fields = ("name", "params", "macs", "macs_ratio", "val_accuracy", "std", "seeds", "score")
        yield "equal_macs", Table.of(columns, [tuple(each[name] for name in fields) for each in compared])


def _beside_chance(store: RunStore, trials: list[Trial]) -> list[tuple[str, int, float]]:
    """Lines in one table: the best so far, what as many random children would have, and the band of that."""
    from nasbench.report.run.chance import Exact, chance_curve

    best = best_so_far(searched(trials))
    step = max(1, len(best) // MOST_POINTS)
    places = sorted({*range(1, len(best) + 1, step), len(best)} if best else ())
    rows = [("best so far", n, score) for n in places if (score := best[n - 1]) is not None]
    if not rows:
        return []
    for n, mean, low, high in chance_curve(trials, Exact.of(store.run)):
        rows += [("random, expected", n, mean), ("random, low", n, low), ("random, high", n, high)]
    return rows


def _front(trials: list[Trial]) -> list[tuple[int, str, float, float | None, float]]:
    """The trials of which none has both a higher score and fewer multiply-adds, in order of their cost."""
    priced = [
        (macs, -trial.score, trial.number, trial)
        for trial in searched(trials)
        if trial.score is not None and (macs := numbers(trial.metrics).get("macs")) is not None
    ]
    front, best = [], float("-inf")
    for macs, minus, number, trial in sorted(priced, key=lambda each: each[:3]):
        if -minus > best:
            best = -minus
            front.append((number, trial.key, best, numbers(trial.metrics).get("params"), macs))
    return front


def _by_operation(store: RunStore, trials: list[Trial]) -> list[tuple[str, int, float, int]]:
    """How well networks score that have an option so many times: of the largest group of decisions."""
    groups = groups_of(store.run["config"], trials)
    scores: dict[tuple[str, int], list[float]] = defaultdict(list)
    for trial in trials:
        if groups and trial.score is not None and not is_retraining(trial):
            chosen = [trial.genes.get(decision) for decision in groups[0].decisions]
            for option in groups[0].options:
                scores[option, chosen.count(option)].append(trial.score)
    return [(option, count, fmean(found), len(found)) for (option, count), found in sorted(scores.items())]


def _child_curves(store: RunStore, trials: list[Trial]) -> list[tuple[str, int, float | None, float | None]]:
    """What the best children reported after each epoch."""
    scored = [trial for trial in trials if trial.score is not None and trial.status != "cached"]
    best = sorted(scored, key=lambda trial: (-trial.epochs, -(trial.score or 0.0), trial.number))[:MOST_CHILDREN]
    drawn = {trial.number for trial in best}
    return [
        (
            f"trial {line['number']}",
            line["epoch"],
            numbers(line).get("val_accuracy"),
            numbers(line).get("train_loss"),
        )
        for line in each_epoch_once(store.directory)
        if line["number"] in drawn and not line.get("name")
    ]
