"""The NASNet space: geometry, networks of sampled architectures, sizes and their errors."""

from math import prod
from random import Random

import pytest
import torch

from nasbench.blank import blank
from nasbench.core.arch import sample
from nasbench.core.errors import UsageError
from nasbench.core.protocols import Drawable, PublishedCells, SearchSpace, StandAlone
from nasbench.core.registry import spaces
from nasbench.core.spec import ModelSpec, Size, Task
from search_spaces.nasnet.genotype import genotype_of
from search_spaces.nasnet.sizes import arguments, filters_for
from search_spaces.nasnet.space import NasnetSpace

SPACE = NasnetSpace()


def test_it_is_registered_and_keeps_its_promises():
    assert spaces.get("nasnet") is NasnetSpace
    for protocol in (SearchSpace, PublishedCells, StandAlone, Drawable):
        assert isinstance(SPACE, protocol)


def test_geometry_is_the_papers():
    assert len(SPACE.choices) == 50
    assert [choice.name for choice in SPACE.choices[:6]] == [
        "normal_0_input_1",
        "normal_0_input_2",
        "normal_0_op_1",
        "normal_0_op_2",
        "normal_0_combine",
        "normal_1_input_1",
    ]
    normal, reduce = SPACE.choices[:25], SPACE.choices[25:]
    assert all(choice.name.startswith("reduce_") for choice in reduce)
    assert (
        prod(len(choice.options) for choice in normal)
        == prod(len(choice.options) for choice in reduce)
        == 2_286_906_949_584_691_200
    )
    assert SPACE.choices[45].options == ("h", "h_prev", "block_0", "block_1", "block_2", "block_3")


@pytest.mark.parametrize("seed", range(12))
def test_sampled_networks_learn_with_every_parameter(seed):
    torch.manual_seed(seed)
    rng = Random(seed)
    architecture = sample(SPACE.name, SPACE.choices, rng)
    skeleton, pixels = rng.choice([("cifar", 8), ("cifar", 16), ("imagenet", 32)])
    channels = rng.choice([1, 3])
    filters = 4 if skeleton == "cifar" else 8
    network = SPACE.build(architecture, Size(rng.choice([1, 2]), filters, skeleton=skeleton), Task(7, pixels, channels))
    logits = network(torch.randn(8, channels, pixels, pixels))
    assert logits.shape == (8, 7)
    torch.nn.functional.cross_entropy(logits, torch.arange(8) % 7).backward()
    dead = [name for name, p in network.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert not dead


@pytest.mark.parametrize("seed", range(20))
def test_a_sampled_cell_puts_out_what_nothing_reads(seed):
    genotype = genotype_of(sample(SPACE.name, SPACE.choices, Random(seed)))
    for cell in (genotype.normal, genotype.reduce):
        read = {state for block in cell.blocks for state in (block.input_1, block.input_2)}
        assert set(cell.outputs) | read == set(range(7))
        assert not set(cell.outputs) & read


@pytest.mark.parametrize(("image_size", "channels"), [(4, 1), (7, 1), (8, 1), (16, 3), (28, 1), (31, 3)])
def test_small_images_of_any_side_fit_the_cifar_skeleton(image_size, channels):
    network = SPACE.build_published("nasnet-a", Size(1, 4, skeleton="cifar"), Task(10, image_size, channels)).eval()
    assert network(torch.randn(2, channels, image_size, image_size)).shape == (2, 10)


@pytest.mark.parametrize("name", ["nasnet-a", "enas", "darts-v2"])
def test_training_with_an_auxiliary_head_gives_a_pair(name):
    torch.manual_seed(0)
    network = SPACE.build_published(name, Size(1, 4, skeleton="cifar", aux_head=True), Task(10, 20, 3))
    x = torch.randn(4, 3, 20, 20)
    logits, aux_logits = network(x)
    assert logits.shape == aux_logits.shape == (4, 10)
    (logits.square().sum() + aux_logits.square().sum()).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in network.aux_head.parameters())
    assert network.eval()(x).shape == (4, 10)


def test_the_auxiliary_head_sits_before_the_second_reduction():
    network = SPACE.build_published("nasnet-a", Size(2, 4, skeleton="cifar", aux_head=True), Task())
    assert network.aux_cell == 4
    network = SPACE.build_published("nasnet-a", Size(2, 8, skeleton="imagenet", aux_head=True), Task(10, 96))
    assert network.aux_cell == 6
    network = SPACE.build_published("enas", Size(5, 8, skeleton="cifar", aux_head=True), Task())
    assert network.aux_cell == 12
    network = SPACE.build_published("darts-v2", Size(2, 8, skeleton="cifar", aux_head=True), Task())
    assert network.aux_cell == 5  # the reduction itself
    network = SPACE.build_published("darts-v2", Size(2, 8, skeleton="imagenet", aux_head=True), Task(10, 160))
    assert network.aux_cell == 6  # a part of the stem counts as a cell


def test_cell_inputs_are_calibrated_as_in_slim():
    network = SPACE.build_published("nasnet-a", Size(2, 8, skeleton="cifar"), Task())
    calibrations = [type(cell.calibrate_prev).__name__ for cell in network.cells]
    reduced = "FactorizedReduction"
    assert calibrations == [
        "Identity",
        "ReluConvBN",
        "ReluConvBN",
        reduced,
        "ReluConvBN",
        "ReluConvBN",
        reduced,
        "ReluConvBN",
    ]
    assert all(type(cell.calibrate).__name__ == "ReluConvBN" for cell in network.cells)
    network = SPACE.build_published("nasnet-a", Size(2, 8, skeleton="imagenet"), Task(10, 64))
    assert [type(cell.calibrate_prev).__name__ for cell in network.cells[:4]] == [
        "Identity",
        reduced,
        reduced,
        "ReluConvBN",
    ]


def test_widths_are_slims():
    """End points of slim's tests: CIFAR 96, 192, 384, 768 and 256, 512; mobile 88, 264, 528, 1056 and 352, 704."""

    def widths(size: Size, pixels: int) -> list[tuple[int, int]]:
        with blank():
            network = SPACE.build_published("nasnet-a", size, Task(10, pixels, 3))
            found = [network.stem[0].out_channels]
            for cell in network.cells:
                cell.register_forward_hook(lambda module, inputs, output: found.append(tuple(output.shape[1:3])))
            network(torch.empty(2, 3, pixels, pixels))
        return found

    cifar = widths(Size(6, 32, skeleton="cifar"), 32)
    assert cifar[0] == 96
    assert list(dict.fromkeys(cifar[1:])) == [(192, 32), (256, 16), (384, 16), (512, 8), (768, 8)]
    mobile = widths(Size(4, 44, skeleton="imagenet"), 224)
    assert list(dict.fromkeys(mobile[2:])) == [(88, 28), (264, 28), (352, 14), (528, 14), (704, 7), (1056, 7)]
    large = widths(Size(6, 168, skeleton="imagenet"), 331)
    assert large[0] == 96
    assert list(dict.fromkeys(large[2:])) == [(336, 42), (1008, 42), (1344, 21), (2016, 21), (2688, 11), (4032, 11)]


def test_only_the_large_form_skips_the_reductions_input():
    large = SPACE.build_published("nasnet-a", Size(1, 64, skeleton="imagenet"), Task(10, 32))
    mobile = SPACE.build_published("nasnet-a", Size(1, 44, skeleton="imagenet"), Task(10, 32))
    assert (large.stem[0].out_channels, large.keep_prev) == (96, (3, 5))
    assert (mobile.stem[0].out_channels, mobile.keep_prev) == (32, ())


@pytest.mark.parametrize(
    ("stack", "skeleton", "expected"),
    [
        ("6@768", "cifar", (6, 32)),
        ("7@2304", "cifar", (7, 96)),
        ("4@1056", "imagenet", (4, 44)),
        ("5@1538", "imagenet", (5, 64)),
        ("7@1920", "imagenet", (7, 80)),
        ("6@4032", "imagenet", (6, 168)),
        ("2@1", "cifar", (2, 2)),
        ("2@1", "imagenet", (2, 8)),
        (" 6 @ 800 ", "cifar", (6, 34)),
    ],
)
def test_stacks(stack, skeleton, expected):
    assert filters_for(stack, skeleton) == SPACE.parse_stack(stack, skeleton) == expected


def test_a_stack_counts_the_outputs_of_the_network_it_is_for():
    spec = ModelSpec("space:nasnet", Size(6, 36, skeleton="cifar"), Task(), name="amoebanet-a")
    assert SPACE.parse_stack("6@576", "cifar", spec) == (6, 36)  # four output states, 16 F


@pytest.mark.parametrize("stack", ["", "6", "@768", "6@", "0@768", "6@0", "six@768", "6@768@2", "-6@768", "6.5@768"])
def test_malformed_stacks(stack):
    with pytest.raises(UsageError, match="N@P, such as 6@768"):
        filters_for(stack, "cifar")


@pytest.mark.parametrize(
    ("size", "task", "message"),
    [
        (Size(0, 8, skeleton="cifar"), Task(), "--cells 1"),
        (Size(1.5, 8, skeleton="cifar"), Task(), "got 1.5"),
        (Size(2, 9, skeleton="cifar"), Task(), "got 9.*nearest is --filters 8"),
        (Size(2, 0, skeleton="cifar"), Task(), "nearest is --filters 2"),
        (Size(2, 6, skeleton="imagenet"), Task(10, 224), "nearest is --filters 8"),
        (Size(2, 8, skeleton="cifra"), Task(), "Did you mean 'cifar'"),
        (Size(2, 8, skeleton="cifar"), Task(10, 2), "takes 3 pixels"),
        (Size(2, 8, skeleton="imagenet"), Task(10, 16), "takes 19 pixels.*--skeleton cifar"),
        (Size(2, 8, skeleton="cifar", aux_head=True), Task(10, 8), "needs 9 pixels"),
        (Size(2, 8, skeleton="imagenet", aux_head=True), Task(10, 64), "needs 67 pixels"),
    ],
)
def test_sizes_that_cannot_be_built_say_what_can(size, task, message):
    with pytest.raises(UsageError, match=message):
        SPACE.build_published("nasnet-a", size, task)


@pytest.mark.parametrize(
    ("name", "skeleton", "smallest"),
    [
        ("nasnet-a", "cifar", 9),
        ("nasnet-a", "imagenet", 67),
        ("enas", "cifar", 17),
        ("darts-v2", "cifar", 17),
        ("darts-v2", "imagenet", 129),
    ],
)
def test_the_smallest_image_for_an_auxiliary_head_is_enough(name, skeleton, smallest):
    size = Size(1, 8, skeleton=skeleton, aux_head=True)
    network = SPACE.build_published(name, size, Task(10, smallest, 3))
    assert [out.shape for out in network(torch.randn(2, 3, smallest, smallest))] == [(2, 10), (2, 10)]
    with pytest.raises(UsageError, match=f"needs {smallest} pixels"):
        SPACE.build_published(name, size, Task(10, smallest - 1, 3))


def test_a_broken_architecture_is_refused():
    architecture = sample(SPACE.name, SPACE.choices, Random(0))
    broken = type(architecture).of(SPACE.name, {**architecture.genes, "normal_0_input_1": "block_3"})
    for act in (SPACE.canonical, lambda a: SPACE.build(a, SPACE.default_size, Task())):
        with pytest.raises(UsageError, match="normal_0_input_1"):
            act(broken)


def test_an_unknown_published_name_is_refused():
    with pytest.raises(UsageError, match="Did you mean 'nasnet-a'"):
        SPACE.build_published("nasnet-aa", SPACE.default_size, Task())


def test_the_resolution_of_a_size_wins_over_the_tasks():
    genotype = genotype_of(sample(SPACE.name, SPACE.choices, Random(0)))
    found = arguments(genotype, "nasnet", Size(1, 4, resolution=64, skeleton="cifar", aux_head=True), Task())
    assert found["aux_side"] == 32
