"""A table of real trainings to choose settings on: every cell of a reduced NAS-Bench-201 space, trained shortly on
digits.

Four operations on six edges make 4,096 spellings. Each is trained on 500 scans of 8 x 8 pixels, with one cell a stage
and eight filters:
  - `score`: three epochs, the mean of two seeds, on 500 other scans: what a strategy sees, noisy as short trainings
  are;
  - `report`: five epochs, the mean of three other seeds, on the 797 scans left: what counts in the end;
  - `seconds`: the CPU time of a short training, for a simulated clock.
(With one seed a column, the two have a rank correlation of 0.60, and of 0.15 among the tenth with the best scores: the
best score says
next to nothing.)
Spellings of one function share their trainings: those that the space calls equal, and those that differ in convolutions
which nothing
reads (they take no part in the output, so no gradient reaches them).

    python benchmarks/digits_table.py        writes results/digits_table.csv.gz; run again after an interruption, it
    goes on
"""

import gzip
import json
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from statistics import mean

import torch

from nasbench.core.arch import Architecture
from nasbench.core.recipe import Recipe
from nasbench.core.spec import ModelSpec, Size
from nasbench.evaluators.building import build_seeded
from nasbench.train.data import ImageData, Split
from nasbench.train.datasets import Digits
from nasbench.train.trainer import fit
from search_spaces.nasbench201.notation import EDGES, decision
from search_spaces.nasbench201.space import NasBench201Space

RESULTS = Path(__file__).parent / "results"
OPERATIONS = ("none", "skip_connect", "nor_conv_3x3", "avg_pool_3x3")
NUM_TRAIN, NUM_SCORE = 500, 500
SIZE = Size(depth=1, width=8, skeleton="cifar")
RECIPE = Recipe(
    "digits_table",
    version=1,
    epochs=3,
    batch_size=64,
    lr_peak=0.1,
    lr_schedule="one_cycle",
    nesterov=True,
    weight_decay=5e-4,
    grad_clip_norm=5.0,
    source="short enough to train a whole space",
)
REPORT_EPOCHS = 5
SCORE_SEEDS, REPORT_SEEDS = (0, 2), (1, 3, 4)
COLUMNS = ("score", "report", "seconds")


def digits_space() -> NasBench201Space:
    """The space whose every cell the table holds."""
    return NasBench201Space(operations=OPERATIONS)


def spellings(space: NasBench201Space) -> Iterator[Architecture]:
    """Every architecture, in the order of the decisions' options."""
    names = [choice.name for choice in space.choices]
    for options in product(*(choice.options for choice in space.choices if hasattr(choice, "options"))):
        yield Architecture(space.name, tuple(zip(names, options, strict=True)))


def function_of(space: NasBench201Space, architecture: Architecture) -> Architecture:
    """One spelling for all that compute the same function: what nothing reads is cut, then the space's canonical
    form.
    """
    genes = dict(architecture.genes)
    read = {max(target for _, target in EDGES)}
    for source, target in reversed(EDGES):  # a target's own readers come before it
        if target in read and genes[decision((source, target))] != "none":
            read.add(source)
    for source, target in EDGES:
        if target not in read:
            genes[decision((source, target))] = "none"
    return space.canonical(Architecture.of(space.name, genes))


def train(architecture: Architecture, data: ImageData, epochs: int, seed: int) -> float:
    """The validation accuracy after a training, on one thread."""
    spec = ModelSpec("space:nasbench201", SIZE, data.task, architecture=architecture)
    return fit(build_seeded(spec, seed), data, RECIPE, seed=seed, device=torch.device("cpu"), epochs=epochs)[
        "val_accuracy"
    ]


def splits() -> tuple[ImageData, ImageData]:
    """The same training scans with the scans for the score, and with those for the report."""
    digits, test = Digits().load(None, None, False), Digits().load_test(None, None, False)
    assert isinstance(digits.train, Split), digits
    assert isinstance(digits.val, Split), digits
    parts = [digits.train, digits.val, test]
    every = Split(torch.cat([part.images for part in parts]), torch.cat([part.labels for part in parts]))
    numbers = torch.arange(len(every))
    train_part, score_part, report_part = numbers.split([NUM_TRAIN, NUM_SCORE, len(every) - NUM_TRAIN - NUM_SCORE])

    def with_val(val: torch.Tensor) -> ImageData:
        return ImageData(
            "digits",
            every.take(train_part),
            every.take(val),
            digits.mean,
            digits.std,
            digits.class_names,
            digits.image_size,
        )

    return with_val(score_part), with_val(report_part)


def measure(part: Path) -> dict[str, dict[str, list[float]]]:
    """Key of a function -> column -> a number a seed. Each is on disk in `part` once it is known; what is there is not
    trained again.
    """
    space = digits_space()
    done: dict[str, dict[str, list[float]]] = {}
    if part.exists():
        done = {record["key"]: record["columns"] for record in map(json.loads, part.read_text().splitlines())}
    functions = {
        function.key: function for function in (function_of(space, architecture) for architecture in spellings(space))
    }
    for_score, for_report = splits()
    torch.set_num_threads(1)
    with part.open("a") as file:
        for index, (key, architecture) in enumerate(functions.items()):
            columns = done.setdefault(key, {name: [] for name in COLUMNS})
            before = sum(map(len, columns.values()))
            for seed in SCORE_SEEDS[len(columns["score"]) :]:
                start = time.process_time()
                columns["score"].append(round(train(architecture, for_score, RECIPE.epochs, seed), 4))
                columns["seconds"].append(round(time.process_time() - start, 3))
            for seed in REPORT_SEEDS[len(columns["report"]) :]:
                columns["report"].append(round(train(architecture, for_report, REPORT_EPOCHS, seed), 4))
            if sum(map(len, columns.values())) > before:
                file.write(json.dumps({"key": key, "columns": columns}) + "\n")
                file.flush()
            if index % 50 == 0:
                print(f"{index} of {len(functions)} functions", flush=True)
    return done


def main() -> None:
    part, table = RESULTS / "digits_table.part.jsonl", RESULTS / "digits_table.csv.gz"
    done = measure(part)
    space = digits_space()
    with table.open("wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", mtime=0, filename="") as packed:
        lines = [",".join([*(choice.name for choice in space.choices), *COLUMNS])]
        for architecture in spellings(space):
            genes = [str(architecture.genes[choice.name]) for choice in space.choices]
            columns = done[function_of(space, architecture).key]
            lines.append(",".join([*genes, *(f"{mean(columns[name]):.4f}" for name in COLUMNS)]))
        packed.write(("\n".join(lines) + "\n").encode())
    part.unlink()
    print(f"{len(lines) - 1} architectures, {len(done)} functions: {table}")


if __name__ == "__main__":
    main()
