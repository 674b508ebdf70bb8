"""Which short training ranks cells as a long one does: epochs, images, filters and pixels, against what they take.

    python benchmarks/proof/short_recipe.py run --data-dir DIR [--runs DIR] [--workers 2]
    python benchmarks/proof/short_recipe.py show

Sixty random cells of the space `nasnet-small` are trained long on CIFAR-10 at 16 pixels: a search of sixty trials. Each
short training is a score of `nasbench fidelity` against it. Written to results/short_recipe.json. Each command is
printed; stopped at any moment, it goes on where it was.
"""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nasbench.core.store import RunStore
from nasbench.train.recipes import NASNET_SMALL, QUICK

RESULT = Path(__file__).resolve().parents[1] / "results" / "short_recipe.json"
MEASURES = ("spearman", "tau", "tau_upper_half")
CELLS = 60
SEEN = ("--dataset", "cifar10", "--wandb", "off")

LONG = replace(NASNET_SMALL, name="long", epochs=8, train_images=8192, val_images=5000)
"""As many images as 32 epochs of `quick` have, four times as many of them different."""
QUICK_1K = replace(QUICK, name="quick_1k", train_images=1024)
QUICK_4K = replace(QUICK, name="quick_4k", train_images=4096)
QUICK_64 = replace(QUICK, name="quick_64", batch_size=64)
QUICK_JUDGED = replace(QUICK, name="quick_judged", val_images=5000)


@dataclass(frozen=True)
class Short:
    """A short training at some lengths; what is not said is as `quick` has it."""

    recipe: str = "quick"
    epochs: tuple[int, ...] = (2,)
    filters: int = 8
    pixels: int = 16


SHORT = {
    "quick": Short(epochs=(1, 2, 4, 8)),
    "1,024 images": Short("QUICK_1K"),
    "4,096 images": Short("QUICK_4K"),
    "batches of 64": Short("QUICK_64"),
    "5,000 validation images": Short("QUICK_JUDGED"),
    "4 filters": Short(filters=4),
    "16 filters": Short(filters=16),
    "8 pixels": Short(pixels=8),
    "32 pixels": Short(pixels=32),
}
"""What differs from `quick` -> the training."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=("run", "show"))
    parser.add_argument("--data-dir")
    parser.add_argument("--runs", type=Path, default=Path("runs/short_recipe"))
    parser.add_argument("--workers", default="2")
    given = parser.parse_args()
    if given.command == "run":
        more = ["--workers", given.workers, *(["--data-dir", given.data_dir] if given.data_dir else [])]
        RESULT.write_text(json.dumps(measured(given.runs, more), indent=1) + "\n")
    if not RESULT.exists():
        raise SystemExit(f"there is no {RESULT.name} yet: use run, which takes some hours of two cores")
    print("\n".join(lines(json.loads(RESULT.read_text()))))


def measured(runs: Path, more: Sequence[str]) -> dict[str, Any]:
    """Trains the cells long and short. What each short training ranks, and what it takes."""
    from own_table import call
    from ranks import ranks_of

    call([*truth_command(), *more], runs / "long")
    long = RunStore.read(runs / "long")
    scores = [trial.score for trial in long.trials if trial.score is not None]
    found: list[dict[str, Any]] = []
    for number, (name, short) in enumerate(SHORT.items(), start=1):
        call([*score_command(short, str(runs / "long")), *more], runs / f"short-{number}")
        for label, ranks in ranks_of(RunStore.read(runs / f"short-{number}")).items():
            found.append({"differs": name, "epochs": int(label.partition(":")[2]), **ranks})
    machine = {"processor": long.run["hardware"]["cpu"], "torch": long.run["versions"]["torch"]}
    return {"cells": len(scores), "long": [min(scores), max(scores)], "short": found, "machine": machine}


def truth_command() -> list[str]:
    chosen = ["--strategy", "random", "--control", "0", "--trials", str(CELLS)]
    return ["search", "--space", "nasnet-small", *chosen, *_trained("LONG", 8, 16)]


def score_command(short: Short, truth: str) -> list[str]:
    """The long trainings are at 16 pixels and 8 filters; the short ones may be at others."""
    scores = ",".join(f"epochs:{count}" for count in short.epochs)
    trained = _trained(short.recipe, short.filters, short.pixels)
    return ["fidelity", "--truth", truth, "--scores", scores, "--sample", str(CELLS), *trained]


def _trained(recipe: str, filters: int, pixels: int) -> list[str]:
    name = recipe if recipe == "quick" else f"benchmarks.proof.short_recipe:{recipe}"
    return ["--recipe", name, "--cells", "1", "--filters", str(filters), "--image-size", str(pixels), *SEEN]


def lines(record: Mapping[str, Any]) -> Iterator[str]:
    """A table, the shortest training first."""
    yield "| epochs | what differs from quick | seconds | Spearman | tau | tau, upper half |"
    yield "|---|---|---|---|---|---|"
    for each in sorted(record["short"], key=lambda each: float(each["seconds"])):
        cells = [f"{value:.2f} [{low:.2f}, {high:.2f}]" for value, low, high in map(each.get, MEASURES)]
        differs = "" if each["differs"] == "quick" else each["differs"]
        yield f"| {each['epochs']} | {differs} | {each['seconds']:.1f} | " + " | ".join(cells) + " |"


if __name__ == "__main__":
    main()
