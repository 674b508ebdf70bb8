"""The examples are plug-ins that work: they pass the contract suites, and a search runs with them."""

from pathlib import Path

import pytest

import nasbench
from nasbench.core.spec import Size, Task
from nasbench.testing import check_dataset, check_space, check_strategy

EXAMPLES = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _examples_are_importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(EXAMPLES))


def test_the_space_of_ones_own() -> None:
    from examples.toy_space import ToySpace

    check_space(ToySpace(), Size(), Task(10, 8, 1))


def test_the_strategy_of_ones_own() -> None:
    from examples.hill_climbing import HillClimbing

    check_strategy(HillClimbing)


def test_the_data_set_of_ones_own() -> None:
    from examples.shapes_dataset import Shapes

    check_dataset(Shapes())


def test_a_search_by_import_paths_alone(tmp_path: Path) -> None:
    result = nasbench.search(
        space="examples.toy_space:ToySpace",
        strategy="examples.hill_climbing:HillClimbing",
        strategy_options=("start=2",),
        dataset="examples.shapes_dataset:Shapes",
        recipe="quick",
        trials=5,
        wandb="off",
        run=str(tmp_path / "run"),
        trackers=(),
    )
    assert len(result.trials) == 5
    assert result.best is not None
    assert (result.best.score or 0.0) > 1 / 3, "better than chance over three shapes"
    assert [trial.note.get("blind") for trial in result.trials] == [True, True, None, None, None]
