"""A supernet whose operations have the same weights whichever input they read (--share inputs)."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
import torch
from torch import nn

from nasbench.cli import main
from nasbench.core.arch import Architecture
from nasbench.core.errors import UsageError
from nasbench.core.job import Job
from nasbench.core.registry import samplers, spaces
from nasbench.core.spec import ModelSpec, Size, Task
from nasbench.core.store import RunStore
from nasbench.core.supernet_run import WEIGHTS, SupernetRun
from nasbench.engine.config import SearchConfig, SupernetConfig
from nasbench.engine.search.supernet.command import train_supernet
from nasbench.nn.any_stride import AnyStride
from nasbench.nn.ops import OPERATIONS
from nasbench.nn.supernet import Supernet
from nasbench.train.checkpoint import put_weights
from nasbench.train.datasets import resolve_dataset
from nasbench.train.device import isolated_rng
from nasbench.train.path_scores import PathImages, score_path
from nasbench.train.shared_training import SharedTraining
from nasbench.train.trainer import fit
from unit.supernet_runs import DIGITS, RECIPE, SIZE, TINY, evaluator_of, make_run

MICRO = spaces.make("enas-micro")
CPU = torch.device("cpu")


def made(task: Task, space: str = "enas-micro") -> Supernet:
    with isolated_rng(CPU, 0):
        return spaces.make(space).supernet(Size(1, 4, skeleton="cifar"), task, share="inputs")


def reading(architecture: Architecture, **genes: str) -> Architecture:
    return Architecture.of(architecture.space, {**architecture.genes, **genes})


@pytest.mark.parametrize(
    ("space", "times"), [("enas-micro", {1, 2}), pytest.param("nasnet", {1}, marks=pytest.mark.slow)]
)
def test_one_fair_update_trains_every_weight_of_every_operation(space: str, times: set[int]) -> None:
    """Once in nasnet, with 13 paths of 13 operations; in enas-micro, a sixth path has one of the five again."""
    supernet, on_paths = made(Task(5, 8, 3), space), Counter[int]()
    for path in samplers.make("fair", spaces.make(space)).paths(Random(0)):
        on_paths.update(id(tensor) for tensor in supernet.shared(path).values() if isinstance(tensor, nn.Parameter))
        supernet(torch.randn(2, 3, 8, 8), path).square().sum().backward()
    on_stem = "cells.0.blocks" if space == "nasnet" else "none"  # its first cell reads the stem as it is: wider
    operations = {
        name: parameter
        for name, parameter in supernet.named_parameters()
        if ".blocks." in name and ".squeeze." not in name and ".operations.1." not in name and on_stem not in name
    }
    assert len(operations) > 200
    assert {on_paths[id(parameter)] for parameter in operations.values()} == times
    assert all(parameter.grad is not None for parameter in operations.values())


def test_two_inputs_share_storage_and_a_stride_changes_nothing() -> None:
    """In the reduction cell h is read at stride 2, block 0 at stride 1."""
    supernet, released = made(Task(5, 8, 3)), MICRO.architecture("released")
    weight = "cells.1.blocks.1.left.0.depthwise_1.weight"
    tensors = []
    for read in ("h", "h_prev", "block_0"):
        path = reading(released, reduce_1_input_1=read, reduce_1_op_1="sep_5x5")
        tensors.append(supernet.shared(path)[weight])
    assert tensors[0] is tensors[1] is tensors[2]
    apart = MICRO.supernet(Size(1, 4, skeleton="cifar"), Task(5, 8, 3))
    own = [
        apart.shared(reading(released, reduce_1_input_1=read, reduce_1_op_1="sep_5x5"))[weight]
        for read in ("h", "h_prev")
    ]
    assert own[0] is not own[1]


@pytest.mark.parametrize("name", sorted(OPERATIONS))
@pytest.mark.parametrize(("channels", "pixels"), [(4, 6), (8, 7)])
def test_an_operation_at_any_stride_is_the_operation_of_that_stride(name: str, channels: int, pixels: int) -> None:
    operation = AnyStride(lambda stride: OPERATIONS[name](channels, 4, stride)).double()
    x = torch.randn(2, channels, pixels, pixels, dtype=torch.float64)
    for stride in (1, 2, 1):
        own = OPERATIONS[name](channels, 4, stride).double()
        found = operation.at(stride)
        own.load_state_dict(found.state_dict())
        assert torch.equal(found(x), own(x))
    apart = name in ("identity_factorized", "skip_factorized") or (name == "identity" and channels == 4)
    assert len(operation.operations) == (2 if apart else 1)


@pytest.mark.slow
def test_a_resumed_training_is_the_uninterrupted_one(tmp_path: Path) -> None:
    data = resolve_dataset("digits").load(None, None, False)
    uniform, panel = samplers.make("uniform", MICRO), (MICRO.architecture("released"),)

    def trained(**more: object) -> dict[str, torch.Tensor]:
        network = made(data.task)
        recipe = replace(TINY, epochs=2, train_images=32, batch_size=32, ema_decay=0.9)
        paths = SharedTraining(uniform, 0, panel, PathImages.of(data, CPU, 64, 64), data.val.first(64), data, CPU)
        fit(network, data, recipe, seed=0, device=CPU, paths=paths, **more)  # type: ignore[arg-type]
        return network.state_dict()

    whole, file = trained(), tmp_path / "checkpoint.pt"
    trained(stop_after=1, checkpoint=file)
    resumed = trained(checkpoint=file)
    assert all(torch.equal(value, resumed[name]) for name, value in whole.items())


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (
            {"space": "mbconv"},
            "no choice of what it shares: leave --share inputs out. These have it: enas-micro, nasnet",
        ),
        ({"space": "nasnet", "share": "input"}, "no --share of space 'nasnet' named 'input'. Did you mean 'inputs'"),
        ({"space": "nas-rl"}, "space 'nas-rl' has no supernet"),
    ],
)
def test_spaces_without_the_choice_refuse_it(given: dict[str, str], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        SupernetConfig.of(**{"share": "inputs", **given}).check()
    with pytest.raises(UsageError, match=says):
        SearchConfig.of(**{"share": "inputs", "weight_sharing": "fair", **given}).check()


def test_it_is_for_a_search_that_trains_the_weights() -> None:
    with pytest.raises(UsageError, match="--share is for a search with --weight-sharing"):
        SearchConfig.of(space="nasnet", share="inputs").check()


def test_a_run_says_what_it_shares_and_is_scored_so(tmp_path: Path) -> None:
    run = make_run(tmp_path / "shared", "enas-micro", share="inputs")
    assert SupernetRun.read(run).share == "inputs"
    evaluator_of(run).check()
    path = MICRO.canonical(MICRO.architecture("released"))
    spec = ModelSpec("space:enas-micro", SIZE, DIGITS.task(), architecture=path)
    job = Job(1, 0, 0, spec.key, spec, path)
    found = evaluator_of(run)(job, lambda *_: None)
    supernet = MICRO.supernet(SIZE, DIGITS.task(), share="inputs")
    put_weights(supernet, Path(run) / WEIGHTS)
    data = DIGITS.read()
    own = score_path(supernet, path, PathImages.of(data, CPU, 60, 64), data, CPU)
    assert found["inherited_loss"] == pytest.approx(own.loss, rel=1e-5)
    file = Path(run) / "run.json"
    record = json.loads(file.read_text())
    del record["plan"]["share"]
    file.write_text(json.dumps(record))
    with pytest.raises(UsageError, match="are not those of this network"):
        evaluator_of(run).check()
    record["plan"] |= {"share": "inputs", "source": "space:nasbench201"}
    file.write_text(json.dumps(record))
    with pytest.raises(UsageError, match="trained with --share inputs, and space 'nasbench201' has no such choice"):
        evaluator_of(run).check()


def test_a_resumed_run_keeps_what_it_shares(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = tmp_path / "run"
    given = {"space": "enas-micro", "share": "inputs", "dataset": "digits", "recipe": RECIPE, "cells": 1, "filters": 2}
    config = SupernetConfig.of(**given, check=0, wandb="off", run=str(run))
    result = train_supernet(config, ("nasbench", "supernet"))
    assert result is not None
    assert result.to_json()["share"] == RunStore.read(run).run["plan"]["share"] == "inputs"
    assert "<dt>shared besides</dt><dd>inputs</dd>" in (run / "report.html").read_text()
    resume = ["supernet", "--run", str(run), "--resume", "--trust"]
    assert main([*resume, "--share", "inputs"]) == 0
    assert main([*resume, "--share", "outputs"]) == 2
    assert "--share outputs contradicts the run" in capsys.readouterr().err
