"""Residual units: the order of their operations, their variants, and their forms for small images."""

import pytest
import torch

import zoo
from nasbench.blank import blank
from nasbench.core.spec import Task
from nasbench.profile import count
from unit.test_zoo_classic import ENTRIES, SHORT, UNITS, images_of, order_of, smallest_task, spread
from zoo.families.preactivation import Unit, Variant


@pytest.mark.parametrize("variant", UNITS)
def test_the_order_of_operations_in_a_residual_unit(variant: Variant) -> None:
    x = torch.randn(2, 16, 4, 4, generator=torch.Generator().manual_seed(0))
    before = x.clone()
    unit = Unit(variant, 16, ((16, 3, 1), (16, 3, 1)), shared=False, pad=True)
    assert order_of(unit, x) == UNITS[variant]
    assert torch.equal(x, before)  # nothing works in place on what the shortcut carries


@pytest.mark.parametrize("variant", UNITS)
def test_a_bottleneck_has_one_convolution_more(variant: Variant) -> None:
    unit = Unit(variant, 16, ((4, 1, 1), (4, 3, 1), (16, 1, 1)), shared=False, pad=False)
    one = "BN ReLU conv" if variant == "preact" else "ReLU conv BN" if variant == "relu_preact" else "conv BN ReLU"
    assert order_of(unit, torch.zeros(2, 16, 4, 4)) == f"{one} {UNITS[variant]}"


def test_a_pre_activation_is_shared_where_the_shape_changes() -> None:
    unit = Unit("preact", 16, ((8, 1, 2), (8, 3, 1), (32, 1, 1)), shared=True, pad=False)
    assert order_of(unit, torch.zeros(2, 16, 4, 4)) == "BN ReLU conv BN ReLU conv BN ReLU conv conv add"


@pytest.mark.parametrize(
    "name", ["preresnet20", "resnet110_relu_preact", "resnet110_bn_after_add", "resnet110_relu_before_add"]
)
def test_ends_of_the_variants(name: str) -> None:
    network = ENTRIES[name].build(smallest_task(name)).eval()
    stem, units, last = (network.get_submodule(part) for part in ("stem", "units", "last"))
    operations = [[SHORT[type(module).__name__] for module in part] for part in (stem, last)]  # type: ignore[union-attr]
    assert (
        operations
        == {
            "preresnet20": [["conv"], ["BN", "ReLU"]],
            "resnet110_relu_preact": [["conv", "BN"], ["ReLU"]],
            "resnet110_bn_after_add": [["conv", "BN", "ReLU"], []],
            "resnet110_relu_before_add": [["conv", "BN", "ReLU"], []],
        }[name]
    )
    first = units[0]  # type: ignore[index]
    assert (first.before is not None) == (name in ("preresnet20", "resnet110_relu_preact"))


def test_stochastic_depth_decays_linearly_and_is_off_in_evaluation() -> None:
    torch.manual_seed(0)
    task = smallest_task("resnet110")
    whole = spread(ENTRIES["resnet110"].build(task))
    dropping = ENTRIES["resnet110_stochastic_depth"].build(task).eval()
    dropping.load_state_dict(whole.state_dict())
    rates = [unit.drop.p for unit in dropping.get_submodule("units")]  # type: ignore[attr-defined]
    assert rates == pytest.approx([0.5 * number / 54 for number in range(1, 55)])
    with torch.no_grad():
        torch.testing.assert_close(dropping(images_of(task)), whole(images_of(task)))
        one, other = (dropping.train()(images_of(task)) for _ in range(2))
    assert not torch.equal(one, other)


@pytest.mark.parametrize(
    "name", ["resnet18", "vgg16", "densenet121", "googlenet", "googlenet_bn", "alexnet", "se_resnet50", "wrn_50_2"]
)
@pytest.mark.parametrize("image_size", [28, 32, 48, 64])
def test_the_form_for_small_images_takes_any_size_of_them(name: str, image_size: int) -> None:
    with blank():
        network = zoo.create(name, num_classes=10, image_size=image_size).eval()
        assert network(torch.empty(2, 3, image_size, image_size)).shape == (2, 10)


def test_resnet18s_small_form_is_the_usual_one() -> None:
    with blank():
        network = zoo.create("resnet18", num_classes=10, image_size=32)
    params, macs = count(network, Task())
    assert params == 11_173_962
    assert macs == 555_422_720
