"""How well supernets rank cells of NAS-Bench-201, and what a search by them returns, from runs of `nasbench fidelity`.

    nasbench supernet --space nasbench201 --sampler uniform --dataset cifar10 --image-size 16 --cells 1 --filters 16 \
        --recipe supernet_fast --epochs 24 --seed 0 --check 0 --run S
    nasbench fidelity --scores supernet:S,proxy:params --sample 1000 --score-images 500 --recalibration-images 512 \
        --run F
    python benchmarks/supernet_ranking.py F [F ...]

adds to results/supernet_ranking.json, in the place of earlier runs of the same recipe, sampler, seed and length, and
prints the table of docs/experiments.md. Two networks are returned: (a) the one with the best score, and (b) of the ten
best, the one with the best validation accuracy after 12 epochs in the table, which is what training front-runners for
12 epochs would choose. Both are told as test accuracy after 200 epochs. Where the number of parameters was scored too,
the ranks of both are added and told as well.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scipy.stats import kendalltau, rankdata

from nasbench.core.protocols import Metrics
from nasbench.core.store import RunStore
from nasbench.core.trial import Trial
from nasbench.evaluators.table import TableEvaluator
from nasbench.report.fidelity.results import Fidelity
from search_spaces.nasbench201.space import NasBench201Space

RESULTS = Path(__file__).parent / "results" / "supernet_ranking.json"
TABLE, SHORT, FINAL = "nasbench201-cifar10", "val_accuracy_12", "test_accuracy_200"
TOP = 10
SPACE = NasBench201Space()
SUPERNET, PARAMS = "supernet:", "proxy:params"
OF_A_RUN = ("recipe", "sampler", "seed", "epochs")
MEASURES = ("tau", "spearman", "tau_upper_half", "tau_top_tenth", "p_at_top5", "pick_rank")


def judged(scores: Mapping[str, float], rows: Mapping[str, Metrics]) -> dict[str, float]:
    """Kendall's tau of the scores with the table, over all, within the true upper half and with its 12 epochs; and (a)
    and (b), test accuracies after 200 epochs in percent. Keys are those of networks, each once.
    """
    by_truth = sorted(scores, key=lambda key: -rows[key][FINAL])
    best = [rows[key] for key in sorted(scores, key=lambda key: -scores[key])[:TOP]]
    return {
        "tau": _tau(scores, rows, by_truth, FINAL),
        "tau_upper_half": _tau(scores, rows, by_truth[: len(by_truth) // 2], FINAL),
        "tau_with_12_epochs": _tau(scores, rows, by_truth, SHORT),
        "best_predicted": best[0][FINAL],
        "best_of_ten": max(best, key=lambda row: row[SHORT])[FINAL],
    }


def _tau(scores: Mapping[str, float], rows: Mapping[str, Metrics], keys: Sequence[str], column: str) -> float:
    return float(kendalltau([scores[key] for key in keys], [rows[key][column] for key in keys]).statistic)


def added(first: Mapping[str, float], second: Mapping[str, float]) -> dict[str, float]:
    """The ranks of both scores, added."""
    ranks = rankdata(list(first.values())) + rankdata([second[key] for key in first])
    return dict(zip(first, map(float, ranks), strict=True))


def scores_of(trials: Sequence[Trial], name: str) -> dict[str, float]:
    """Key of a network, without its size -> what the score of that name says; the first of its spellings."""
    found: dict[str, float] = {}
    for trial in trials:
        if trial.note["score"] == name and trial.score is not None:
            found.setdefault(SPACE.canonical(trial.proposed).key, trial.score)
    return found


def record_of(directory: Path, table: TableEvaluator) -> list[dict[str, Any]]:
    """What each supernet of a run came to."""
    store = RunStore.read(directory)
    found = Fidelity.of(store.run, store.trials)
    rows: dict[str, Metrics] = {}
    for trial in store.trials:
        rows.setdefault(SPACE.canonical(trial.proposed).key, table.row(trial.proposed))
    params = scores_of(store.trials, PARAMS)
    records = []
    for standing in found.standings:
        if not standing.name.startswith(SUPERNET):
            continue
        run = RunStore.read(Path(standing.name.removeprefix(SUPERNET)))
        config, plan = run.run["config"], run.run["plan"]
        scores = scores_of(store.trials, standing.name)
        intervals = {name: standing.measures[name] for name in MEASURES}
        records.append(
            {
                "recipe": config["recipe"],
                "sampler": plan["sampler"],
                "seed": config["seed"],
                "epochs": run.trials[0].epochs,
                "size": plan["size"],
                "pixels": plan["task"]["image_size"],
                "train_seconds": run.trials[0].metrics["train_seconds"],
                "networks": found.count,
                "seconds_a_score": standing.seconds,
                **{name: [each.value, each.low, each.high] for name, each in intervals.items()},
                "of_different": {"networks": len(scores), **judged(scores, rows)},
                "params_alone": judged(params, rows) if params else None,
                "added_to_params": judged(added(scores, params), rows) if params.keys() >= scores.keys() else None,
            }
        )
    return records


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=Path)
    table = TableEvaluator(TABLE, SPACE, FINAL, None, (SHORT, "params"))
    found = {tuple(each[name] for name in OF_A_RUN): each for each in json.loads(RESULTS.read_text())}
    for run in parser.parse_args().runs:
        found |= {tuple(each[name] for name in OF_A_RUN): each for each in record_of(run, table)}
    records = [found[key] for key in sorted(found)]
    RESULTS.write_text(json.dumps(records, indent=1) + "\n")
    print("| recipe, sampler, seed, epochs | tau | Spearman | upper half | top tenth | P@top 5 % | (a) | (b) |")
    print("|---|---|---|---|---|---|---|---|")
    for each in records:
        of_score = each["of_different"]
        cells = [", ".join(str(each[name]) for name in OF_A_RUN)]
        cells += [f"{each[name][0]:.2f}" for name in MEASURES[:-1]]
        cells += [f"{of_score[name]:.2f}" for name in ("best_predicted", "best_of_ten")]
        print(f"| {' | '.join(cells)} |")
    for each in records:
        if each["added_to_params"]:
            told = {name: round(value, 3) for name, value in each["added_to_params"].items()}
            print(", ".join(str(each[name]) for name in OF_A_RUN), "ranks added to those of the parameters:", told)


if __name__ == "__main__":
    main()
