"""The commands of benchmarks/proof: each is one that `nasbench` reads."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from nasbench.cli import main
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


@pytest.mark.parametrize("scale", ["full", "gpu", "tiny"])
def test_searches_are_read(routes: Any, scale: str) -> None:
    found = {}
    for name in (*routes.ROUTES, routes.SHARING):
        command, *arguments = routes.search_command(name, routes.SCALES[scale])
        assert command == "search"
        presets = defaults_of(parse(SearchConfig, "search", arguments)) if name == routes.SHARING else None
        found[name] = parse_run(SearchConfig, "search", arguments, presets)
    assert {config.space for config in found.values()} == {"nasnet"}
    assert found["sharing"].sharing.weight_sharing == "fair"
    assert found["sharing"].trials == routes.SCALES[scale].scored
    assert {config.trials for name, config in found.items() if name != "sharing"} == {max(routes.SCALES[scale].budgets)}


@pytest.mark.parametrize("scale", ["full", "gpu", "tiny"])
def test_final_trainings_are_read(routes: Any, scale: str) -> None:
    for models, of_cells in ((routes.PUBLISHED, True), (("a.json", "b.json"), False)):
        command, *arguments = routes.final_command(models, routes.SCALES[scale], of_cells)
        config = parse_run(CompareConfig, command, arguments, positional="models")
        assert config.models == models
        assert (config.training.cells == routes.CELLS) == of_cells


def test_hand_designed_networks_are_scaled(routes: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for base in routes.DESIGNED:
        file = tmp_path / f"{base}.json"
        assert main(routes.scale_command(base, 13_000_000, 32, str(file))) == 0, capsys.readouterr().err
        made = json.loads(file.read_text())
        assert (made["base"], made["dropout"] or 0, made["drop_path"] or 0) == (base, 0, 0)


def test_the_size_of_published_cells_is_that_of_the_children(routes: Any) -> None:
    from nasbench.core.recipe import recipe_named

    quick = recipe_named("quick", None)
    assert (quick.cells, quick.filters) == (routes.CELLS, routes.FILTERS)


def test_the_best_are_returned_each_network_once(routes: Any) -> None:
    scores = [("a", 0.1), ("b", 0.9), ("b", 0.8), ("c", 0.9), ("d", None), ("e", 1.0)]
    children = [routes.Child(number, key, score, 0, 0) for number, (key, score) in enumerate(scores, start=1)]
    assert [child.number for child in routes.returned(children, 5, 3)] == [2, 4, 1]
    assert [child.number for child in routes.unselected(children, 2)] == [1, 2]


def test_what_was_run_elsewhere_stays_in_the_record(routes: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(FOLDER))
    monkeypatch.delitem(sys.modules, "proof", raising=False)
    from proof import merged

    nothing: dict[str, dict[str, Any]] = {"published": {}, "designed": {}}
    before = {
        "machine": {"processor": "a"},
        "searches": {"random": [1], "ppo": [2]},
        "networks": nothing,
        "finals": {"a": {"0": 0.5}},
    }
    found = {
        "machines": [{"processor": "b"}],
        "checks": [[0.1, 0.2]],
        "searches": {"ppo": [3], "predictor": [4]},
        "networks": {**nothing, "published": {"c": {"name": "c"}}},
        "finals": {"a": {"1": 0.6}, "c": {"0": 0.7}},
    }
    whole = merged(before, found)
    assert whole["searches"] == {"random": [1], "ppo": [3], "predictor": [4]}
    assert whole["finals"] == {"a": {"0": 0.5, "1": 0.6}, "c": {"0": 0.7}}
    assert whole["networks"] == {"published": {"c": {"name": "c"}}, "designed": {}}
    assert merged(whole, {**found, "checks": []})["checks"] == [[0.1, 0.2]]
    assert whole["machines"] == [{"processor": "a"}, {"processor": "b"}]
    again = merged(whole, {**found, "networks": {**nothing, "published": {"d": {"name": "c"}}}})
    assert again["networks"]["published"] == {"d": {"name": "c"}}
    assert merged({}, found) == found
    assert merged(whole, found)["machines"] == whole["machines"]


def test_two_scales_are_not_put_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(str(FOLDER))
    monkeypatch.delitem(sys.modules, "proof", raising=False)
    import proof

    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr(proof, "call", lambda *words: asked.append(words))
    (tmp_path / "proof.json").write_text('{"scale": "tiny"}')
    with pytest.raises(SystemExit):
        proof.main(["run", "--scale", "gpu", "--routes", "random", "--runs", str(tmp_path)])
    assert "is of --scale tiny" in capsys.readouterr().err
    assert not asked


def test_what_children_say_is_told(routes: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(FOLDER))
    for name in ("searches", "verdicts"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    from searches import of_both, of_checks, told

    assert list(of_checks([[-2.2, 0.3], [-2.1, 0.4], [-2.3, 0.2]])) == [
        "the check of shared weights: Kendall's tau with own trainings +1.00 (p 0.333, 3 cells)"
    ]
    assert not list(of_checks([]))
    same = [routes.Child(number, f"0.3-{number}", -number / 10, 0, 0) for number in (1, 2, 3)]

    def children(offset: float) -> list[Any]:
        return [routes.Child(n, f"{offset}-{n}", offset + n % 20 / 1000, 0, 0) for n in range(1, 61)]

    assert list(of_both({"random": children(0.3), "sharing": same})) == [
        "shared weights, of random search's children: Kendall's tau with own trainings -1.00 (p 0.333, 3 cells)",
        "the tenth that shared weights score best: 30.1 % by themselves, all 30.2 %",
    ]
    assert not list(of_both({"random": children(0.3)}))
    searches = {"random": children(0.3), "ppo": children(0.4), "sharing": [routes.Child(1, "s", -2.2, 0, 0)]}
    finals = {f"0.4-{number}": {"0": 0.5 + number / 100} for number in (7, 1, 2)}
    lines = list(told(searches, [], finals))
    assert lines[0] == "random: validation accuracy of each 60 children 30.9 %"
    assert "ppo minus random, all children: +10.0 points, 95 % interval +10.0 to +10.0 over blocks of 20" in lines
    assert lines[-1].startswith("all that were trained anew: rank correlation of score and final training ")
    assert not [line for line in lines if line.startswith("sharing")]
