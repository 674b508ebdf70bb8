"""Trainings, comparisons, transfers and weight-sharing searches whose run is kept in S3: killed in the middle, and gone
on with in another directory.
"""

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from s3 import BUCKET, S3, lines, s3_server, until_it_has

WHERE = f"s3://{BUCKET}/commands"
DIGITS = ("--dataset", "digits", "--recipe", "quick", "--wandb", "off")
LONG = ("--epochs", "2", "--image-size", "16")
CELLS = ("--cells", "1", "--filters", "4")
COMMANDS = {
    "train": ("train", "zoo:lenet5", *DIGITS, *LONG, "--seeds", "4"),
    "compare": ("compare", "zoo:lenet5", "zoo:resnet20", *DIGITS, *LONG, "--seeds", "2"),
    "transfer": (
        *("transfer", "space:nasnet:nasnet-a", *DIGITS, *CELLS),
        *("--epochs", "1", "--skeleton", "cifar", "--seeds", "3"),
    ),
    "search": (
        *("search", "--space", "nasbench201", "--strategy", "evolution", *DIGITS, *CELLS, "--trials", "12"),
        *("--weight-sharing", "fair", "--supernet-epochs", "1", "--retrain-top", "2", "--retrain-epochs", "1"),
    ),
}


@pytest.fixture(scope="module")
def s3() -> Iterator[S3]:
    with s3_server() as server:
        yield server


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_a_killed_command_goes_on_in_another_directory_through_the_store(name, tmp_path, s3):
    here, there, alone = (tmp_path / each for each in ("here", "there", "alone"))
    for each in (here, there, alone):
        each.mkdir()
    words = COMMANDS[name]
    first = s3.start_command(here, *words, "--run", f"runs/{name}", "--storage", WHERE)
    until_it_has(here / "runs" / name, 2, first)  # so that the store has the first
    first.send_signal(signal.SIGKILL)
    first.communicate()
    before = lines(here / "runs" / name)
    assert before

    second = s3.command(there, name, "--run", f"runs/{name}", "--storage", WHERE, "--resume", "--json")
    assert second.returncode == 0, second.stderr
    third = s3.command(alone, *words, "--run", f"runs/{name}", "--json")
    assert third.returncode == 0, third.stderr
    went_on, undisturbed = lines(there / "runs" / name), lines(alone / "runs" / name)
    assert outcome(went_on) == outcome(undisturbed)
    assert len({line["number"] for line in went_on}) == len(went_on)
    kept = [line for line in before if line in went_on]
    assert len(kept) >= len(before) - 1 > 0, "the last trial before the kill may not have arrived"
    assert answer(second.stdout) == answer(third.stdout)
    assert weights(there / "runs") == weights(alone / "runs")


def outcome(log: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return sorted((line["number"], line.get("name"), line["key"], line["score"], line["epochs"]) for line in log)


def answer(text: str) -> dict[str, Any]:
    """What a command prints, without what depends on when and where it ran."""

    def without_times(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        return {name: value for name, value in pairs if name not in ("seconds", "run", "images_per_second")}

    found: dict[str, Any] = json.loads(text, object_pairs_hook=without_times)
    return found


def weights(runs: Path) -> dict[str, bytes]:
    """The weights of what the command returns, and of whole trainings."""
    found = {*runs.glob("*/best/*.safetensors"), *runs.glob("trained/*/*.safetensors")}
    return {str(file.relative_to(runs)): file.read_bytes() for file in found}
