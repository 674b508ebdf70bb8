"""Which network a search returns: the best seen, or the one with the highest posterior mean; to results/returned.json.

    python benchmarks/returned.py

Searches of 100 evaluations on the shipped table of NAS-Bench-201. The posterior is that of the predictor's Gaussian
processes, fitted to all that a search has seen. Scores are the accuracy after 12 epochs, judged by the test accuracy
after 200; and the validation accuracy after 200 epochs with normal noise of 0 to 2 points, judged without the noise.
"""

import argparse
import json
from pathlib import Path
from random import Random
from statistics import fmean, stdev
from typing import Any

import numpy as np

from nasbench.core.registry import evaluators, spaces, strategies
from nasbench.core.seeds import derive, trial_rng
from nasbench.core.trial import Trial
from nasbench.strategies.predictor.features import Encoder
from nasbench.strategies.predictor.kernels import Geometry
from nasbench.strategies.predictor.model import Ensemble
from nasbench.strategies.predictor.targets import targets_of

RESULTS = Path(__file__).resolve().parent / "results" / "returned.json"
CASES = (
    ("val_accuracy_12", 0.0, "test_accuracy_200"),
    *(("val_accuracy_200", noise, "val_accuracy_200") for noise in (0.0, 0.5, 1.0, 2.0)),
)
TRIALS, MEMBERS, RANKS = 100, 4, 0.5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--strategies", nargs="+", default=["random", "evolution"])
    given = parser.parse_args()
    found = []
    for score, noise, judged in CASES:
        for name in given.strategies:
            gains = [gain(name, seed, score, noise, judged) for seed in range(given.seeds)]
            error = stdev(gains) / len(gains) ** 0.5
            told = {"score": score, "noise": noise, "judged": judged, "strategy": name, "seeds": len(gains)}
            equal = sum(each == 0 for each in gains)
            found.append({**told, "gain": round(fmean(gains), 3), "error": round(error, 3), "equal": equal})
            print(found[-1], flush=True)
            RESULTS.write_text(json.dumps(found, indent=1) + "\n")


def gain(name: str, seed: int, score: str, noise: float, judged: str) -> float:
    """By how much the network of the highest posterior mean is better than the best seen."""
    space: Any = spaces.make("nasbench201")
    offered = {"file": "nasbench201-cifar10", "space": space, "score_column": score, "report_columns": (judged,)}
    table: Any = evaluators.make("table", offered=offered)
    strategy = strategies.make(name, space, options={}, offered={}, seed=seed)
    met: dict[str, tuple[Any, float, float]] = {}
    for number in range(1, TRIALS + 1):
        proposal = strategy.ask(number, trial_rng(seed, number), ())
        row, network = table.row(proposal.architecture), space.canonical(proposal.architecture)
        drawn = Random(derive(seed, f"noise of {network.key}")).gauss(0.0, noise) if noise else 0.0
        seen = row[score] + drawn
        met.setdefault(network.key, (network, seen, row[judged]))
        strategy.tell(
            Trial(number, proposal.architecture, network.key, "ok", seen, {}, 1, 0.0, seed, "", "", proposal.note)
        )
    encoder = Encoder(space.name, space.choices)
    features = encoder.features(np.array([encoder.point(network) for network, _, _ in met.values()]))
    scores, truths = [seen for _, seen, _ in met.values()], [truth for _, _, truth in met.values()]
    targets = targets_of(scores, float(np.median(scores)), RANKS)
    model = Ensemble(MEMBERS, Geometry(encoder.decision_of_place, encoder.num_decisions), features[:0])
    model.rebuild(features, targets, from_scratch=True)
    return truths[int(np.argmax(model.fitted(targets)))] - truths[int(np.argmax(scores))]


if __name__ == "__main__":
    main()
