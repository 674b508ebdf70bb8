"""TensorBoard, MLflow and CSV: what is logged is read back by their own readers, and is the same in all of them."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import nasbench
from nasbench.core.registry import trackers
from nasbench.testing.trackers import check_tracker

Curves = dict[str, list[tuple[int, float]]]
TOY = {
    "space": "nasbench.testing.toy:ToySpace",
    "strategy": "reinforce",
    "evaluator": "unit.made_up:Reporting",
    "wandb": "off",
    "control": 3,
}


def of_csv(run: Path) -> Curves:
    import pandas

    frame = pandas.read_csv(run / "series.csv")
    return {name: list(zip(rows["step"], rows["value"], strict=True)) for name, rows in frame.groupby("name")}


def of_tensorboard(run: Path) -> Curves:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

        events = EventAccumulator(str(run / "tensorboard"))
        events.Reload()
    return {name: [(each.step, each.value) for each in events.Scalars(name)] for name in events.Tags()["scalars"]}


def of_mlflow(run: Path) -> Curves:
    from mlflow.tracking import MlflowClient

    client, name = MlflowClient(), (run / "mlflow-id").read_text().strip()
    found = client.get_run(name)
    assert found.info.status == "FINISHED"
    assert found.data.params["space"] == TOY["space"]
    metrics = {each: client.get_metric_history(name, each) for each in found.data.metrics}
    return {name: sorted((each.step, each.value) for each in history) for name, history in metrics.items()}


READERS: dict[str, Callable[[Path], Curves]] = {"csv": of_csv, "tensorboard": of_tensorboard, "mlflow": of_mlflow}


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", (tmp_path / "mlruns").as_uri())
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")


@pytest.mark.parametrize("name", READERS)
def test_a_tracker_keeps_the_contract(name: str) -> None:
    check_tracker(trackers.get(name))


def test_a_search_is_read_back_and_is_the_same_everywhere(tmp_path: Path) -> None:
    run = tmp_path / "run"
    asked: dict[str, Any] = {**TOY, "track": list(READERS), "run": run}
    first = nasbench.search(**asked, trials=6)
    found = nasbench.search(run=run, resume=True, trials=9)
    scored = [trial for trial in found.trials if not trial.note.get("control")]
    read = {name: reader(run) for name, reader in READERS.items()}
    assert read["csv"].keys() == read["tensorboard"].keys()
    assert (len(first.trials), len(found.trials)) == (9, 12)
    for name, curves in read.items():
        numbers = {trial.number: index for index, trial in enumerate(found.trials, start=1)}
        expected = [(numbers[trial.number], pytest.approx(trial.score)) for trial in scored]
        assert curves["score"] == expected, name
        assert curves["best_so_far"][-1][1] == pytest.approx(max(trial.score for trial in scored))
        assert [step for step, _ in curves["seconds"]] == list(range(1, 13)), name
        assert "random_expected_best" in curves
        assert "controller/entropy" in curves
        assert any(curve.startswith("share/") for curve in curves)


@pytest.mark.parametrize("name", READERS)
def test_the_curves_of_a_training_are_by_its_epochs(name: str, tmp_path: Path) -> None:
    asked = {"dataset": "digits", "recipe": "quick", "epochs": 2, "wandb": "off", "trained_dir": str(tmp_path / "t")}
    nasbench.train("zoo:lenet5", **asked, track=[name], run=tmp_path / "run")
    curves = of_mlflow_training(tmp_path) if name == "mlflow" else READERS[name](tmp_path / "run")
    lenet = "zoo_lenet5" if name == "tensorboard" else "zoo:lenet5"  # TensorBoard's names have no colon
    accuracy = curves[f"{lenet}/seed0/val_accuracy"]
    assert [step for step, _ in accuracy] == [1, 2]
    assert all(0.0 <= value <= 1.0 for _, value in accuracy)


def of_mlflow_training(tmp_path: Path) -> Curves:
    from mlflow.tracking import MlflowClient

    name = (tmp_path / "run" / "mlflow-id").read_text().strip()
    history = MlflowClient().get_metric_history(name, "zoo:lenet5/seed0/val_accuracy")
    return {"zoo:lenet5/seed0/val_accuracy": sorted((each.step, each.value) for each in history)}


def test_a_run_that_began_without_a_tracker_is_written_whole(tmp_path: Path) -> None:
    run = tmp_path / "run"
    nasbench.search(**TOY, trials=4, run=run)
    nasbench.search(run=run, resume=True, trials=6, track=["csv"])
    assert [step for step, _ in of_csv(run)["seconds"]] == list(range(1, 10))
