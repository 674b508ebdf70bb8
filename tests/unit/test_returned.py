"""--return: what a search returns where its scores are exact, and where they are noisy."""

import json
from dataclasses import replace
from itertools import product
from pathlib import Path
from random import Random

import pytest

import nasbench
from nasbench.core.arch import Architecture, Choice
from nasbench.core.store import returned_trial
from nasbench.core.trial import Trial
from nasbench.engine.parts.returning import returned_by
from unit.toys import ToySpace, trial

NAMES = tuple(f"op_{index}" for index in range(6))


class LongSpace(ToySpace):
    """Six decisions of three options: 729 networks."""

    name = "long"
    choices = tuple(Choice(name, ("a", "b", "c")) for name in NAMES)

    def canonical(self, architecture: Architecture) -> Architecture:
        return architecture


def scores(noise: float) -> dict[tuple[str, ...], float]:
    """Each network's score: how late its letters are in the alphabet, with normal noise."""
    rng = Random(0)
    return {genes: sum(map("abc".index, genes)) + rng.gauss(0.0, noise) for genes in product("abc", repeat=6)}


def scored(noise: float, count: int = 80) -> list[Trial]:
    """Random networks."""
    known = scores(noise)
    found = []
    for number, genes in enumerate(Random(1).sample(list(known), count), start=1):
        network = Architecture("long", tuple(zip(NAMES, genes, strict=True)))
        found.append(replace(trial(number, score=known[genes]), architecture=network, key=network.key))
    return found


def truth(trial: Trial) -> int:
    return sum(map("abc".index, trial.genes.values()))


def test_exact_scores_return_the_best_seen() -> None:
    found = returned_by("auto", LongSpace(), scored(0.0))
    assert found is not None
    assert found.by == "seen"
    assert found.noise < 0.2
    assert found.ranked[0] == found.seen


def test_a_lucky_score_is_not_returned_where_scores_are_noisy() -> None:
    found = returned_by("auto", LongSpace(), scored(3.0))
    assert found is not None
    assert found.by == "posterior"
    assert truth(found.ranked[0]) > truth(found.seen)
    assert f"trial {found.ranked[0].number} has the highest posterior mean" in found.sentence


def test_without_enough_networks_the_best_seen_is_returned() -> None:
    assert returned_by("posterior", LongSpace(), scored(1.0, count=19)) is None
    assert returned_by("seen", LongSpace(), scored(1.0)) is None


def test_the_record_says_which_trial_a_run_returns() -> None:
    trials = scored(0.0, count=5)
    assert returned_trial({}, trials) == max(trials, key=lambda each: each.score or 0.0)
    assert returned_trial({"returned": {"number": 3}}, trials) == trials[2]
    longer = trial(40, epochs=5, score=0.1)
    assert returned_trial({"returned": {"number": 3}}, [*trials, longer]) == longer


def test_a_search_writes_what_it_returns(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "noisy.csv"
    rows = [[*genes, str(score)] for genes, score in scores(3.0).items()]
    table.write_text("\n".join(map(",".join, [[*NAMES, "val_accuracy"], *rows])) + "\n")
    common = {"space": "unit.test_returned:LongSpace", "evaluator": f"table:{table}", "strategy": "random"}
    result = nasbench.search(**common, trials=60, return_="posterior", run=str(tmp_path / "run"), wandb="off")  # type: ignore[arg-type]
    told = json.loads((tmp_path / "run" / "run.json").read_text())["returned"]
    assert result.best is not None
    assert told["number"] == result.best.number != told["seen"]
    assert json.loads((tmp_path / "run" / "best" / "metrics.json").read_text())["number"] == told["number"]
    assert nasbench.open_run(tmp_path / "run").best == result.best
    assert "highest posterior mean" in (tmp_path / "run" / "report.html").read_text()
    assert "highest posterior mean" in capsys.readouterr().err
