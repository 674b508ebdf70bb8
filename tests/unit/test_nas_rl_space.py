"""The layer-wise space: published counts and edges, networks against a plain definition, canonical forms, files."""

import re
from collections import Counter
from collections.abc import Mapping
from random import Random
from types import ModuleType

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from nasbench.blank import blank
from nasbench.core.arch import Architecture, Gene, check, sample
from nasbench.core.errors import UsageError
from nasbench.core.spec import ModelSpec, Size, Task
from nasbench.engine.config import ModelOverrides
from nasbench.engine.parts.models import build, resolve
from nasbench.profile import count
from search_spaces.nas_rl.space import NasRlSpace

SPACE = NasRlSpace()
SMALL = Task(num_classes=3, image_size=5, channels=2)
NUMBERS = torch.randn(700_000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


@pytest.mark.parametrize(
    ("name", "params", "macs"),
    [
        ("nas-v1", 4_201_630, 4_300_665_312),  # Zoph and Le 2017, figure 7; 4.2M in table 1
        ("nas-v1-no-skips", 809_134, 826_749_408),
        ("nas-v1-dense", 6_630_910, 6_788_248_032),
    ],
)
def test_published_networks_have_their_exact_counts(name, params, macs):
    spec = resolve(f"space:nas-rl:{name}", ModelOverrides())
    with blank():
        network = build(spec)
    assert count(network, Task()) == (params, macs)
    architecture = SPACE.architecture(name)
    check(architecture, NasRlSpace(layers=15).choices)
    assert SPACE.counts(architecture, Size(), Task()) == (params, macs)
    assert SPACE.canonical(architecture) == architecture  # it has only one order: each layer reads the one before it
    card = SPACE.cards()[name]
    assert (card.params, card.macs, card.task) == (params, macs, Task())


def test_the_network_of_figure_7_has_its_edges_and_its_shapes():
    genes = SPACE.architecture("nas-v1").genes
    reads = {i: [j for j in range(1, i) if genes[f"layer_{i}_reads_{j}"] == "yes"] for i in range(1, 16)}
    assert reads[15] == [2, 7, 11, 12, 13, 14]  # public copies have 6 in the place of 2, or neither
    assert sum(map(len, reads.values())) == 65  # and layer 1 reads the image
    assert sum(j < i - 1 for i, sources in reads.items() for j in sources) == 51
    with blank():
        network = SPACE.build_published("nas-v1", Size(), Task())
        shapes = [(tuple(layer.conv.weight.shape), layer.conv.bias) for layer in network.layers.values()]
    inputs = [3, 36, 84, 120, 72, 168, 216, 132, 168, 324, 336, 240, 360, 180, 276]
    filters = [36, 48, 36, 36, 48, 48, 48, 36, 36, 36, 36, 48, 48, 48, 48]
    kernels = ["33", "33", "33", "55", "37", "77", "77", "73", "71", "77", "57", "77", "75", "75", "75"]
    assert shapes == [
        ((c_out, c_in, int(kernel[0]), int(kernel[1])), None)
        for c_out, c_in, kernel in zip(filters, inputs, kernels, strict=True)
    ]
    assert network.classifier.weight.shape == (10, 48)


def space_of(rng: Random) -> NasRlSpace:
    """A space of 1 to 4 layers, with or without strides and a pooling."""
    layers = rng.randint(1, 4)
    pools = (rng.randint(2, layers),) if layers > 1 and rng.random() < 0.3 else ()
    return NasRlSpace(layers, rng.choice(("fixed", "predicted")), pools)


def plain(genes: Mapping[str, Gene], weights: Mapping[str, Tensor], image: Tensor, met: Counter[str]) -> Tensor:
    """The logits of an architecture, from the definition. `met` counts what occurs."""
    states, unread = [image], set()
    layers = max(int(name.split("_")[1]) for name in genes)
    for number in range(1, layers + 1):
        read = [earlier for earlier in range(1, number) if genes[f"layer_{number}_reads_{earlier}"] == "yes"]
        met["no input"] += not read and number > 1
        unread = (unread - set(read)) | {number}
        x = stacked([states[each] for each in read or [0]], met)
        if f"layer_{number}_filters" not in genes:
            met["pooling"] += 1
            x = functional.max_pool2d(x, 2, 2, ceil_mode=True)
        else:
            kernel = [int(genes[f"layer_{number}_{side}"]) for side in ("height", "width")]
            stride = [int(genes.get(f"layer_{number}_stride_{side}", 1)) for side in ("height", "width")]
            sides = x.shape[2:]
            out = [-(-side // step) for side, step in zip(sides, stride, strict=True)]
            lacks = [max((o - 1) * s + k - i, 0) for o, s, k, i in zip(out, stride, kernel, sides, strict=True)]
            (above, before), (below, after) = (lack // 2 for lack in lacks), (lack - lack // 2 for lack in lacks)
            x = functional.pad(x, (before, after, above, below))
            prefix = f"layers.{number}"
            x = functional.conv2d(x, weights[f"{prefix}.conv.weight"], stride=stride)
            mean, variance, scale, shift = (
                weights[f"{prefix}.bn.{name}"].view(1, -1, 1, 1)
                for name in ("running_mean", "running_var", "weight", "bias")
            )
            x = ((x - mean) / (variance + 1e-5).sqrt() * scale + shift).clamp(min=0)
        states.append(x)
    met["several outputs"] += len(unread) > 1
    features = stacked([states[each] for each in sorted(unread)], met).mean(dim=(2, 3))
    return features @ weights["classifier.weight"].T + weights["classifier.bias"]


def stacked(parts: list[Tensor], met: Counter[str]) -> Tensor:
    """The parts along the channels, each in the middle of zeros of the largest height and width."""
    rows, columns = max(part.shape[2] for part in parts), max(part.shape[3] for part in parts)
    whole = torch.zeros(1, sum(part.shape[1] for part in parts), rows, columns, dtype=torch.float64)
    first = 0
    for part in parts:
        _, channels, height, width = part.shape
        top, left = (rows - height) // 2, (columns - width) // 2
        whole[:, first : first + channels, top : top + height, left : left + width] = part
        first += channels
        met["padded"] += (height, width) != (rows, columns)
    return whole


def filled(network: torch.nn.Module) -> torch.nn.Module:
    """A network of the meta device with numbers, in float64. Variances are positive."""
    state = {}
    for index, (name, tensor) in enumerate(network.state_dict().items()):
        if tensor.dtype is torch.int64:
            state[name] = torch.zeros((), dtype=torch.int64)
            continue
        start = 97 * index
        values = NUMBERS[start : start + tensor.numel()].view(tensor.shape)
        state[name] = values.abs() + 0.5 if name.endswith("running_var") else values / tensor[0].numel() ** 0.5
    network.load_state_dict(state, assign=True)
    return network.eval()


def test_200_networks_compute_what_the_definition_says():
    rng, met = Random(0), Counter()
    image = NUMBERS[-50:].view(1, 2, 5, 5)
    drawn = [(space, sample(space.name, space.choices, rng)) for space in (space_of(rng) for _ in range(200))]
    with blank():
        networks = [SPACE.build(architecture, Size(), SMALL) for _, architecture in drawn]
    for (space, architecture), network in zip(drawn, networks, strict=True):
        with torch.no_grad():
            found = filled(network)(image)
            expected = plain(architecture.genes, network.state_dict(), image, met)
        assert found.shape == (1, 3)
        assert float((found - expected).abs().max()) < 1e-9
        params = sum(parameter.numel() for parameter in network.parameters())
        assert SPACE.counts(architecture, Size(), SMALL)[0] == params
        assert SPACE.containing(architecture).choices == space.choices
    assert min(met[what] for what in ("no input", "several outputs", "padded", "pooling")) > 20, met


def in_other_order(architecture: Architecture, rng: Random) -> tuple[Architecture, dict[int, int]]:
    """The same network with its layers in a random order, and where each layer is now. Without poolings."""
    genes, order = architecture.genes, [0]
    layers = SPACE.containing(architecture).layers
    reads = {i: [j for j in range(1, i) if genes[f"layer_{i}_reads_{j}"] == "yes"] for i in range(1, layers + 1)}
    while len(order) <= layers:
        order.append(rng.choice([i for i in reads if i not in order and all(j in order for j in reads[i])]))
    place = {old: new for new, old in enumerate(order)}
    moved: dict[str, Gene] = {}
    for new, old in enumerate(order[1:], start=1):
        own = {name: gene for name, gene in genes.items() if name.startswith(f"layer_{old}_") and "reads" not in name}
        moved |= {name.replace(f"layer_{old}_", f"layer_{new}_"): gene for name, gene in own.items()}
        moved |= {f"layer_{new}_reads_{place[j]}": "yes" for j in reads[old]}
    names = [choice.name for choice in NasRlSpace(layers, "predicted").choices]
    return Architecture.of("nas-rl", {name: moved.get(name, "no") for name in names}), place


def test_orders_of_the_same_network_have_one_canonical_form():
    rng, moved = Random(1), 0
    for _ in range(60):
        space = NasRlSpace(rng.randint(2, 9), "predicted")
        architecture = sample(space.name, space.choices, rng)
        if rng.random() < 0.5:  # layers that are alike
            genes = {name: gene if "reads" in name else 3 for name, gene in architecture.genes.items()}
            filters = {name: 24 for name in genes if name.endswith("filters")}
            architecture = Architecture.of("nas-rl", {**genes, **filters})
        other, _ = in_other_order(architecture, rng)
        moved += other != architecture
        canonical = space.canonical(architecture)
        assert space.canonical(other) == canonical
        assert space.canonical(canonical) == canonical
        assert space.counts(canonical, Size(), SMALL) == space.counts(architecture, Size(), SMALL)
    assert moved > 30


def test_a_network_in_another_order_is_the_same_function():
    """Its weights are the same, with the channels in the order in which they are concatenated."""
    space, rng = NasRlSpace(3, "predicted"), Random(3)
    genes = {choice.name: "no" if "reads" in choice.name else 1 for choice in space.choices}
    genes |= {"layer_1_filters": 24, "layer_2_filters": 36, "layer_3_filters": 24, "layer_1_stride_width": 2}
    genes |= {"layer_3_reads_1": "yes", "layer_3_reads_2": "yes"}
    architecture = Architecture.of("nas-rl", genes)
    other = next(found for found, place in iter(lambda: in_other_order(architecture, rng), None) if place[1] == 2)
    with blank():
        first, second = (space.build(each, Size(), SMALL) for each in (architecture, other))
    state = filled(first).state_dict()
    swapped = {name.replace("layers.1.", "layers.0."): tensor for name, tensor in state.items()}
    swapped = {name.replace("layers.2.", "layers.1."): tensor for name, tensor in swapped.items()}
    swapped = {name.replace("layers.0.", "layers.2."): tensor for name, tensor in swapped.items()}
    swapped["layers.3.conv.weight"] = swapped["layers.3.conv.weight"].roll(36, dims=1)  # 24 and 36 become 36 and 24
    second.load_state_dict(swapped, assign=True)
    image = NUMBERS[-50:].view(1, 2, 5, 5)
    with torch.no_grad():
        torch.testing.assert_close(second.eval()(image), first(image), rtol=1e-9, atol=1e-9)


def test_canonical_forms_are_orders_of_the_same_network():
    rng = Random(4)
    for _ in range(30):
        space = NasRlSpace(4, "predicted")
        architecture = sample(space.name, space.choices, rng)
        orders = {in_other_order(architecture, rng)[0].key for _ in range(60)} | {architecture.key}
        assert space.canonical(architecture).key in orders


def test_a_pooling_keeps_its_place():
    space, rng = NasRlSpace(6, pools=(3, 5)), Random(5)
    for _ in range(20):
        canonical = space.canonical(sample(space.name, space.choices, rng))
        assert space.containing(canonical).form == space.form


@pytest.mark.parametrize("name", ["nas-v1-dense", None])
def test_files_stand_alone(name):
    task, space = Task(4, 9, 1), NasRlSpace(5, "predicted", pools=(3,))
    architecture = None if name else sample(space.name, space.choices, Random(3))
    spec = ModelSpec("space:nas-rl", Size(), task, architecture=architecture, name=name)
    source = SPACE.source(spec)
    assert not re.search(r"^(import|from) (?!torch|typing)", source, re.MULTILINE)
    module = ModuleType("model")
    exec(compile(source, "model.py", "exec"), module.__dict__)
    with blank():
        alone, own = module.build(), build(spec)
    assert {key: value.shape for key, value in alone.state_dict().items()} == {
        key: value.shape for key, value in own.state_dict().items()
    }
    if architecture is not None:
        alone.load_state_dict(filled(own).state_dict(), assign=True)
        image = NUMBERS[:162].view(2, 1, 9, 9)
        with torch.no_grad():
            assert torch.equal(alone.eval()(image), own(image))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layers": 0}, "from 1 to 256; got 0"),
        ({"layers": 2.0}, "got 2.0"),
        ({"stride": "free"}, "fixed .* or predicted .* got 'free'"),
        ({"layers": 4, "pools": (5,)}, r"from 2 to the number of layers \(4\)"),
        ({"pools": 1.5}, "got 1.5"),
    ],
)
def test_options_that_are_none_are_answered(options, message):
    with pytest.raises(UsageError, match=message):
        NasRlSpace(**options)


def test_what_is_no_architecture_of_the_space_is_answered():
    genes = {choice.name: choice.options[0] for choice in NasRlSpace(2).choices}
    for wrong, message in (
        ({}, "with 0 layers"),
        ({**genes, "layer_999999_height": 3}, "with 999999 layers"),
        ({**genes, "layer_2_height": 4}, "has no option 4"),
        ({name: gene for name, gene in genes.items() if name != "layer_2_reads_1"}, "missing decisions"),
    ):
        with pytest.raises(UsageError, match=message):
            SPACE.build(Architecture.of("nas-rl", wrong), Size(), SMALL)
    for size, message in ((Size(depth=2), "no multipliers"), (Size(skeleton="cifar"), "no skeleton of cells")):
        with pytest.raises(UsageError, match=message):
            SPACE.counts(Architecture.of("nas-rl", genes), size, SMALL)
    with pytest.raises(UsageError, match="Did you mean 'nas-v1'"):
        resolve("space:nas-rl:nas-v2", ModelOverrides())
