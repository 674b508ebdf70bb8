"""Wrong names, sizes and files for profile, train and compare: exit status 2, one clear message with the remedy, and
nothing begun.
"""

from pathlib import Path

import pytest

from nasbench.cli import main

DIGITS = ["--dataset", "digits", "--recipe", "quick", "--wandb", "off"]

CASES = {
    "profile of an unknown network": (["profile", "zoo:vgg17"], ["'vgg17'", "Did you mean 'vgg1", "zoo:NAME"]),
    "profile of a network without a name": (["profile", "zoo:"], ["named ''", "zoo:NAME"]),
    "profile without a model": (["profile"], ["zoo:NAME", "required"]),
    "profile of two models": (["profile", "lenet5", "vgg16"], ["vgg16"]),
    "profile at no size": (["profile", "vgg16", "--image-size", "0"], ["--image-size", "from 1 on", "got 0"]),
    "profile at a size that is no number": (["profile", "vgg16", "--image-size", "abc"], ["--image-size", "abc"]),
    "profile for one class": (["profile", "vgg16", "--classes", "1"], ["--classes", "from 2 on", "got 1"]),
    "profile of patches that do not tile": (
        ["profile", "vit_b_16", "--image-size", "230"],
        ["16 px", "230", "Nearest: 224 or 240"],
    ),
    "profile of a small network at a large size": (
        ["profile", "resnet20", "--image-size", "224"],
        ["'resnet20' exists for small images only", "up to 64 px", "got 224 px", "take 'resnet18'"],
    ),
    "profile of a large network at a small size": (
        ["profile", "alexnet_two_tower", "--image-size", "32"],
        ["exists for large images only", "at least 67 px", "got 32 px", "take 'alexnet'"],
    ),
    "profile of a network without cells as a stack": (
        ["profile", "vgg16", "--stack", "4@1056"],
        ["--stack", "networks of cells"],
    ),
    "profile into a directory that is not there": (
        ["profile", "lenet5", "--csv", "none/a.csv"],
        ["'none'", "--csv", "make it first"],
    ),
    "profile into a directory": (["profile", "lenet5", "--csv", "."], ["--csv", "is a directory", "profile.csv"]),
    "training of a network too large for the images": (
        ["train", "zoo:senet154", *DIGITS],
        ["'senet154' exists for large images only", "got 8 px", "take 'se_resnet50'"],
    ),
    "training of patches on images they do not tile": (
        ["train", "mixer_s16", *DIGITS, "--image-size", "30"],
        ["4 px", "28 or 32"],
    ),
    "training of two models": (["train", "lenet5", "nin", *DIGITS], ["nin"]),
    "training on a device that is none": (["train", "lenet5", *DIGITS, "--device", "gpu"], ["--device", "gpu", "cuda"]),
    "comparison with an unknown network": (
        ["compare", "lenet5", "resnet21", *DIGITS],
        ["'resnet21'", "Did you mean 'resnet"],
    ),
    "comparison with an unknown cell": (
        ["compare", "lenet5", "space:nasnet:nasnet-b", *DIGITS],
        ["'nasnet-b'", "Did you mean 'nasnet-a'"],
    ),
    "comparison with fewer than no controls": (
        ["compare", "lenet5", "nin", *DIGITS, "--controls", "-1"],
        ["--controls", "from 0 on", "-1"],
    ),
    "comparison with controls that are no number": (
        ["compare", "lenet5", "nin", *DIGITS, "--controls", "few"],
        ["--controls", "few"],
    ),
    "comparison of too few": (["compare", "lenet5", *DIGITS], ["two models or more", "--controls"]),
    "comparison under no seed": (["compare", "lenet5", "nin", *DIGITS, "--seeds", "0"], ["--seeds", "from 1 on", "0"]),
    "comparison with fewer than no workers": (
        ["compare", "lenet5", "nin", *DIGITS, "--workers", "-2"],
        ["--workers", "from 0 on", "-2"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_it_is_answered_before_anything_begins(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments, fragments = CASES[case]
    try:
        status = main(arguments)
    except SystemExit as stop:  # the flag parser's own way out
        status = stop.code  # type: ignore[assignment]
    captured = capsys.readouterr()
    message = " ".join(captured.err.replace("│", " ").split())
    assert status == 2, message
    assert captured.out == ""
    assert "Traceback" not in message
    for fragment in fragments:
        assert fragment in message, f"{fragment!r} is not in: {message}"
    assert list(tmp_path.iterdir()) == []
