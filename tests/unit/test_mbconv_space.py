"""The space of mobile networks: its geometry, its published points, canonical forms, counts and stand-alone files."""

import json
from random import Random
from types import ModuleType

import pytest
import torch

from nasbench.blank import blank
from nasbench.core.arch import Architecture, check, neighbours, sample
from nasbench.core.errors import UsageError
from nasbench.core.spec import ModelSpec, Size, Task
from nasbench.engine.config import ModelOverrides
from nasbench.engine.parts.models import build, resolve
from nasbench.profile import count
from search_spaces.mbconv.space import MbconvSpace

SPACE = MbconvSpace()
SMALL = Task(num_classes=5, image_size=16, channels=3)
PARAMS = {"mnasnet-a1": 3_887_038, "mnasnet-b1": 4_383_312, "efficientnet-b0": 5_288_548, "mobilenet-v2": 3_504_872}
"""Of torchvision's and timm's networks, counted (search space paper: 3.9M, 4.4M, 5.3M; MobileNetV2: 3.5M)."""


@pytest.mark.parametrize(("name", "params"), PARAMS.items())
def test_published_networks_are_points_of_the_space(name, params):
    text = json.dumps(SPACE.architecture(name).to_json())
    architecture = Architecture.from_json(json.loads(text))
    check(architecture, SPACE.choices)
    assert json.dumps(architecture.to_json()) == text
    with blank():
        searched = SPACE.build(architecture, SPACE.default_size, SPACE.published_task)
        published = build(resolve(f"space:mbconv:{name}", ModelOverrides()))
    assert count(searched, SPACE.published_task)[0] == params
    assert {key: value.shape for key, value in searched.state_dict().items()} == {
        key: value.shape for key, value in published.state_dict().items()
    }
    assert SPACE.counts(architecture, SPACE.default_size, SPACE.published_task)[0] == params


def test_a_network_that_json_describes_is_built_from_its_file(tmp_path):
    spec = ModelSpec("space:mbconv", Size(), SPACE.published_task, architecture=SPACE.architecture("mnasnet-a1"))
    path = tmp_path / "architecture.json"
    path.write_text(json.dumps(spec.to_json()))
    assert resolve(str(path), ModelOverrides()) == spec


def test_an_unknown_published_name_is_answered_with_the_nearest():
    with pytest.raises(UsageError, match="Did you mean 'mnasnet-a1'"):
        resolve("space:mbconv:mnasnet-a2", ModelOverrides())
    with pytest.raises(UsageError, match="Did you mean 'mnasnet-a1'"):
        SPACE.architecture("mnasnet-a2")


def test_counts_are_those_of_the_built_network():
    rng = Random(1)
    for task in (SMALL, Task(10, 65, 1)):
        architecture = sample(SPACE.name, SPACE.choices, rng)
        with blank():
            network = SPACE.build(architecture, Size(1.2, 1.1), task)
        assert SPACE.counts(architecture, Size(1.2, 1.1), task) == count(network, task)


def test_genes_without_effect_share_one_spelling_and_no_others_do():
    """Every neighbour of a network either has another canonical form, or is the same function with the same
    parameters.
    """
    rng = Random(2)
    size, task = Size(), Task(3, 8, 1)
    images = torch.randn(1, 1, 8, 8)
    same = 0
    architecture = Architecture.of("mbconv", {**sample(SPACE.name, SPACE.choices, rng).genes, **COLLAPSING})
    key = SPACE.canonical(architecture).key
    network = SPACE.build(architecture, size, task).eval()
    for other in neighbours(architecture, SPACE.choices):
        if SPACE.canonical(other).key == key:
            twin = SPACE.build(other, size, task).eval()
            twin.load_state_dict(network.state_dict())
            assert torch.equal(twin(images), network(images))
            same += 1
    assert same == 6  # two skips of stage 1, two expansions each of stages 2 and 5


COLLAPSING = {
    "stage_1_operator": "mbconv",
    "stage_1_width": 16,
    "stage_1_repeats": 1,
    "stage_1_skip": "none",
    "stage_2_operator": "conv",
    "stage_2_width": 32,
    "stage_2_repeats": 1,
    "stage_2_skip": "pool",
    "stage_3_operator": "mbconv",
    "stage_3_repeats": 2,
    "stage_4_operator": "mbconv",
    "stage_5_operator": "sepconv",
    "stage_6_operator": "mbconv",
    "stage_6_width": 120,
    "stage_7_operator": "mbconv",
    "stage_7_width": 240,
    "stage_7_repeats": 1,
    "stage_7_skip": "pool",
}


def test_a_skip_that_no_block_can_have_is_none():
    genes = dict(SPACE.architecture("efficientnet-b0").genes)
    canonical = SPACE.canonical(Architecture.of("mbconv", genes)).genes
    assert [canonical[f"stage_{n}_skip"] for n in (1, 2, 7)] == ["none", "identity", "none"]


@pytest.mark.parametrize("name", ["mnasnet-a1", None])
def test_files_stand_alone(name):
    task, size = Task(4, 12, 1), Size(depth=0.5, width=0.5)
    architecture = None if name else sample(SPACE.name, SPACE.choices, Random(3))
    spec = ModelSpec("space:mbconv", size, task, architecture=architecture, name=name)
    source = SPACE.source(spec)
    assert "import nasbench" not in source
    assert "from nasbench" not in source
    module = ModuleType("model")
    exec(compile(source, "model.py", "exec"), module.__dict__)
    network, alone = build(spec), module.build()
    assert list(alone.state_dict()) == list(network.state_dict())
    alone.load_state_dict(network.state_dict())
    images = torch.randn(2, 1, 12, 12)
    assert torch.equal(alone.eval()(images), network.eval()(images))


def test_cell_flags_are_refused():
    with pytest.raises(UsageError, match="no skeleton"):
        SPACE.build(SPACE.architecture("mnasnet-a1"), Size(skeleton="cifar"), SMALL)
