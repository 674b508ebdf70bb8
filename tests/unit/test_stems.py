"""The two forms of a network, for small images and for large ones: which one is taken, and how to choose."""

import json
from dataclasses import replace
from types import ModuleType

import pytest
import torch
from torch import nn

import zoo
from nasbench.cli import main
from nasbench.core.errors import UsageError
from nasbench.core.spec import ModelSpec, Size, Task, task_record
from nasbench.engine.config import Data, ModelOverrides
from nasbench.engine.export.formats import CPU
from nasbench.engine.parts.models import build, resolve
from nasbench.engine.parts.source import source_of
from nasbench.engine.parts.stems import STEMS, stem_of
from nasbench.engine.training.trainings import specify
from nasbench.profile import count
from nasbench.train.device import isolated_rng

DIGITS = Data(dataset="digits", image_size=32)


def profiled(capsys, *flags: str) -> dict:
    assert main(["profile", *flags, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_profile_says_which_stem_it_counts(capsys) -> None:
    small = profiled(capsys, "zoo:resnet18", "--image-size", "64")
    large = profiled(capsys, "zoo:resnet18", "--image-size", "64", "--stem", "imagenet")
    assert (small["stem"], large["stem"]) == ("cifar", "imagenet")
    assert small["macs"] == 2_222_182_400
    assert large["macs"] < small["macs"] / 10
    assert large["params"] == 11_689_512  # as published
    assert profiled(capsys, "zoo:resnet20")["stem"] is None
    assert main(["profile", "zoo:resnet18", "--image-size", "64"]) == 0
    assert (
        "cifar stem, for small images (by the image size; the other form: --stem imagenet)" in capsys.readouterr().out
    )


@pytest.mark.parametrize(
    "name", ["resnet18", "resnet18_a", "vgg11", "alexnet", "googlenet", "mobilenet_v1", "shufflenet_v1_g3", "mixer_s32"]
)
def test_networks_with_two_forms_take_either_at_64_pixels(name: str) -> None:
    spec = resolve(name, ModelOverrides(image_size=64, classes=10))
    assert stem_of(spec) == "cifar"
    counts = {}
    for stem in STEMS:
        asked = resolve(name, ModelOverrides(image_size=64, classes=10, stem=stem))
        assert stem_of(asked) == stem
        with torch.device("meta"):
            counts[stem] = count(build(asked), asked.seen_task)
    assert counts["cifar"] != counts["imagenet"]


def test_networks_of_stages_take_either(capsys) -> None:
    both = [profiled(capsys, "space:mbconv:mobilenet-v2", "--image-size", "32", "--stem", stem) for stem in STEMS]
    assert both[0]["macs"] > 10 * both[1]["macs"]


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("zoo:resnet20", "has one form only, at 32 pixels"),
        ("zoo:squeezenet1_0", "has one form only"),
        ("space:nasnet:nasnet-a", "for networks of cells give --skeleton cifar"),
        ("examples.small_net:SmallNet", "has one form only"),
    ],
)
def test_a_stem_that_a_network_has_not_is_an_error(model: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        resolve(model, ModelOverrides(stem="cifar"))


def test_a_stem_reaches_trainings_and_the_zoo_from_python() -> None:
    asked = ModelOverrides(stem="imagenet")
    spec = specify(["zoo:resnet18"], DIGITS, asked)["zoo:resnet18"]
    assert spec.task == Task(10, 32, 1, "imagenet")
    assert build(spec).conv1.stride == (2, 2)
    assert zoo.create("resnet18", image_size=32, stem="imagenet").conv1.stride == (2, 2)
    assert zoo.create("resnet18", image_size=32).conv1.stride == (1, 1)


def test_a_comparison_gives_the_stem_to_networks_with_two_forms() -> None:
    asked = ModelOverrides(stem="imagenet")
    found = specify(["zoo:resnet18", "zoo:resnet20"], DIGITS, asked, all_take_stem=False)
    assert [spec.task.stem for spec in found.values()] == ["imagenet", ""]
    with pytest.raises(UsageError, match="none of zoo:resnet20 has two forms"):
        specify(["zoo:resnet20"], DIGITS, asked, all_take_stem=False)


def test_without_a_stem_no_record_says_a_word() -> None:
    """What is named by a task's text or record keeps its name."""
    assert task_record(Task(10, 32, 3)) == {"num_classes": 10, "image_size": 32, "channels": 3}
    assert str(Task(10, 32, 3)) == "Task(num_classes=10, image_size=32, channels=3)"
    spec = ModelSpec("zoo", Size(), Task(10, 32, 3), name="resnet18")
    assert spec.key == "dc0d6df93305691a"
    other = replace(spec, task=replace(spec.task, stem="imagenet"))
    assert other.key != spec.key
    assert ModelSpec.from_json(json.loads(json.dumps(other.to_json()))) == other


@pytest.mark.parametrize("model", ["zoo:resnet18_a", "zoo:mobilenet_v1", "space:mbconv:mobilenet-v2"])
def test_a_stand_alone_file_has_the_stem_that_was_asked_for(model: str) -> None:
    spec = resolve(model, ModelOverrides(image_size=32, classes=5, stem="imagenet"))
    module = ModuleType("model")
    exec(compile(source_of(spec), "model.py", "exec"), module.__dict__)
    network: nn.Module = module.build()
    with isolated_rng(CPU, 1):
        mine = build(spec)
    assert str(network) == str(mine)
    network.load_state_dict(mine.state_dict(), strict=True)
