"""The commands of benchmarks/proof: each is one that `nasbench` reads, at full and at tiny scale."""

import sys
from pathlib import Path
from typing import Any

import pytest

from nasbench.cli.parse import parse, parse_run
from nasbench.engine.config import CompareConfig, SearchConfig
from nasbench.engine.config.presets import defaults_of

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks" / "proof"


@pytest.fixture(scope="module")
def routes() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(FOLDER))
        sys.modules.pop("routes", None)
        import routes

        yield routes
        sys.modules.pop("routes", None)


@pytest.mark.parametrize("scale", ["full", "tiny"])
def test_searches_are_read(routes: Any, scale: str) -> None:
    found = {}
    for name in (*routes.ROUTES, routes.SHARING):
        command, *arguments = routes.search_command(name, routes.SCALES[scale])
        assert command == "search"
        presets = defaults_of(parse(SearchConfig, "search", arguments)) if name == routes.SHARING else None
        found[name] = parse_run(SearchConfig, "search", arguments, presets)
    assert {config.space for config in found.values()} == {"nasnet"}
    assert found["sharing"].sharing.weight_sharing == "uniform"
    assert found["sharing"].trials == routes.SCALES[scale].scored
    assert {config.trials for name, config in found.items() if name != "sharing"} == {max(routes.SCALES[scale].budgets)}


@pytest.mark.parametrize("scale", ["full", "tiny"])
def test_final_trainings_are_read(routes: Any, scale: str) -> None:
    for models, of_cells in ((routes.PUBLISHED, True), (routes.DESIGNED, False)):
        command, *arguments = routes.final_command(models, routes.SCALES[scale], of_cells)
        config = parse_run(CompareConfig, command, arguments, positional="models")
        assert config.models == models
        assert (config.training.cells == routes.CELLS) == of_cells


def test_the_size_of_published_cells_is_that_of_the_children(routes: Any) -> None:
    from nasbench.core.recipe import recipe_named

    quick = recipe_named("quick", None)
    assert (quick.cells, quick.filters) == (routes.CELLS, routes.FILTERS)


def test_the_best_are_returned_each_network_once(routes: Any) -> None:
    scores = [("a", 0.1), ("b", 0.9), ("b", 0.8), ("c", 0.9), ("d", None), ("e", 1.0)]
    children = [routes.Child(number, key, score, 0, 0) for number, (key, score) in enumerate(scores, start=1)]
    assert [child.number for child in routes.returned(children, 5, 3)] == [2, 4, 1]
    assert [child.number for child in routes.unselected(children, 2)] == [1, 2]
