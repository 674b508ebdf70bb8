"""Which network a search returns: the best seen, or the one with the highest posterior mean; to results/returned.json.

    python benchmarks/returned.py

Searches of 100 evaluations on the shipped table of NAS-Bench-201. `--return posterior` follows the predictor's Gaussian
processes, fitted to all that a search has seen; `--return auto` does where they hold most of the best's lead to be
noise. Scores are the accuracy after 12 epochs, judged by itself and by the test accuracy after 200; and the validation
accuracy after 200 epochs with normal noise of 0 to 4 points, judged without the noise. Seeds begin at 130: by 100 to
129 the threshold of `auto` was chosen. Each search is a line of `--log` when it has ended; a command that was stopped
does the others.
"""

import argparse
import json
from functools import cache
from pathlib import Path
from random import Random
from statistics import fmean, stdev
from typing import Any

from nasbench.core.registry import evaluators, spaces, strategies
from nasbench.core.seeds import derive, trial_rng
from nasbench.core.trial import Trial
from nasbench.engine.parts.returning import returned_by

RESULTS = Path(__file__).resolve().parent / "results" / "returned.json"
CASES = (
    ("val_accuracy_12", 0.0, "val_accuracy_12"),
    ("val_accuracy_12", 0.0, "test_accuracy_200"),
    *(("val_accuracy_200", noise, "val_accuracy_200") for noise in (0.0, 0.25, 0.5, 1.0, 2.0, 4.0)),
)
TRIALS = 100
RULES = ("posterior", "auto")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--first-seed", type=int, default=130)
    parser.add_argument("--strategies", nargs="+", default=["random", "evolution"])
    parser.add_argument("--log", type=Path, default=Path("runs/returned.jsonl"))
    given = parser.parse_args()
    given.log.parent.mkdir(parents=True, exist_ok=True)
    lines = map(json.loads, given.log.read_text().splitlines() if given.log.exists() else ())
    known = {tuple(search): gains for *search, gains in lines}
    found = []
    for score, noise, judged in CASES:
        for name in given.strategies:
            seeds = range(given.first_seed, given.first_seed + given.seeds)
            for seed in seeds:
                search = (name, seed, score, noise, judged)
                if search not in known:
                    known[search] = gains(*search)
                    with given.log.open("a") as log:
                        log.write(json.dumps([*search, known[search]]) + "\n")
            told = {"score": score, "noise": noise, "judged": judged, "strategy": name, "seeds": given.seeds}
            told["first_seed"] = given.first_seed
            for rule in RULES:
                of = [known[name, seed, score, noise, judged][rule] for seed in seeds]
                error = stdev(of) / len(of) ** 0.5
                told[rule] = {"gain": round(fmean(of), 3), "error": round(error, 3), "worse": sum(x < 0 for x in of)}
            found.append(told)
            print(found[-1], flush=True)
            RESULTS.write_text(json.dumps(found, indent=1) + "\n")


def gains(name: str, seed: int, score: str, noise: float, judged: str) -> dict[str, float]:
    """Rule -> by how much the network that it returns is better than the best seen."""
    space: Any = spaces.make("nasbench201")
    table = table_of(score, judged)
    strategy = strategies.make(name, space, options={}, offered={}, seed=seed)
    trials = []
    for number in range(1, TRIALS + 1):
        proposal = strategy.ask(number, trial_rng(seed, number), ())
        row, network = table.row(proposal.architecture), space.canonical(proposal.architecture)
        drawn = Random(derive(seed, f"noise of {network.key}")).gauss(0.0, noise) if noise else 0.0
        seen, metrics = row[score] + drawn, {judged: row[judged]}
        trials.append(
            Trial(number, proposal.architecture, network.key, "ok", seen, metrics, 1, 0.0, seed, "", "", proposal.note)
        )
        strategy.tell(trials[-1])
    found = {}
    for rule in RULES:
        returned = returned_by(rule, space, trials)
        assert returned is not None, "100 trials are enough for a model"
        found[rule] = returned.ranked[0].metrics[judged] - returned.seen.metrics[judged]
    return found


@cache
def table_of(score: str, judged: str) -> Any:
    """The shipped table."""
    space = spaces.make("nasbench201")
    columns = {"score_column": score, "report_columns": (judged,)}
    return evaluators.make("table", offered={"file": "nasbench201-cifar10", "space": space, **columns})


if __name__ == "__main__":
    main()
