"""The hypervolume of searches for accuracy and multiply-adds on NAS-Bench-201, written to results/hypervolume.json.

    python benchmarks/hypervolume.py run --seeds 30
    python benchmarks/hypervolume.py plot docs/img/hypervolume.svg

A strategy is asked and told as in a search on the shipped table, with `--objectives val_accuracy_200,macs`, or with the
logarithm of the multiply-adds. Counted is the share of the true front's hypervolume, above two references: `near`, the
worst of the true front and a tenth of its range; and `chance`, 10 % and the most multiply-adds of the table.
Seeds begin at 5: by those before, the predictor's targets were chosen. Each search is a line of `--log` when it has
ended; a command that was stopped does the others.
"""

import argparse
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from nasbench.core.options import parse_options
from nasbench.core.pareto import undominated
from nasbench.core.registry import evaluators, spaces, strategies
from nasbench.core.seeds import trial_rng
from nasbench.core.trial import Trial

RESULTS = Path(__file__).resolve().parent / "results" / "hypervolume.json"
ACCURACY, COST = "val_accuracy_200", "macs"
CHANCE = 10.0
SHOWN = (25, 50, 100, 200)
Shares = dict[str, list[float]]
"""Reference -> percent of the true hypervolume after each trial."""
STRATEGIES = ("predictor", "nsga2:population=10", "nsga2:population=20", "random")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="searches -> results/hypervolume.json")
    run.add_argument("--seeds", type=int, default=30)
    run.add_argument("--first-seed", type=int, default=5)
    run.add_argument("--trials", type=int, default=200)
    run.add_argument("--strategies", nargs="+", default=list(STRATEGIES), metavar="NAME[:KEY=VALUE...]")
    run.add_argument("--costs", nargs="+", choices=("linear", "log"), default=["linear", "log"])
    run.add_argument("--log", type=Path, default=Path("runs/hypervolume.jsonl"))
    run.add_argument("--results", type=Path, default=RESULTS)
    plot = commands.add_parser("plot", help="results/hypervolume.json -> a picture")
    plot.add_argument("picture", type=Path)
    given = parser.parse_args()
    if given.command == "plot":
        given.picture.write_text(drawn(json.loads(RESULTS.read_text())))
        return
    problems = {cost: Problem(cost) for cost in given.costs}
    log = Log(given.log)
    searches = [(cost, label) for cost in problems for label in given.strategies]
    settings = {"space": "nasbench201", "objectives": [ACCURACY, COST], "trials": given.trials}
    for seed in range(given.first_seed, given.first_seed + given.seeds):
        for cost, label in searches:
            if (cost, label, seed, given.trials) not in log.found:
                log.add((cost, label, seed, given.trials), problems[cost].searched(label, seed, given.trials))
        seeds = range(given.first_seed, seed + 1)
        told = [
            summary(label, cost, seeds, [log.found[cost, label, each, given.trials] for each in seeds])
            for cost, label in searches
        ]
        given.results.write_text(json.dumps({**settings, "searches": told}) + "\n")
        print(f"seed {seed}", flush=True)


class Log:
    """The searches that have ended, a line each: (cost, strategy, seed, trials) -> shares."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.found: dict[tuple[str, str, int, int], Shares] = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        for line in path.read_text().splitlines() if path.exists() else ():
            *search, shares = json.loads(line)
            self.found[tuple(search)] = shares

    def add(self, search: tuple[str, str, int, int], shares: Shares) -> None:
        rounded = {name: [round(share, 3) for share in curve] for name, curve in shares.items()}
        self.found[search] = rounded
        with self._path.open("a") as file:
            file.write(json.dumps([*search, rounded]) + "\n")


class Problem:
    """The table, with one way to count the cost."""

    def __init__(self, cost: str) -> None:
        self._space: Any = spaces.make("nasbench201")
        columns = {"file": "nasbench201-cifar10", "space": self._space, "score_column": ACCURACY}
        self._table: Any = evaluators.make("table", offered={**columns, "report_columns": (COST,)})
        self._cost = math.log if cost == "log" else float
        points = [_point(self._values(row)) for row in self._table.rows()]
        front = [points[index] for index in undominated(points)]
        ends = [(min(column), max(column)) for column in zip(*front, strict=True)]
        near = tuple(low - 0.1 * (high - low) for low, high in ends)
        self._references = {"near": near, "chance": (CHANCE, min(cost for _, cost in points))}
        self._whole = {name: volume(front, reference) for name, reference in self._references.items()}

    def searched(self, label: str, seed: int, trials: int) -> Shares:
        """The share of the true front's hypervolume after each trial, above each reference."""
        name, *options = label.split(":")
        offered = {"objectives": (ACCURACY, COST), "epochs": 1}
        given = parse_options(options, "--strategies")
        strategy = strategies.make(name, self._space, options=given, offered=offered, seed=seed)
        front: list[tuple[float, ...]] = []
        shares: Shares = {name: [] for name in self._references}
        for number in range(1, trials + 1):
            proposal = strategy.ask(number, trial_rng(seed, number), ())
            metrics = self._values(self._table.row(proposal.architecture))
            key = self._space.canonical(proposal.architecture).key
            score = metrics[ACCURACY]
            strategy.tell(
                Trial(number, proposal.architecture, key, "ok", score, metrics, 1, 0.0, seed, "", "", proposal.note)
            )
            points = [*front, _point(metrics)]
            front = [points[index] for index in undominated(points)]
            for name, reference in self._references.items():
                shares[name].append(100 * volume(front, reference) / self._whole[name])
        return shares

    def _values(self, row: Mapping[str, float]) -> dict[str, float]:
        return {ACCURACY: row[ACCURACY], COST: self._cost(row[COST])}


def _point(values: Mapping[str, float]) -> tuple[float, ...]:
    return values[ACCURACY], -values[COST]


def volume(points: Sequence[tuple[float, ...]], reference: Sequence[float]) -> float:
    """The area below the front of the points, above the reference."""
    area, reached = 0.0, 0.0
    for index in undominated(list(points)):  # the highest accuracy first
        width, height = (value - low for value, low in zip(points[index], reference, strict=True))
        if width > 0 and height > reached:
            area, reached = area + width * (height - reached), height
    return area


def summary(label: str, cost: str, seeds: Sequence[int], found: Sequence[Shares]) -> dict[str, Any]:
    """Mean and deviation of the shares, in percent, above each reference; `curve` is the mean after each trial."""
    told: dict[str, Any] = {"strategy": label, "cost": cost, "seeds": len(found), "first_seed": seeds[0]}
    for name in found[0]:
        columns = list(zip(*(shares[name] for shares in found), strict=True))
        spread = {n: round(stdev(columns[n - 1]), 3) if len(found) > 1 else None for n in SHOWN if n <= len(columns)}
        told[name] = {
            "at": {str(n): [round(fmean(columns[n - 1]), 3), spread[n]] for n in spread},
            "curve": [round(fmean(column), 3) for column in columns],
        }
    return told


def drawn(results: Mapping[str, Any]) -> str:
    """What is missing of the true front's hypervolume, on logarithmic axes."""
    from nasbench.report.common.figure import BLUE, GREEN, MUTED, ORANGE, drawing, new_figure, to_svg

    with drawing():
        figure = new_figure(7.2, 3.0)
        costs = list(dict.fromkeys(each["cost"] for each in results["searches"]))
        panels = figure.subplots(1, len(costs), squeeze=False, sharey=True)[0]
        for axes, cost in zip(panels, costs, strict=True):
            shown = [each for each in results["searches"] if each["cost"] == cost]
            for each, colour in zip(shown, (BLUE, GREEN, ORANGE, MUTED), strict=False):
                missing = [max(100 - share, 1e-3) for share in each["near"]["curve"]]
                axes.plot(range(1, len(missing) + 1), missing, color=colour, label=each["strategy"], linewidth=1.4)
            axes.set(xscale="log", yscale="log", xlabel="evaluations", title=f"{cost} multiply-adds")
        panels[0].set_ylabel("hypervolume missing, %")
        panels[0].legend()
        return to_svg(figure, "hypervolume")


if __name__ == "__main__":
    main()
