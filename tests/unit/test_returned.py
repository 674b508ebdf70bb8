"""--return: what a search returns where its scores are exact, and where they are noisy."""

import json
from itertools import product
from pathlib import Path
from random import Random

import pytest

import nasbench
from nasbench.core.store import returned_trial
from nasbench.core.trial import Trial
from nasbench.engine.parts.returning import returned_by
from unit.toys import ToySpace, trial


LUCKY = 3


def scored(noise: float, count: int = 27) -> list[Trial]:
    """Networks whose score is the number of their 'c' and 'b', with normal noise; one score lies far too high."""
    drawn, rng = [], Random(0)
    for number, genes in enumerate(list(product("abc", repeat=3))[:count], start=1):
        score = sum("abc".index(gene) for gene in genes[:2]) + rng.gauss(0.0, noise)
        drawn.append(trial(number, genes="".join(genes), score=score + (6.0 if noise and number == LUCKY else 0.0)))
    return drawn


def test_exact_scores_return_the_best_seen() -> None:
    found = returned_by("auto", ToySpace(), scored(0.0))
    assert found is not None
    assert (found.by, found.noise < 0.2) == ("seen", True)
    assert found.ranked[0] == found.seen


def test_a_lucky_score_is_not_returned_where_scores_are_noisy() -> None:
    found = returned_by("auto", ToySpace(), scored(1.0))
    assert found is not None
    assert found.seen.number == LUCKY
    assert found.by == "posterior"
    assert "".join(found.ranked[0].genes.values())[:2] in ("cc", "bc", "cb")
    assert f"trial {found.ranked[0].number} has the highest posterior mean" in found.sentence


def test_without_enough_networks_the_best_seen_is_returned() -> None:
    assert returned_by("posterior", ToySpace(), scored(1.0, count=19)) is None
    assert returned_by("seen", ToySpace(), scored(1.0)) is None


def test_the_record_says_which_trial_a_run_returns() -> None:
    trials = scored(0.0)
    assert returned_trial({}, trials) == trials[24], "the first of the best"
    assert returned_trial({"returned": {"number": 3}}, trials) == trials[2]
    longer = trial(40, epochs=5, score=0.1)
    assert returned_trial({"returned": {"number": 3}}, [*trials, longer]) == longer


def test_a_search_writes_what_it_returns(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nasbench.engine.parts.returning.FEWEST", 18)  # so many networks the space has
    table = tmp_path / "noisy.csv"
    rows = [[*each.genes.values(), str(each.score)] for each in scored(0.3)]
    table.write_text("\n".join(map(",".join, [["op_0", "op_1", "op_2", "val_accuracy"], *rows])) + "\n")
    common = {"space": "unit.toys:ToySpace", "evaluator": f"table:{table}", "strategy": "random", "trials": 90}
    result = nasbench.search(**common, return_="posterior", run=str(tmp_path / "run"), wandb="off")  # type: ignore[call-arg, arg-type]
    told = json.loads((tmp_path / "run" / "run.json").read_text())["returned"]
    assert result.best is not None
    assert told["number"] == result.best.number != told["seen"]
    assert json.loads((tmp_path / "run" / "best" / "metrics.json").read_text())["number"] == told["number"]
    assert nasbench.open_run(tmp_path / "run").best == result.best
    assert "highest posterior mean" in (tmp_path / "run" / "report.html").read_text()
    assert "highest posterior mean" in capsys.readouterr().err
