"""A stand-alone network under all that people do with a module: copies, precisions, graphs, other batches and sizes."""

import copy
import importlib.util
import pickle
import sys
import warnings
from collections.abc import Callable, Iterator
from random import Random
from types import ModuleType

import pytest
import torch
from torch import Tensor, nn

import zoo
from nasbench.core.arch import sample
from nasbench.core.registry import spaces
from nasbench.core.spec import ModelSpec, Size, Task
from nasbench.engine.config import ModelOverrides
from nasbench.engine.parts.models import resolve
from nasbench.engine.parts.source import source_of
from nasbench.nn.layers import BatchNormOfAny
from nasbench.train.device import isolated_rng
from zoo.families.alexnet import response_norm
from zoo.families.cyclemlp import CycleFC
from zoo.families.lenet import SparseConv
from zoo.residual import conv

SMALL = {"image_size": 32, "classes": 10}
MODELS = {
    "cells": ("space:nasnet:nasnet-a", {"cells": 1, "filters": 4, "aux_head": True}),
    "enas": ("space:nasnet:enas", {"cells": 1, "filters": 4}),
    "mbconv": ("space:mbconv:mnasnet-a1", SMALL),
    "resnet": ("zoo:resnet20", {}),
    "nasbench201": ("", {}),
}


def spec_of(name: str) -> ModelSpec:
    model, form = MODELS[name]
    if model:
        return resolve(model, ModelOverrides(**form))
    space = spaces.make("nasbench201")
    cell = sample(space.name, space.choices, Random(1))
    return ModelSpec("space:nasbench201", Size(1, 4, skeleton="cifar"), Task(10, 32, 3), architecture=cell)


@pytest.fixture(scope="module", params=MODELS)
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """model.py as an imported module, which is what pickle needs."""
    name = f"stand_alone_{request.param}"
    file = tmp_path_factory.mktemp("models") / f"{name}.py"
    file.write_text(source_of(spec_of(request.param)))
    specification = importlib.util.spec_from_file_location(name, file)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module
    specification.loader.exec_module(module)
    module.kind = request.param
    yield module
    del sys.modules[name]


@pytest.fixture(scope="module")
def network(model: ModuleType) -> nn.Module:
    with isolated_rng(torch.device("cpu"), 1):
        return model.build().eval()


@pytest.fixture(scope="module")
def images() -> Tensor:
    return torch.randn(3, 3, 32, 32, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def logits(network: nn.Module, images: Tensor) -> Tensor:
    with torch.no_grad():
        return network(images)


def same(found: Tensor, expected: Tensor) -> bool:
    return torch.allclose(found, expected, rtol=1e-4, atol=1e-4 * float(expected.detach().abs().max()))


@torch.no_grad()
def test_copies(model: ModuleType, network: nn.Module, images: Tensor, logits: Tensor) -> None:
    assert torch.equal(copy.deepcopy(network)(images), logits)
    assert torch.equal(pickle.loads(pickle.dumps(network))(images), logits)
    other = model.build().eval()
    other.load_state_dict(network.state_dict(), strict=True)
    assert torch.equal(other(images), logits)


def test_copies_of_a_network_that_was_trained(model: ModuleType, images: Tensor) -> None:
    network = model.build().train()
    output = network(images)
    sum(part.sum() for part in (output if isinstance(output, tuple) else (output,))).backward()
    again = pickle.loads(pickle.dumps(copy.deepcopy(network)))
    assert all(torch.equal(a, b) for a, b in zip(again.parameters(), network.parameters(), strict=True))


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float64])
def test_other_precisions(kind: torch.dtype, network: nn.Module, images: Tensor, logits: Tensor) -> None:
    with torch.no_grad():
        found = copy.deepcopy(network).to(kind)(images[:1].to(kind))
    assert found.dtype == kind
    assert (found.float() - logits[:1]).abs().max() < 0.1 * logits.abs().max()


def test_a_batch_of_one(model: ModuleType, network: nn.Module, images: Tensor, logits: Tensor) -> None:
    with torch.no_grad():
        assert same(network(images[:1]), logits[:1])
    output = model.build().train()(images[:1])
    heads = output if isinstance(output, tuple) else (output,)
    assert len(heads) == (2 if model.kind == "cells" else 1)
    sum(head.sum() for head in heads).backward()


@torch.no_grad()
@pytest.mark.parametrize(("height", "width"), [(64, 64), (45, 38)])
def test_other_sizes(height: int, width: int, network: nn.Module, logits: Tensor) -> None:
    assert network(torch.randn(2, 3, height, width)).shape == (2, logits.shape[1])


@torch.no_grad()
def test_traces_and_scripts(model: ModuleType, network: nn.Module, images: Tensor, logits: Tensor) -> None:
    """torch.export with any batch is tested where formats of files are (test_export)."""
    with warnings.catch_warnings():  # PyTorch tells that both are given up, and that a trace is for images of one size
        warnings.simplefilter("ignore")
        assert same(torch.jit.trace(network, images[:2], check_trace=False)(images), logits)
        with torch.jit.optimized_execution(False):  # which compiles for seconds
            assert same(torch.jit.script(network)(images), logits)


@pytest.mark.slow
@torch.no_grad()
def test_compiled(model: ModuleType, network: nn.Module, images: Tensor, logits: Tensor) -> None:
    assert same(torch.compile(copy.deepcopy(network))(images), logits)


def test_a_strided_projection_is_scripted() -> None:
    layer, x = conv(8, 8, 1, 2), torch.randn(2, 8, 64, 64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scripted = torch.jit.script(layer)
    assert same(scripted(x), layer(x))


@torch.no_grad()
@pytest.mark.parametrize(
    "build",
    [
        lambda: (SparseConv(((0, 1), (1, 2, 3)), 3), torch.randn(2, 4, 8, 8)),
        lambda: (CycleFC(6, axis=1), torch.randn(2, 4, 5, 6)),
        lambda: (CycleFC(6, axis=2), torch.randn(2, 4, 5, 6)),
        pytest.param(
            lambda: (zoo.create("googlenet_aux", 10, 32).eval(), torch.randn(1, 3, 32, 32)), marks=pytest.mark.slow
        ),
    ],
)
def test_loops_of_the_zoo_are_scripted(build: Callable[[], tuple[nn.Module, Tensor]]) -> None:
    """Of LeNet-5's partly connected layer, of CycleMLP's offsets, of the two auxiliary heads of a GoogLeNet."""
    module, x = build()
    with warnings.catch_warnings(), torch.jit.optimized_execution(False):
        warnings.simplefilter("ignore")
        assert same(torch.jit.script(module)(x), module(x))


def test_response_normalisation_in_16_bits() -> None:
    x = torch.randn(2, 8, 5, 5)
    expected = nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0)(x)
    assert torch.equal(response_norm()(x), expected)
    for kind in (torch.float16, torch.bfloat16):
        found = response_norm()(x.to(kind))
        assert found.dtype == kind
        assert torch.allclose(found.float(), expected, atol=2e-2)


def test_normalisation_of_a_single_value_takes_the_running_statistics() -> None:
    layer, plain = BatchNormOfAny(3).train(), nn.BatchNorm2d(3).train()
    x = torch.randn(1, 3, 1, 1)
    assert torch.equal(layer(x), copy.deepcopy(layer).eval()(x))
    batch = torch.randn(4, 3, 1, 1)
    assert torch.equal(layer(batch), plain(batch))
    assert torch.equal(layer.running_mean, plain.running_mean)
