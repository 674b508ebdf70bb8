"""How well supernets rank all of NAS-Bench-201, and what a search by them returns, from runs of `nasbench fidelity`.

    nasbench supernet --space nasbench201 --sampler fair --dataset cifar10 --image-size 16 --cells 1 --filters 16 --epochs 12 --run S
    nasbench fidelity --scores supernet:S --sample 15625 --score-images 500 --recalibration-images 512 --run F
    python benchmarks/supernet_ranking.py F [F ...]

writes results/supernet_ranking.json and prints the table of docs/experiments.md. Two networks are returned: (a) the one
with the best score, and (b) of the ten best, the one with the best validation accuracy after 12 epochs in the table,
which is what training front-runners for 12 epochs would choose. Both are told as test accuracy after 200 epochs.
"""  # noqa: E501

import argparse
import json
from pathlib import Path
from typing import Any

from nasbench.core.store import RunStore
from nasbench.core.trial import Trial
from nasbench.evaluators.table import TableEvaluator
from nasbench.report.fidelity.results import Fidelity
from search_spaces.nasbench201.space import NasBench201Space

RESULTS = Path(__file__).parent / "results" / "supernet_ranking.json"
TABLE, SHORT, FINAL = "nasbench201-cifar10", "val_accuracy_12", "test_accuracy_200"
TOP = 10
MEASURES = ("tau", "spearman", "tau_upper_half", "tau_top_tenth", "p_at_top5", "pick_rank")


def returned(trials: list[Trial], table: TableEvaluator) -> tuple[float, float]:
    """(a) and (b): test accuracy after 200 epochs, in percent."""
    best: dict[str, Trial] = {}
    for trial in sorted((each for each in trials if each.score is not None), key=lambda each: -(each.score or 0.0)):
        best.setdefault(trial.key, trial)
    rows = [table.row(trial.proposed) for trial in list(best.values())[:TOP]]
    return rows[0][FINAL], max(rows, key=lambda row: row[SHORT])[FINAL]


def record_of(directory: Path, table: TableEvaluator) -> list[dict[str, Any]]:
    """What each supernet of a run came to."""
    store = RunStore.read(directory)
    found = Fidelity.of(store.run, store.trials)
    records = []
    for standing in found.standings:
        run = RunStore.read(Path(standing.name.removeprefix("supernet:")))
        config, plan = run.run["config"], run.run["plan"]
        best, of_ten = returned([each for each in store.trials if each.note["score"] == standing.name], table)
        intervals = {name: standing.measures[name] for name in MEASURES}
        records.append(
            {
                "sampler": plan["sampler"],
                "seed": config["seed"],
                "epochs": run.trials[0].epochs,
                "size": plan["size"],
                "pixels": plan["task"]["image_size"],
                "train_seconds": run.trials[0].metrics["train_seconds"],
                "networks": found.count,
                "seconds_a_score": standing.seconds,
                **{name: [each.value, each.low, each.high] for name, each in intervals.items()},
                "best_predicted": best,
                "best_of_ten": of_ten,
            }
        )
    return records


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=Path)
    table = TableEvaluator(TABLE, NasBench201Space(), FINAL, None, (SHORT, "params"))
    records = [record for run in parser.parse_args().runs for record in record_of(run, table)]
    RESULTS.write_text(json.dumps(records, indent=1) + "\n")
    print("| sampler, seed, epochs | tau | Spearman | upper half | top tenth | P@top 5 % | (a) | (b) |")
    print("|---|---|---|---|---|---|---|---|")
    for each in records:
        cells = [f"{each['sampler']}, {each['seed']}, {each['epochs']}"]
        cells += [f"{each[name][0]:.2f}" for name in MEASURES[:-1]]
        cells += [f"{each[name]:.2f}" for name in ("best_predicted", "best_of_ten")]
        print(f"| {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
