"""Searchers of Ray Tune as strategies."""

from pathlib import Path
from random import Random

import pytest

import nasbench
from nasbench.core.arch import Architecture, Range
from nasbench.core.errors import UsageError
from nasbench.core.registry import strategies
from nasbench.engine.config import RaceConfig, SearchConfig
from nasbench.engine.config.trust import import_paths
from nasbench.testing.strategies import check_strategy
from nasbench.testing.toy import TOY_SPACE, ToySpace, answer, play

TOY = {"space": "nasbench.testing.toy:ToySpace", "evaluator": "unit.made_up:MadeUp", "control": 0, "trackers": ()}


@pytest.mark.parametrize("name", ["BasicVariantGenerator", "OptunaSearch"])
def test_a_searcher_is_a_strategy_by_the_contract(name: str) -> None:
    check_strategy(strategies.get(f"ray:{name}"), num_trials=12)


@pytest.mark.slow
def test_a_resumed_search_proposes_what_an_undisturbed_one_does(tmp_path: Path) -> None:
    asked = {**TOY, "strategy": "ray:OptunaSearch"}
    whole = nasbench.search(**asked, trials=14, run=tmp_path / "whole")
    nasbench.search(**asked, trials=11, run=tmp_path / "parts")
    parts = nasbench.search(run=tmp_path / "parts", resume=True, trials=14, trackers=())
    assert [trial.key for trial in parts.trials] == [trial.key for trial in whole.trials]


def test_what_is_random_says_that_it_is_blind() -> None:
    strategy = strategies.get("ray:BasicVariantGenerator")(TOY_SPACE)
    assert all(trial.note["blind"] for trial in play(strategy, TOY_SPACE, range(1, 6)))
    learning = strategies.get("ray:OptunaSearch")(TOY_SPACE)
    assert not any(trial.note["blind"] for trial in play(learning, TOY_SPACE, range(1, 6)))


class Line(ToySpace):
    """One number between 0 and 1."""

    name, choices = "line", (Range("place", 0.0, 1.0),)

    def canonical(self, architecture: Architecture) -> Architecture:
        return architecture


def test_it_is_told_scores_and_searches_ranges() -> None:
    space, strategy = Line(), strategies.get("ray:OptunaSearch")(Line())
    places = []
    for number in range(1, 41):
        proposal = strategy.ask(number, Random(number), ())
        places.append(float(proposal.architecture.genes["place"]))
        strategy.tell(answer(proposal, space, "ok", -abs(places[-1] - 0.9), seed=0))
    assert sum(place >= 0.8 for place in places[20:]) >= 12  # of 20; 4 by chance


@pytest.mark.parametrize(
    ("strategy", "options", "told"),
    [
        ("ray:OptunaSerch", {}, "no searcher of Ray Tune named 'OptunaSerch'. Did you mean 'OptunaSearch'"),
        ("ray:optuna", {}, "The searcher that Ray calls 'optuna' is ray:OptunaSearch"),
        ("ray:", {}, "no searcher of Ray Tune named ''"),
        ("ray:OptunaSearch", {"startup": 3}, "no argument of Ray Tune's OptunaSearch named 'startup'"),
        ("ray:OptunaSearch", {"metric": "loss"}, "no argument of Ray Tune's OptunaSearch named 'metric'"),
        ("ray:NevergradSearch", {}, "cannot search the space 'toy' with no options: Nevergrad must be installed"),
    ],
)
def test_what_is_no_searcher_is_refused(strategy: str, options: dict[str, object], told: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=told):
        nasbench.search(**TOY, strategy=strategy, strategy_options=options, trials=2, run=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_it_is_no_import_path_that_a_run_must_be_trusted_for() -> None:
    config = SearchConfig.of(strategy="ray:OptunaSearch")
    assert import_paths(config, config.flat()) == []
    assert import_paths(RaceConfig(), {"strategies": ["random,ray:OptunaSearch,ray:BasicVariantGenerator"]}) == []
