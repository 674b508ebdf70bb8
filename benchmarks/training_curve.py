"""A finished training's curve, from the directory that `nasbench train` prints: kept as numbers and drawn over the
minutes it took.

    python benchmarks/training_curve.py runs/trained/ed90eca96c33d74f --name hour_cifar10

writes results/NAME.json and docs/img/NAME.svg.
"""

import argparse
import json
from collections.abc import Mapping
from itertools import accumulate
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


def curve(directory: Path) -> dict[str, Any]:
    """Model, recipe, final metrics, and an entry an epoch with the minutes of training up to it."""
    result = json.loads((directory / "result.json").read_text())
    epochs = [json.loads(line) for line in (directory / "curve.jsonl").read_text().splitlines()]
    metrics = result["metrics"]
    speeds = [1 / epoch["images_per_second"] for epoch in epochs]
    ends = [round(metrics["train_seconds"] / 60 * passed / sum(speeds), 2) for passed in accumulate(speeds)]
    return {
        "model": result["model"],
        "dataset": result["dataset"],
        "recipe": {name: result["recipe"][name] for name in ("name", "version", "epochs")},
        "seed": result["seed"],
        "metrics": metrics,
        "curve": [{**epoch, "minutes": end} for epoch, end in zip(epochs, ends, strict=True)],
    }


def draw(record: Mapping[str, Any], path: Path) -> None:
    """Training loss, and the error of the validation images, over minutes."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    from nasbench.report.common.figure import BLUE, ORANGE, STYLE

    mpl.rcParams.update({**STYLE, "svg.hashsalt": "nasbench"})
    minutes = [epoch["minutes"] for epoch in record["curve"]]
    figure = Figure(figsize=(7.2, 2.6), layout="constrained")
    loss, accuracy = figure.subplots(1, 2)
    loss.plot(minutes, [epoch["train_loss"] for epoch in record["curve"]], color=ORANGE)
    loss.set(xlabel="minutes of training", ylabel="training loss", xlim=(0, None))
    accuracy.plot(minutes, [100 * epoch["val_accuracy"] for epoch in record["curve"]], color=BLUE)
    test = 100 * record["metrics"]["test_accuracy"]
    accuracy.plot(minutes[-1], test, "o", color=ORANGE)
    accuracy.annotate(f"test {test:.2f} %", (minutes[-1], test), (-6, -14), textcoords="offset points", ha="right")
    accuracy.set(xlabel="minutes of training", ylabel="validation accuracy, %", xlim=(0, None))
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--name", required=True)
    options = parser.parse_args()
    record = curve(options.directory)
    (ROOT / "benchmarks" / "results" / f"{options.name}.json").write_text(json.dumps(record, indent=1) + "\n")
    draw(record, ROOT / "docs" / "img" / f"{options.name}.svg")


if __name__ == "__main__":
    main()
