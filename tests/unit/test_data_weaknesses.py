"""A data set whose numbers say little is told of, when it is read and in the run's record. Wrong names come first."""

import json
import re
from pathlib import Path

import pytest
import torch
from PIL import Image

from nasbench.cli import main
from nasbench.train.data import FileSplit, ImageData, Split
from nasbench.train.datasets import resolve_dataset
from nasbench.train.source import DataSource
from nasbench.train.weaknesses import weaknesses


def split(*labels: int) -> Split:
    return Split(torch.zeros(len(labels), 1, 2, 2, dtype=torch.uint8), torch.tensor(labels))


def of(train: Split, val: Split, classes: int = 2) -> list[str]:
    return weaknesses(ImageData("mine", train, val, (0.5,), (0.5,), tuple("abcdefg"[:classes]), 2))


def test_a_sound_data_set_has_none() -> None:
    assert of(split(*[0, 1] * 100), split(*[0, 1] * 10)) == []
    assert weaknesses(resolve_dataset("digits").load(None, None, False)) == []


@pytest.mark.parametrize(
    ("count", "what"), [(1, r"1 validation image beside .*it is 0 or 100 %"), (10, "10 validation images .* 10 %")]
)
def test_few_validation_images_are_told_of_with_what_that_means(count: int, what: str) -> None:
    (line,) = [line for line in of(split(*[0, 1] * 8), split(*[0, 1] * 5).first(count)) if "says little" in line]
    assert re.search(what, line)
    assert "what networks are chosen by" in line


def test_classes_that_lack_images_are_named() -> None:
    lines = of(split(*[0] * 50, *[1] * 50, 2), split(*[0] * 20), classes=4)
    assert "warning: 1 of 4 classes without a training image: d" in lines
    assert "warning: 3 of 4 classes without a validation image: b, c, d" in lines
    assert "warning: 1 of 4 classes with one training image: c" in lines


def test_classes_of_very_different_size_are_named() -> None:
    (line,) = of(split(*[0] * 100, *[1] * 5), split(*[0, 1] * 10))
    assert "a has 100 training images, b 5" in line


def test_labels_of_files_count_as_those_in_memory() -> None:
    files = FileSplit(tuple(map(Path, "abcd")), (0, 0, 0, 1))
    assert of(files, files) == of(split(0, 0, 0, 1), split(0, 0, 0, 1))  # type: ignore[arg-type]


@pytest.mark.parametrize("count", [6, 8])
def test_one_validation_image_is_warned_of_on_the_terminal_and_in_the_record(
    count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for part, number in (("train", count), ("val", 1)):
        for name in ("cat", "dog"):
            (tmp_path / "few" / part / name).mkdir(parents=True)
            for index in range(number):
                Image.new("RGB", (32, 32)).save(tmp_path / "few" / part / name / f"{index}.png")
    flags = ["--dataset", "folder:few", "--recipe", "quick", "--epochs", "1", "--wandb", "off"]
    assert main(["train", "zoo:lenet5", *flags, "--run", "run", "--trained-dir", "trained"]) == 0
    num_val = max(1, round(0.1 * 2 * count))
    told = capsys.readouterr().err
    assert f"nasbench: warning: {num_val} validation image" in told
    warnings = json.loads(Path("run/run.json").read_text())["data"]["warnings"]
    assert any("says little" in line for line in warnings)
    assert any("1 of 2 classes without a validation image" in line for line in warnings) or num_val > 1


MISSING = ["--dataset", "folder:missing", "--wandb", "off"]
NAMES = {
    "search, strategy": (["search", "--strategy", "pppo", *MISSING], "pppo"),
    "search, recipe": (["search", "--recipe", "quik", *MISSING], "quik"),
    "search, space": (["search", "--space", "nasnt", *MISSING], "nasnt"),
    "search, pruner": (["search", "--pruner", "medan", *MISSING], "medan"),
    "search, tracker": (["search", "--track", "wndb", *MISSING], "wndb"),
    "search, executor": (["search", "--executor", "locl", *MISSING], "locl"),
    "train, model": (["train", "zoo:lenet6", *MISSING], "lenet6"),
    "train, recipe": (["train", "zoo:lenet5", "--recipe", "quik", *MISSING], "quik"),
    "train, tracker": (["train", "zoo:lenet5", "--track", "wndb", *MISSING], "wndb"),
    "train, executor": (["train", "zoo:lenet5", "--executor", "locl", *MISSING], "locl"),
    "train, image size": (["train", "zoo:lenet5", "--image-size", "0", *MISSING], "--image-size"),
    "transfer, model": (["transfer", "zoo:lenet6", *MISSING], "lenet6"),
    "transfer, recipe": (["transfer", "zoo:lenet5", "--recipe", "quik", *MISSING], "quik"),
    "compare, model": (["compare", "zoo:lenet5", "zoo:lenet6", *MISSING], "lenet6"),
    "compare, recipe": (["compare", "zoo:lenet5", "zoo:vgg11", "--recipe", "quik", *MISSING], "quik"),
    "scale --search, recipe": (["scale", "--search", "--recipe", "quik", *MISSING], "quik"),
    "scale --search, base": (["scale", "--search", "--base", "resnt18", *MISSING], "resnt18"),
    "scale --train, recipe": (["scale", "--train", "--recipe", "quik", *MISSING], "quik"),
    "cifar10": (["search", "--strategy", "pppo", "--data-dir", "missing", "--wandb", "off"], "pppo"),
}


@pytest.mark.parametrize("case", NAMES)
def test_a_wrong_name_is_answered_before_a_missing_folder(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    command, word = NAMES[case]
    assert main(command) == 2
    message = capsys.readouterr().err
    assert word in message
    assert "missing" not in message


def test_a_data_set_without_test_images_is_said() -> None:
    from nasbench.core.errors import UsageError

    with pytest.raises(UsageError, match="has no test images"):
        DataSource("unit.test_data_weaknesses:NoTest").test()


class NoTest:
    """A data set without a test split."""

    def task(self, *_: object) -> None: ...

    def load(self, *_: object) -> None: ...

    def load_test(self, *_: object) -> Split:
        return split()
