"""Races with and without a screen, written to results/screening.json; and the values of a proxy as a table for them.

    nasbench fidelity --scores proxy:synflow --sample 15625 --run runs/synflow
    python benchmarks/screening.py table runs/synflow benchmarks/results/synflow_nasbench201.csv.gz
    nasbench race --time-budget 12000 --also 0.25 0.5 --seeds 500 --strategies random,ppo,evolution --screen proxy:params=8 --run runs/params
    nasbench race ... --screen table:benchmarks/results/synflow_nasbench201.csv.gz#log_synflow=8 --run runs/by_synflow
    python benchmarks/screening.py races runs/params runs/by_synflow

Of a race that was stopped before its end, the seeds count that every strategy has finished.
"""  # noqa: E501

import argparse
import gzip
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from nasbench.core.registry import spaces
from nasbench.core.store import RunStore
from nasbench.report.race.results import Race

RESULTS = Path(__file__).resolve().parent / "results" / "screening.json"
DIGITS = 8
"""Significant digits of a proxy's values in the table: float32 has seven."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    table = commands.add_parser("table", help="a run of nasbench fidelity with one score -> a table of its values")
    table.add_argument("run", type=Path)
    table.add_argument("file", type=Path)
    races = commands.add_parser("races", help="runs of nasbench race -> results/screening.json")
    races.add_argument("runs", nargs="+", type=Path)
    given = parser.parse_args()
    if given.command == "table":
        write_table(given.run, given.file)
    else:
        RESULTS.write_text(json.dumps([of_race(run) for run in given.runs], indent=1) + "\n")


def write_table(run: Path, file: Path) -> None:
    """One row a network: the first spelling of it that has a value. Networks without a value have no row."""
    store = RunStore.read(run)
    (label,) = store.run["plan"]["scores"]
    space: Any = spaces.make(store.run["plan"]["source"].removeprefix("space:"))
    column, lines = "", dict[str, str]()
    for trial in store.trials:
        if trial.score is not None:
            column = column or next(name for name, value in trial.metrics.items() if value == trial.score)
            lines.setdefault(trial.key, f"{space.to_string(trial.proposed)},{trial.score:.{DIGITS}g}")
    assert column, f"{run} has no value of {label}"
    text = "\n".join([f"arch_str,{column}", *lines.values()]) + "\n"
    file.write_bytes(gzip.compress(text.encode(), mtime=0))
    print(f"{len(lines)} networks, {file.stat().st_size} bytes: --screen table:{file}#{column}=K")


def of_race(run: Path) -> dict[str, Any]:
    """Mean, deviation and evaluations at each budget, and how often the screened strategy beats the plain one."""
    store = RunStore.read(run)
    race = finished(Race.of(store.run, store.trials))
    names = race.strategies
    pairs = [(name, plain) for name in names if (plain := name.partition(" + ")[0]) != name]
    return {
        "strategies": [rows(race, name) for name in names],
        "seeds": len(race.of_strategy(names[0])),
        "wins": [wins(race, *pair) for pair in pairs],
        "screen": store.run["config"]["screen"],
    }


def finished(race: Race) -> Race:
    """The race of the seeds that every strategy has finished."""
    seeds = set.intersection(*({each.seed for each in race.of_strategy(name)} for name in race.strategies))
    return replace(race, repetitions=tuple(each for each in race.repetitions if each.seed in seeds))


def rows(race: Race, name: str) -> dict[str, Any]:
    found = {}
    for budget in race.budgets:
        standing = race.standing(name, budget)
        assert standing is not None, (name, budget)
        column = standing.columns[race.rank_by]
        found[f"{budget:g}"] = {"mean": column.mean, "std": column.std, "evaluations": standing.evaluations}
    return {"name": name, race.rank_by: found}


def wins(race: Race, name: str, plain: str) -> dict[str, Any]:
    """The share of seeds under which the screened strategy returns the better cell at each budget; ties count half."""
    shares = {}
    for budget in race.budgets:
        values: Sequence[dict[int, float]] = [
            {each.seed: found[-1] for each in race.of_strategy(which) if (found := each.at(budget, race.axis))}
            for which in (name, plain)
        ]
        both = sorted(set(values[0]) & set(values[1]))
        score = sum((values[0][s] > values[1][s]) + 0.5 * (values[0][s] == values[1][s]) for s in both)
        shares[f"{budget:g}"] = score / len(both)
    return {"strategy": name, "other": plain, "share": shares}


if __name__ == "__main__":
    main()
