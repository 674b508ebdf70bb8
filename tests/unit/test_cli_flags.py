"""Every flag of every command is taken, documented and completed; flags that contradict each other are one error."""

import json
import subprocess
from dataclasses import fields, is_dataclass
from typing import Any, get_type_hints

import pytest

from nasbench.cli import COMMANDS, main
from nasbench.cli.completion import CONFIGURATIONS, bash, fish, flags, zsh
from nasbench.cli.fields import choices, takes
from nasbench.cli.parse import parse

POSITIONAL = {"train": "model", "transfer": "model", "export": "model", "features": "model", "compare": "models"}
WORDS = {
    "train": ["m"],
    "transfer": ["m"],
    "export": ["m"],
    "features": ["m"],
    "compare": ["m"],
    "profile": ["m"],
    "report": ["r"],
}
SAMPLES = {"INT": ("7", 7), "FLOAT": ("1.5", 1.5), "TEXT": ("x", "x")}


def all_fields(kind: Any) -> dict[str, Any]:
    """Field -> type, those of the records inside included."""
    found: dict[str, Any] = {}
    for each in fields(kind):
        hint = get_type_hints(kind, include_extras=True)[each.name]
        found.update(all_fields(hint) if is_dataclass(hint) else {each.name: hint})
    return found


def value_of(config: Any, name: str) -> Any:
    own = getattr(config, name, None)  # `check` is also what every record does
    if hasattr(config, name) and not is_dataclass(own) and not callable(own):
        return own
    inside = (getattr(config, each.name) for each in fields(config) if is_dataclass(getattr(config, each.name)))
    return next(value_of(part, name) for part in inside if name in all_fields(type(part)))


def sample(hint: Any) -> tuple[list[str], Any]:
    """Words of a command line for a field of this type, and the value that they mean."""
    if hint is bool:
        return [], True
    if options := choices(hint):
        return [options[-1]], options[-1]
    word, _, several = takes(hint).partition(" ")
    text, value = SAMPLES[word]
    return ([text, text], (value, value)) if several else ([text], value)


def test_every_command_has_a_configuration_and_flags_of_one_name():
    assert set(CONFIGURATIONS) == set(COMMANDS)
    for command in COMMANDS:
        names = [flag.name for flag in flags(command)]
        assert len(names) == len(set(names)), command


@pytest.mark.parametrize("command", COMMANDS)
def test_every_flag_of_the_help_is_taken(command):
    kind, stand_alone = CONFIGURATIONS[command], WORDS.get(command, [])
    if command == "completion":
        stand_alone = ["bash"]
    known = {flag.name.replace("-", "_") for flag in flags(command)} - {"help"}
    samples = {name: sample(hint) for name, hint in all_fields(kind).items() if name in known}
    given = [word for name, (words, _) in samples.items() for word in ("--" + name.replace("_", "-"), *words)]
    config = parse(kind, command, [*stand_alone, *given], positional=POSITIONAL.get(command))
    assert {name: value_of(config, name) for name in samples} == {name: meant for name, (_, meant) in samples.items()}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_help_names_every_flag_and_shows_types_and_defaults_that_people_can_read(command, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "400")
    with pytest.raises(SystemExit):
        main([command, "--help"])
    text = capsys.readouterr().out
    for flag in flags(command):
        assert f"--{flag.name}" in text
        assert flag.told, (command, flag.name)
    for odd in ("{None}", "None,", "(default: )", "(default: None)", "(default: False)", "STR"):
        assert odd not in text, odd
    assert "nasbench " + command in text
    assert "Example: nasbench" in text


def test_models_may_stand_before_and_behind_flags(capsys):
    for argv in (["m1", "m2", "--seeds", "2"], ["--seeds", "2", "m1", "m2"]):
        assert parse(CONFIGURATIONS["compare"], "compare", argv, positional="models").models == ("m1", "m2")
    assert main(["train"]) == 2
    assert "needs a model first" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["0.25", "0.5"], ["0.25,0.5"], ["0.25,", "0.5"], ["0.25", ",0.5,"], ["0.25, 0.5"]])
def test_numbers_stand_apart_or_between_commas(words: list[str]) -> None:
    assert parse(CONFIGURATIONS["race"], "race", ["--also", *words]).also == (0.25, 0.5)


def test_a_word_among_numbers_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["race", "--also", "0.25,half"])
    assert ended.value.code == 2
    assert "'half' is no FLOAT" in capsys.readouterr().err


def test_list_alone_lists_every_kind(capsys):
    assert main(["list"]) == 0
    text = capsys.readouterr().out
    for word in ("spaces:", "nasnet", "strategies:", "evolution", "recipes:", "losses:", "schedules:"):
        assert word in text
    assert main(["list", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert {"spaces", "strategies", "datasets"} <= set(record)
    assert {"name", "description"} == set(record["spaces"][0])


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["se"], "search"),
        (["search", "--strategy-"], "--strategy-options"),
        (["search", "--strategy", "evo"], "evolution"),
        (["train", "--recipe", "cifar"], "cifar_fast"),
        (["search", "--device", "cu"], "cuda"),
        (["profile", "mobilenet_v2"], "mobilenet_v2"),
        (["scale", "--base", "efficientnet_b7"], "efficientnet_b7"),
        (["list", "strat"], "strategies"),
        (["completion", "z"], "zsh"),
    ],
)
def test_bash_completes_commands_flags_and_names(words, expected, tmp_path):
    (tmp_path / "script").write_text(bash())
    line = " ".join(f"'{word}'" for word in ("nasbench", *words))
    code = (
        f'source ./script; COMP_WORDS=({line}); COMP_CWORD={len(words)}; _nasbench; printf "%s\\n" "${{COMPREPLY[@]}}"'
    )
    done = subprocess.run(["bash", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert expected in done.stdout.split()


def test_zsh_and_fish_know_the_same():
    for script in (zsh(), fish()):
        for word in (*COMMANDS, "strategy-options", "evolution", "cifar_fast", "efficientnet_b7"):
            assert word in script


def test_control_characters_in_an_argument_are_shown(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["search", "--device", "\x1b[31mgpu"])
    assert ended.value.code == 2
    err = capsys.readouterr().err
    assert "\x1b" not in err
    assert "x1b[31mgpu" in err


@pytest.mark.parametrize(
    ("argv", "named"),
    [
        (["search", "--wandb", "off", "--wandb-trials"], ["--wandb off", "--wandb-trials"]),
        (["search", "--executor", "local", "--workers", "2"], ["--executor local", "--workers"]),
        (["search", "--executor", "ray"], ["--executor ray", "--workers"]),
        (["train", "lenet5", "--executor", "local", "--ray-address", "x"], ["--executor local", "--ray-address"]),
        (
            ["search", "--executor", "processes", "--workers", "2", "--gpus-per-worker", "1"],
            ["--executor processes", "--gpus-per-worker"],
        ),
        (["search", "--cost-column", "seconds"], ["--cost-column", "--evaluator train"]),
        (
            ["search", "--evaluator", "table:nasbench201-cifar10", "--space", "nasbench201", "--epochs", "3"],
            ["--epochs", "--evaluator table:nasbench201-cifar10"],
        ),
        (["zoo", "--plot", "ilsvrc", "--out", "x.svg", "--family", "vgg"], ["--plot ilsvrc", "filters"]),
        (["zoo", "lenet5", "--family", "vgg"], ["filters", "name"]),
        (["scale", "--phi", "2", "--target-macs", "1G"], ["--phi", "--target-macs"]),
        (["scale", "--search", "--phi", "2"], ["--search", "--phi"]),
        (["race", "--trials", "3", "--time-budget", "4"], ["--trials", "--time-budget"]),
        (["search", "--target-macs", "1M", "--objectives", "val_accuracy,macs"], ["--target-macs", "--objectives"]),
        (["profile", "space:nasnet:enas", "--stack", "2@100", "--cells", "2"], ["--stack", "--cells"]),
        (["transfer", "lenet5", "--pretrained", "--weights", "x"], ["--pretrained", "--weights"]),
    ],
)
def test_flags_that_contradict_each_other_are_one_error_that_names_both(argv, named, capsys):
    assert main(argv) == 2
    err = capsys.readouterr().err
    assert err.count("\n") <= 2
    for word in named:
        assert word in err
