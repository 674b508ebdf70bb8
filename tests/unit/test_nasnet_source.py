"""Stand-alone files: torch alone, the same state_dict, the same outputs."""

import ast
from random import Random
from types import ModuleType

import pytest
import torch

from nasbench.core.arch import sample
from nasbench.core.spec import ModelSpec, Size, Task
from nasbench.nn.ops import OPERATIONS
from search_spaces.nasnet.published import PUBLISHED
from search_spaces.nasnet.space import NasnetSpace

SPACE = NasnetSpace()


def run(source: str) -> ModuleType:
    module = ModuleType("model")
    exec(compile(source, "model.py", "exec"), module.__dict__)
    return module


def compare(spec: ModelSpec) -> str:
    torch.manual_seed(0)
    source = SPACE.source(spec)
    alone = run(source).build()
    if spec.architecture is not None:
        network = SPACE.build(spec.architecture, spec.size, spec.task)
    else:
        network = SPACE.build_published(str(spec.name), spec.size, spec.task)
    assert list(alone.state_dict()) == list(network.state_dict())
    alone.load_state_dict(network.state_dict(), strict=True)
    x = torch.randn(2, spec.task.channels, spec.task.image_size, spec.task.image_size)
    for training in (True, False):
        found, expected = alone.train(training)(x), network.train(training)(x)
        if training and spec.size.aux_head:
            assert all(torch.equal(a, b) for a, b in zip(found, expected, strict=True))
        else:
            assert torch.equal(found, expected)
    return source


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_networks_stand_alone(name):
    compare(ModelSpec("space:nasnet", Size(1, 8, skeleton="cifar", aux_head=True), Task(10, 32, 3), name=name))


@pytest.mark.parametrize(("name", "filters"), [("nasnet-a", 64), ("amoebanet-a", 50), ("enas", 8), ("darts-v2", 8)])
def test_the_imagenet_skeleton_stands_alone(name, filters):
    compare(ModelSpec("space:nasnet", Size(1, filters, skeleton="imagenet"), Task(20, 40, 3), name=name))


@pytest.mark.parametrize("seed", range(8))
def test_sampled_networks_stand_alone(seed):
    architecture = sample(SPACE.name, SPACE.choices, Random(seed))
    source = compare(ModelSpec("space:nasnet", Size(2, 6, skeleton="cifar"), Task(10, 8, 1), architecture=architecture))
    assert architecture.key in source


def test_a_file_imports_torch_alone_and_holds_the_used_operations():
    source = SPACE.source(ModelSpec("space:nasnet", Size(6, 32, skeleton="cifar"), Task(), name="nasnet-a"))
    imported = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(str(node.module).split(".")[0])
    assert imported == {"torch"}
    used = {"sep_3x3", "sep_5x5", "sep_7x7", "avg_3x3", "max_3x3", "identity"}
    assert {name for name in OPERATIONS if f'"{name}":' in source} == used
    assert "class StackedConv" not in source
    assert "class SeparableConv" in source


def test_an_operation_brings_those_it_is_made_of():
    source = SPACE.source(ModelSpec("space:nasnet", Size(1, 8, skeleton="cifar"), Task(), name="amoebanet-d"))
    assert '"conv_3x3":' in source
    assert "class Bottleneck" in source
