"""Compiling part by part: the same numbers, one code for each shape, nothing compiled anew as drop path grows or for
evaluation.
"""

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn
from torch._dynamo.utils import counters

import zoo
from nasbench.blank import blank
from nasbench.core.errors import UsageError
from nasbench.core.recipe import Recipe
from nasbench.core.spec import Size, Task
from nasbench.nn.drop_path import DropPath, hold_probabilities, set_drop_path, set_progress
from nasbench.train import compiled
from nasbench.train.compiled import compile_parts, parts_of
from nasbench.train.datasets import resolve_dataset
from nasbench.train.device import isolated_rng
from nasbench.train.trainer import fit
from search_spaces.nasnet.space import NasnetSpace

pytestmark = pytest.mark.filterwarnings(
    "ignore:The .grad attribute of a Tensor that is not a leaf:UserWarning"
)  # PyTorch's own, at a look
CPU = torch.device("cpu")
RECIPE = Recipe("test", 1, epochs=2, batch_size=64, lr_peak=0.05, ema_decay=0.9, train_images=256, val_images=100)


class Part(nn.Module):
    def __init__(self, c_in: int, c_out: int, layer_share: float) -> None:
        super().__init__()
        self.conv, self.bn, self.drop_path = (
            nn.Conv2d(c_in, c_out, 3, padding=1),
            nn.BatchNorm2d(c_out),
            DropPath(layer_share),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.drop_path(self.bn(self.conv(x)).relu())


def network(depth: int = 6) -> nn.Sequential:
    """Parts of two shapes, the first of one, the others of another."""
    with isolated_rng(CPU, 0):
        parts = [Part(1 if index == 0 else 8, 8, (index + 1) / depth) for index in range(depth)]
        return nn.Sequential(nn.Sequential(*parts), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 10))


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Without code generation, and with a compiler that knows nothing yet."""
    monkeypatch.setattr(compiled, "BACKEND", "aot_eager")
    torch.compiler.reset()
    counters.clear()
    with torch._dynamo.config.patch(recompile_limit=torch._dynamo.config.recompile_limit):
        yield


def test_the_outermost_repeated_parts_are_found() -> None:
    with blank():
        cells = NasnetSpace().build_published("nasnet-a", Size(2, 8, skeleton="cifar", aux_head=True), Task(10, 32, 3))
        resnet, vit, vgg = (zoo.create(name) for name in ("resnet20", "vit_b_16", "vgg16"))
    assert parts_of(cells) == list(cells.cells)
    assert len(parts_of(resnet)) == 9
    assert len(parts_of(vit)) == 12
    assert parts_of(vgg) == []
    with pytest.raises(UsageError, match="leave --compile out"):
        compile_parts(vgg)


def test_a_compiled_training_has_the_numbers_of_an_eager_one(fresh: None) -> None:
    digits = resolve_dataset("digits").load(None, None, False)
    eager, fast = network(), network()
    expected = fit(eager, digits, RECIPE, seed=1, device=CPU)
    found = fit(fast, digits, RECIPE, seed=1, device=CPU, compiled=True)
    assert found == pytest.approx(expected, rel=1e-5)
    assert list(fast.state_dict()) == list(eager.state_dict())
    assert counters["stats"]["unique_graphs"] == 2, "one for each shape of a part, none for the evaluation"


def test_drop_path_grows_in_compiled_code(fresh: None) -> None:
    model = network(3).train()
    set_drop_path(model, 0.9)
    compile_parts(model)
    x = torch.ones(2000, 1, 4, 4)
    for share in (0.0, 0.4, 1.0):
        set_progress(model, share)
        first, second, third = model[0]
        with isolated_rng(CPU, 3):
            outputs = [first(x)]
            outputs += [second(torch.ones_like(outputs[0])), third(torch.ones_like(outputs[0]))]
        for part, output in zip((first, second, third), outputs, strict=True):
            dropped = 1.0 - float(output.flatten(1).any(dim=1).float().mean())
            assert dropped == pytest.approx(part.drop_path.probability, abs=0.04)
            assert part.drop_path.probability == pytest.approx(0.9 * part.drop_path.layer_share * share)
    assert counters["stats"]["unique_graphs"] == 2, "the probability is not part of the code"


def test_probabilities_held_as_tensors_change_nothing_in_eager_mode() -> None:
    plain, held = network(2).train(), network(2).train()
    for model in (plain, held):
        set_drop_path(model, 0.5)
    hold_probabilities(held)
    with isolated_rng(CPU, 1):
        expected = plain(torch.ones(8, 1, 4, 4))
    with isolated_rng(CPU, 1):
        assert torch.equal(held(torch.ones(8, 1, 4, 4)), expected)


@pytest.mark.slow
def test_cells_of_one_shape_share_their_code(fresh: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """NASNet-A with six cells a stack: in each stack the first two differ from the rest, and there are two
    reductions.
    """
    with isolated_rng(CPU, 0):
        model = NasnetSpace().build_published("nasnet-a", Size(6, 2, skeleton="cifar"), Task(10, 8, 1)).train()
    x = torch.randn(8, 1, 8, 8)
    expected = model(x).detach()
    set_drop_path(model, 0.2)
    assert compile_parts(model) == 20
    set_progress(model, 0.0)
    assert torch.allclose(model(x), expected, rtol=1e-4, atol=1e-5)
    assert counters["stats"]["unique_graphs"] == 11
    assert not counters["graph_break"]
    set_progress(model, 0.5)
    model(x).sum().backward()
    assert counters["stats"]["unique_graphs"] == 11
