"""One of everything that nasbench reads: runs of each command, finished and not, models, tables, images.

The commands are run in it undisturbed, but for those that are killed to leave what a killed one leaves.
"""

import gzip
import shutil
import struct
import tempfile
from itertools import product
from pathlib import Path
from random import Random

from PIL import Image

from attack.child import Blow
from attack.commands import DIGITS, FOUND, QUICK
from attack.warm import Warm
from nasbench.testing.toy import TOY_SPACE

FOLDER = "--dataset folder:pictures --image-size 8 --recipe little --epochs 1 --device cpu --wandb off"
MNIST = "--dataset mnist --data-dir images --recipe little --epochs 1 --device cpu --wandb off"
TABLE = "--space toy --evaluator table:table"
COMMANDS = (
    f"{FOUND} --keep 2",
    f"search {QUICK} --strategy reinforce --trials 12 --pruner stop_the_worst --control 3 --retrain-top 2 "
    "--retrain-epochs 3 --epochs 2 --run searched",
    f"search {QUICK} --strategy nsga2 --strategy-options population=3 --trials 8 --objectives val_accuracy,params "
    "--run front",
    f"train lenet5 {DIGITS} --seeds 1 --run trained",
    f"transfer found --weights found {DIGITS} --epochs 1 --run transferred",
    f"compare found lenet5 --ensemble {DIGITS} --epochs 1 --run compared",
    f"scale --search --base mobilenet_v1 --trials 3 --seeds 2 --front-runners 1 {DIGITS} --epochs 1 --run scaled",
    f"race {TABLE}.csv --strategies random,evolution --seeds 3 --trials 12 --run raced",
    "export found --formats model.py,safetensors --out shipped",
)
KILLED = (
    (
        f"search --space toy --strategy asha --strategy-options min_epochs=1 eta=2 "
        f"--trials 6 {DIGITS} --epochs 2 --run staged",
        0.6,
    ),
    (f"train zoo:lenet5 {DIGITS} --seeds 1 --seed 5 --epochs 3 --run halfway --trained-dir half", 0.55),
)
"""With the share of its calls after which it is killed."""


def build(warm: Warm, place: Path) -> None:
    """Makes the directory."""
    place.mkdir()
    _tables(place)
    _pictures(place / "pictures")
    _mnist(place / "images" / "MNIST" / "raw")
    for words in COMMANDS:
        ended = warm.run(place, words.split())
        assert ended.status == 0, f"{words}: {ended.err}"
    for words, share in KILLED:
        spare = Path(tempfile.mkdtemp(dir=place.parent))
        whole = warm.run(spare, words.split())
        assert whole.status == 0, f"{words}: {whole.err}"
        shutil.rmtree(spare)
        assert warm.run(place, words.split(), Blow(at=int(share * whole.events))).status == -9


def _tables(place: Path) -> None:
    """Every architecture of the toy space with a made-up result, in three formats."""
    names = [choice.name for choice in TOY_SPACE.choices]
    options = [choice.options for choice in TOY_SPACE.choices]  # type: ignore[union-attr]
    rng = Random("table")
    rows = [[*genes, round(rng.random(), 4), rng.randrange(1, 99)] for genes in product(*options)]
    text = "\n".join(",".join(map(str, row)) for row in [[*names, "val_accuracy", "seconds"], *rows]) + "\n"
    (place / "table.csv").write_text(text)
    (place / "table.csv.gz").write_bytes(gzip.compress(text.encode()))
    import pyarrow
    import pyarrow.parquet

    columns = {name: [row[index] for row in rows] for index, name in enumerate([*names, "val_accuracy", "seconds"])}
    pyarrow.parquet.write_table(pyarrow.table(columns), place / "table.parquet")


def _pictures(folder: Path) -> None:
    """Two classes, every format in each, to train and to test on."""
    rng = Random("pictures")
    for split, number, name in product(("train", "val"), range(2), ("cat", "dog")):
        (folder / split / name).mkdir(parents=True, exist_ok=True)
        for suffix in ("png", "jpg", "bmp", "gif", "tif", "webp", "ppm"):
            colour = tuple(rng.randrange(256) for _ in range(3))
            Image.new("RGB", (9 + number, 8), colour).save(folder / split / name / f"{number}.{suffix}")


def _mnist(folder: Path) -> None:
    """Noise in the files of MNIST: 400 images to train on, and 100 to test on."""
    folder.mkdir(parents=True)
    rng = Random("mnist")
    for name, count in (("train", 400), ("t10k", 100)):
        labels = bytes(index % 10 for index in range(count))
        images = struct.pack(">IIII", 2051, count, 28, 28) + rng.randbytes(28 * 28 * count)
        (folder / f"{name}-images-idx3-ubyte").write_bytes(images)
        (folder / f"{name}-labels-idx1-ubyte").write_bytes(struct.pack(">II", 2049, count) + labels)
