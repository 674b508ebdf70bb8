"""What reads the files of a specimen directory: commands, and the functions from Python; which files each
of them reads, and where it may write.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from attack.commands import DIGITS
from attack.specimens import FOLDER, MNIST, TABLE


@dataclass(frozen=True)
class Use:
    """A reader.

    Attributes:
        words: the command.
        reads: patterns of the files that it reads.
        writes: the folders in which it may write.
    """

    words: str
    reads: tuple[str, ...]
    writes: tuple[str, ...] = ()


def _run(name: str, *more: str) -> tuple[str, ...]:
    """The files of a run that other commands read, the most telling ones more than once."""
    often = ("run.json", "trials.jsonl") * 3
    return tuple(f"{name}/{file}" for file in (*often, *more))


BEST = ("best/architecture.json", "best/architecture.json", "best/metrics.json", "best/preprocessing.json")
TRAINED = ("runs/trained/*/result.json", "runs/trained/*/curve.jsonl")
WEIGHTS = ("best/weights.safetensors", "best/weights.safetensors", "checkpoints/*.safetensors")
NEW = "new"
"""The run directory of a command that begins one."""

USES: Mapping[str, Use] = {
    "report of a search": Use("report searched", _run("searched", "curves.jsonl", "best/cell.svg"), ("searched",)),
    "report of trained cells": Use("report found", _run("found", "curves.jsonl", "best/cell.svg"), ("found",)),
    "report of a front": Use("report front", _run("front", "best/front.json"), ("front",)),
    "report of a training": Use("report trained", (*_run("trained", "curves.jsonl"), *TRAINED), ("trained",)),
    "report of a comparison": Use("report compared", (*_run("compared"), *TRAINED), ("compared",)),
    "report of a race": Use("report raced", _run("raced"), ("raced",)),
    "report of coefficients": Use("report scaled", _run("scaled", "best/coefficients.json"), ("scaled",)),
    "search goes on": Use(
        "search --run searched --resume --trials 14", _run("searched", "curves.jsonl", *BEST[:2]), ("searched",)
    ),
    "search in stages goes on": Use(
        "search --run staged --resume",
        _run("staged", "in-hand.json", "curves.jsonl", *["checkpoints/*"] * 6),
        ("staged",),
    ),
    "front goes on": Use("search --run front --resume --trials 9", _run("front", "best/front.json"), ("front",)),
    "training goes on": Use(
        "train --run halfway --resume",
        (*_run("halfway", "in-hand.json"), "half/*/curve.jsonl", *["half/*/checkpoint.pt"] * 6),
        ("halfway", "half"),
    ),
    "comparison goes on": Use(
        "compare --run compared --resume",
        (*_run("compared"), *TRAINED, "runs/trained/*/predictions.safetensors", "found/run.json", "found/trials.jsonl"),
        ("compared", "runs"),
    ),
    "transfer goes on": Use(
        "transfer --run transferred --resume",
        (*_run("transferred"), *TRAINED, "found/best/architecture.json"),
        ("transferred", "runs"),
    ),
    "race goes on": Use("race --run raced --resume", (*_run("raced"), "table.csv"), ("raced",)),
    "scaling goes on": Use("scale --run scaled --resume", _run("scaled"), ("scaled",)),
    "profile of a run": Use("profile found", tuple(f"found/{file}" for file in BEST)),
    "profile of a trial": Use("profile found#1", _run("found")),
    "profile of a file": Use("profile shipped/architecture.json", ("shipped/architecture.json",)),
    "profile of a training": Use("profile {training}", TRAINED[:1]),
    "prediction": Use(
        "predict found pictures/val/cat/0.png",
        tuple(f"found/{file}" for file in (*BEST, *WEIGHTS)),
    ),
    "prediction by a trial": Use(
        "predict found#2 pictures/val/cat", _run("found", *WEIGHTS, "checkpoints/preprocessing.json")
    ),
    "prediction by an export": Use(
        "predict shipped pictures/val/cat/0.png", ("shipped/*.json", "shipped/*.safetensors")
    ),
    "prediction of images": Use("predict found pictures", ("pictures/*/*/*",)),
    "weights for a transfer": Use(
        f"transfer found --weights found {DIGITS} --epochs 1 --seed 9 --run {NEW}",
        tuple(f"found/{file}" for file in (*BEST[:2], *WEIGHTS)),
        (NEW, "runs"),
    ),
    "comparison before it begins": Use(
        f"compare found found#1 lenet5 --controls 1 --dry-run {DIGITS} --epochs 1",
        (*_run("found", *BEST), *TRAINED[:1]),
    ),
    "training done before": Use(
        f"train lenet5 {DIGITS} --seeds 1 --run {NEW}", (*TRAINED, "runs/trained/*/weights.safetensors"), (NEW, "runs")
    ),
    "export": Use(
        f"export found --formats model.py,safetensors --out {NEW}",
        tuple(f"found/{file}" for file in (*BEST, *WEIGHTS)),
        (NEW, f".{NEW}."),
    ),
    "coefficients": Use("scale --coefficients scaled --phi 2", ("scaled/run.json", "scaled/best/coefficients.json")),
    "loading from Python": Use("@attack.uses:load found", tuple(f"found/{file}" for file in (*BEST, *WEIGHTS))),
    "loading a trial from Python": Use("@attack.uses:load found#1", _run("found", *WEIGHTS)),
    "race over a table": Use(
        f"race {TABLE}.csv --strategies random --seeds 2 --trials 12 --run {NEW}", ("table.csv",), (NEW,)
    ),
    "race in seconds over a compressed table": Use(
        f"race {TABLE}.csv.gz --strategies random --seeds 2 --time-budget 300 --cost-column seconds --run {NEW}",
        ("table.csv.gz",),
        (NEW,),
    ),
    "search over a Parquet table": Use(
        f"search {TABLE}.parquet --strategy random --trials 6 --wandb off --run {NEW}", ("table.parquet",), (NEW,)
    ),
    "search over the rows of a table": Use(
        f"search {TABLE}.csv --candidates table --strategy random --trials 6 --wandb off --run {NEW}",
        ("table.csv",),
        (NEW,),
    ),
    "training on images": Use(f"train lenet5 {FOLDER} --image-size 28 --run {NEW}", ("pictures/*/*/*",), (NEW, "runs")),
    "training without corrupt images": Use(
        f"train lenet5 {FOLDER} --image-size 28 --skip-corrupt --run {NEW}", ("pictures/*/*/*",), (NEW, "runs")
    ),
    "training on MNIST": Use(f"train lenet5 {MNIST} --run {NEW}", ("images/MNIST/raw/*",), (NEW, "runs")),
}


QUICK = (
    *("profile of a run", "profile of a trial", "profile of a file", "profile of a training", "prediction"),
    *("prediction by a trial", "prediction by an export", "loading from Python", "loading a trial from Python"),
    *("export", "coefficients"),
)
LIGHT = 4
"""So many cases have those that take little time, for each of the others'."""
DEALT = [name for name, use in USES.items() for _ in range(LIGHT if name in QUICK else 1)]
"""Whose turn it is, by the number of a case."""


def load(model: str) -> None:
    """A model with its weights, as a program gets it."""
    import nasbench

    nasbench.load(model)


def files_of(use: Use, place: Path) -> list[Path]:
    """The files that a use reads, those that several patterns name several times."""
    return [path for pattern in use.reads for path in sorted(place.glob(pattern)) if path.is_file()]


def tops(use: Use) -> set[str]:
    """The names of the files and folders, in the directory of specimens, that a use has to do with."""
    words = {word.split("#")[0] for word in use.words.split()}
    return {name.split("/")[0] for name in (*words, *use.reads, *use.writes)}
