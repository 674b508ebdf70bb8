"""The recipe `airbench` beside `cifar_fast`: validation accuracy after each epoch, on a part of CIFAR-10.

    python benchmarks/airbench_recipe.py DIR --seeds 3 --images 8192 --epochs 4 --out benchmarks/results/airbench.json

DIR holds CIFAR-10. Both train zoo:resnet20 in batches of 128 on the same images. On a GPU, leave out
--images and --epochs.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path
from time import perf_counter

import zoo
from nasbench.core.recipe import recipe_named
from nasbench.train.device import isolated_rng, resolve_device
from nasbench.train.source import DataSource
from nasbench.train.trainer import fit


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--images", type=int)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    device = resolve_device("auto")
    data = DataSource("cifar10", asked.directory).on(device)
    rows = []
    for seed in range(asked.seeds):
        for name in ("cifar_fast", "airbench"):
            recipe = replace(recipe_named(name), batch_size=128, train_images=asked.images, val_images=2000)
            with isolated_rng(device, seed):
                network = zoo.create("resnet20", num_classes=10)
            curve: list[float] = []
            start = perf_counter()
            fit(
                network,
                data,
                recipe,
                seed=seed,
                device=device,
                epochs=asked.epochs,
                report=lambda _, metrics, curve=curve: curve.append(round(metrics["val_accuracy"], 4)),
            )
            rows.append({"recipe": name, "seed": seed, "curve": curve, "seconds": round(perf_counter() - start, 1)})
            print(rows[-1], flush=True)
    record = {
        "network": "resnet20",
        "images": asked.images,
        "epochs": asked.epochs,
        "device": str(device),
        "rows": rows,
    }
    if asked.out:
        asked.out.write_text(json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    main()
