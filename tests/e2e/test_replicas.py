"""Several processes that train one network come to the numbers of one process with the same batch."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import replicas as driver

from nasbench.core.errors import UsageError
from nasbench.executors.ray_cluster import RayCluster
from nasbench.executors.ray_train import RayTrain
from nasbench.train.checkpoint import load_weights
from nasbench.train.datasets import resolve_dataset
from nasbench.train.replicas import Replicas
from nasbench.train.trainer import evaluate


def read(folder: Path) -> list[dict[str, float]]:
    return json.loads((folder / "curve.json").read_text())


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, float]]:
    folder = tmp_path_factory.mktemp("alone")
    driver.curve(str(folder))
    return read(folder)


def assert_same(found: list[dict[str, float]], expected: list[dict[str, float]]) -> None:
    assert [each["epoch"] for each in found] == list(range(1, driver.STEPS + 1))
    assert expected[-1]["train_loss"] < expected[0]["train_loss"]
    for mine, other in zip(found, expected, strict=True):
        assert mine["train_loss"] == pytest.approx(other["train_loss"], rel=1e-5)
        assert mine["val_loss"] == pytest.approx(other["val_loss"], rel=1e-4)


def test_two_processes_have_the_losses_of_one(tmp_path: Path, alone: list[dict[str, float]]) -> None:
    subprocess.run([sys.executable, driver.__file__, str(tmp_path)], check=True, timeout=180)
    assert_same(read(tmp_path), alone)
    found = json.loads((tmp_path / "normalised.json").read_text())
    network = driver.with_normalisation()
    network.load_state_dict(load_weights(tmp_path / "normalised.safetensors"))
    data = resolve_dataset("digits").load(None, None, False)
    result = evaluate(network, data.val.first(driver.RECIPE.val_images), data, driver.CPU)
    assert (found["val_accuracy"], found["val_loss"]) == (result.accuracy, pytest.approx(result.loss, rel=1e-6)), (
        "all judged one network"
    )


@pytest.mark.slow
def test_two_processes_go_on_within_an_epoch_to_the_last_bit(tmp_path: Path) -> None:
    subprocess.run([sys.executable, driver.__file__, str(tmp_path), "within"], check=True, timeout=600)
    found = [json.loads((tmp_path / f"within-{rank}.json").read_text()) for rank in range(2)]
    assert found[0]["resumed"]["weights"] == found[1]["resumed"]["weights"], "the replicas agree"
    for each in found:
        assert each["died"]["metrics"] is None
        assert each["resumed"]["metrics"] == each["whole"]["metrics"]
        assert each["resumed"]["weights"] == each["whole"]["weights"]
        assert each["resumed"]["steps"] == 4, "of the second epoch's eight steps, those after the fourth"


def test_a_batch_in_parts_has_the_losses_of_a_whole_one(tmp_path: Path, alone: list[dict[str, float]]) -> None:
    driver.curve(str(tmp_path), accumulate=4)
    assert_same(read(tmp_path), alone)


@pytest.mark.slow
def test_two_ray_train_workers_have_the_losses_of_one(tmp_path: Path, alone: list[dict[str, float]]) -> None:
    cluster = RayCluster(2, 0.0, None)
    try:
        RayTrain(cluster, 2, 0.0)(lambda: driver.curve(str(tmp_path)))
    finally:
        cluster.close()
    assert_same(read(tmp_path), alone)


def test_a_batch_that_does_not_fall_into_equal_parts() -> None:
    with pytest.raises(UsageError, match="batches of 63 images do not fall into 4 equal parts; nearest batch size: 64"):
        Replicas(0, 4).check_batch(63)
