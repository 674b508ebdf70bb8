"""benchmarks/proof/short_recipe.py: its commands are read, its recipes are found by name, and the table is complete."""

import sys
from pathlib import Path
from typing import Any

import pytest

from nasbench.cli.parse import parse_run
from nasbench.core.recipe import recipe_named
from nasbench.engine.config import FidelityConfig, SearchConfig

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks" / "proof"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(FOLDER))
    monkeypatch.syspath_prepend(str(FOLDER.parents[1]))
    monkeypatch.delitem(sys.modules, "short_recipe", raising=False)
    import short_recipe

    return short_recipe


def test_the_long_training_is_a_search_that_is_read(script: Any) -> None:
    command, *arguments = script.truth_command()
    config = parse_run(SearchConfig, command, arguments)
    assert (config.trials, config.training.cells, config.training.filters, config.data.image_size) == (60, 1, 8, 16)
    long = recipe_named(config.training.recipe, None)
    short = recipe_named("quick", None)
    assert long.epochs * long.train_images == 32 * short.train_images


def test_each_short_training_is_a_score_that_is_read(script: Any) -> None:
    found = {}
    for name, short in script.SHORT.items():
        command, *arguments = script.score_command(short, "table:nasnet-small-cifar10")
        config = parse_run(FidelityConfig, command, arguments)
        recipe = recipe_named(config.recipe, None)
        found[name] = (
            tuple(config.scores),
            recipe.train_images,
            recipe.val_images,
            recipe.batch_size,
            config.filters,
            config.data.image_size,
        )
    two = ("epochs:2",)
    assert found.pop("quick") == (("epochs:1,epochs:2,epochs:4,epochs:8",), 2048, 1000, 32, 8, 16)
    assert found == {
        "1,024 images": (two, 1024, 1000, 32, 8, 16),
        "4,096 images": (two, 4096, 1000, 32, 8, 16),
        "batches of 64": (two, 2048, 1000, 64, 8, 16),
        "5,000 validation images": (two, 2048, 5000, 32, 8, 16),
        "4 filters": (two, 2048, 1000, 32, 4, 16),
        "16 filters": (two, 2048, 1000, 32, 16, 16),
        "8 pixels": (two, 2048, 1000, 32, 8, 8),
        "32 pixels": (two, 2048, 1000, 32, 8, 32),
    }


def test_the_table_begins_with_what_takes_least(script: Any) -> None:
    measures = {name: [0.5, 0.25, 0.75] for name in script.MEASURES}
    short = [
        {"differs": "quick", "epochs": 2, "seconds": 9.0, **measures},
        {"differs": "8 pixels", "epochs": 2, "seconds": 3.0, **measures},
    ]
    _, _, first, second = script.lines({"short": short})
    interval = "0.50 [0.25, 0.75]"
    assert first == f"| 2 | 8 pixels | 3.0 | {interval} | {interval} | {interval} |"
    assert second == f"| 2 |  | 9.0 | {interval} | {interval} | {interval} |"
