"""How well `--latency-model` ranks networks that it was not fitted to, and had not measured.

    python benchmarks/latency_model.py

For each space, 60 random networks are measured and the model is fitted to them, as a search does it; then 50 others are
measured and predicted. Written to results/latency_model.json.
"""

import json
from pathlib import Path
from random import Random
from statistics import median

from nasbench.core.arch import sample
from nasbench.core.registry import spaces
from nasbench.core.spec import ModelSpec, Size, Task
from nasbench.evaluators.latency import latency_of, machine
from nasbench.evaluators.latency_by import LatencyBy
from nasbench.evaluators.latency_model import fit_latency_model, spearman

MEASURED, UNSEEN = 60, 50
SPACES = {"nasnet": Size(depth=1, width=8, skeleton="cifar"), "nasbench201": Size(depth=2, width=8, skeleton="cifar")}
"""Space -> the size of its networks, of images of 32 x 32 pixels."""
RESULTS = Path(__file__).parent / "results" / "latency_model.json"


def compare(name: str, size: Size) -> dict[str, object]:
    """The model of a space, and its ranking of cells that are new to it."""
    space, by, drawn = spaces.make(name), LatencyBy(), set()

    def draw(rng: Random) -> ModelSpec:
        architecture = space.canonical(sample(name, space.choices, rng))
        spec = ModelSpec(source=f"space:{name}", architecture=architecture, size=size, task=Task(10, 32, 3))
        drawn.add(spec.key)
        return spec

    def measure(spec: ModelSpec) -> float:
        return latency_of(spec, by).median

    model = fit_latency_model(draw, measure, MEASURED, by.batch, machine(by.on))
    rng, seen, unseen = Random(1), set(drawn), []
    while len(unseen) < UNSEEN:
        spec = draw(rng)
        if spec.key not in seen:
            seen.add(spec.key)
            unseen.append(spec)
    times, predicted = [measure(spec) for spec in unseen], [model(spec) for spec in unseen]
    errors = [abs(guess / time - 1) for guess, time in zip(predicted, times, strict=True)]
    return {
        "space": name,
        "measured": MEASURED,
        "unseen": UNSEEN,
        "milliseconds": [min(times), max(times)],
        "held_out_spearman": model.spearman,
        "unseen_spearman": spearman(predicted, times),
        "unseen_median_error": median(errors),
        "machine": model.machine,
    }


if __name__ == "__main__":
    found = [compare(name, size) for name, size in SPACES.items()]
    RESULTS.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    for row in found:
        print(row)
