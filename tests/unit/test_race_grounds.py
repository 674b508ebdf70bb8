"""Races on several tables at once, and on evaluators that are no table."""

import json
import re
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from nasbench.cli import main
from nasbench.cli.race import print_races
from nasbench.core.arch import Architecture
from nasbench.core.errors import TrialFailed
from nasbench.core.store import RunStore
from nasbench.engine.config import RaceConfig
from nasbench.engine.race.command import run_race
from nasbench.engine.race.repetition import Repetitions
from nasbench.engine.run.dashboard.told import text_of_run
from nasbench.report.race.results import Summary
from unit.toys import ToySpace

SPACE = "unit.toys:ToySpace"
asked: list[str] = []


class Counts:
    """Scores a network by the number of its 'c', and cannot evaluate one of them."""

    def __call__(self, job: Any, report: Any) -> dict[str, float]:
        asked.append(job.key)
        genes = "".join(job.architecture.genes.values())
        if genes == "cba":
            raise TrialFailed("this one cannot be built")
        return {"val_accuracy": genes.count("c") / 4, "size": len(genes)}

    def check(self) -> None: ...

    def task(self) -> Any:
        from nasbench.core.spec import Task

        return Task()


EVALUATOR = "unit.test_race_grounds:Counts"


def write_table(path: Path, rows: int = 27, sign: int = 1) -> str:
    """Made-up results of the first rows; with a card that says what they are."""
    names = [choice.name for choice in ToySpace().choices]
    lines = [",".join([*names, "acc", "test"])]
    for genes in list(product("abc", repeat=3))[:rows]:
        score = sign * sum("abc".index(gene) * (place + 1) for place, gene in enumerate(genes))
        lines.append(",".join([*genes, str(score), str(score / 2)]))
    path.write_text("\n".join(lines) + "\n")
    card = {"score_column": "acc", "report_columns": ["test"], "data": "made-up images", "made_by": "a test"}
    path.with_name(f"{path.stem}.card.json").write_text(json.dumps(card))
    return f"table:{path}"


def config(evaluator: str, tmp_path: Path, **more: Any) -> RaceConfig:
    common = {"space": SPACE, "strategies": ("random", "local_search"), "seeds": 2, "trials": 6}
    return RaceConfig.of(**{**common, "evaluator": evaluator, "run": str(tmp_path / "run"), **more})


def steps(config: RaceConfig, tmp_path: Path) -> list[Any]:
    """The path of each repetition, run here without a report."""
    repetitions = Repetitions(config, tmp_path)
    repetitions.check()
    return [repetitions(job, lambda *_: None)["steps"] for job in repetitions.jobs()]


def test_several_tables_are_several_races(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, other = write_table(tmp_path / "one.csv"), write_table(tmp_path / "other.csv", sign=-(10**9))
    result = run_race(config(f"{one},{other}", tmp_path, strategies=("random",), trials=3), ())
    assert [race.on for race in result.races] == [one, other]
    assert [race.optimum for race in result.races] == [{"acc": 12, "test": 6}, {"acc": 0, "test": 0}]
    alone = steps(config(other, tmp_path, strategies=("random",), trials=3), tmp_path)
    assert [[each.values[0] for each in found.steps] for found in result.races[1].repetitions] == [
        [values[0] for _, _, values in path] for path in alone
    ]
    assert [each["on"] for each in result.to_json()["races"]] == [one, other]
    capsys.readouterr()
    print_races(result)
    printed = capsys.readouterr().out
    assert printed.count(" random ") == 2
    assert "…" not in printed
    page = result.report().read_text()
    assert "made-up images" in page
    assert "Over all" in page
    assert {"regret.svg", "2_regret.svg"} <= {file.name for file in result.run.iterdir()}


def test_each_table_has_its_own_score(tmp_path: Path) -> None:
    tables = [write_table(tmp_path / f"{name}.csv") for name in ("one", "two")]
    card = {"score_column": "test", "report_columns": ["acc"], "data": "made-up images", "made_by": "a test"}
    (tmp_path / "two.card.json").write_text(json.dumps(card))
    run_race(config(",".join(tables), tmp_path), ())
    trials = RunStore.read(tmp_path / "run").trials
    assert len(trials) == 8
    for trial in trials:
        assert trial.score == trial.metrics["test" if "two" in trial.note["on"] else "acc"]


def test_an_evaluator_is_asked_once_about_each_network(tmp_path: Path) -> None:
    asked.clear()
    found = steps(config(EVALUATOR, tmp_path, trials=30, report_columns=("size",)), tmp_path)
    assert len(asked) == len(set(asked)) <= 18, "two options of the last decision are the same network"
    assert all(values[1] == 3 for path in found for _, _, values in path)
    assert max(values[0] for path in found for _, _, values in path) == 0.75
    asked.clear()
    answers = next((tmp_path / "answers" / "1").iterdir())
    answers.write_text(answers.read_text() + '{"key": "torn')
    assert steps(config(EVALUATOR, tmp_path, trials=30, report_columns=("size",)), tmp_path) == found
    assert asked == [], "what is known is not asked again"


def test_the_rows_of_a_table_have_a_best(tmp_path: Path) -> None:
    ground = Repetitions(config(write_table(tmp_path / "part.csv", rows=22), tmp_path, candidates="table")).grounds[0]
    assert ground.optimum() == {"acc": 11, "test": 5.5}
    assert "becomes the nearest row" in ground.told()


def test_a_surrogate_answers_for_rows_that_are_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nasbench.evaluators.surrogate.TREES", 10)
    part = write_table(tmp_path / "part.csv", rows=22)
    ground = Repetitions(config(part, tmp_path, candidates="surrogate")).grounds[0]
    ground.check()
    assert ground.optimum() is None
    assert "a surrogate fitted to 22 rows" in ground.told()
    known = ground.row(Architecture.of("toy", {"op_0": "b", "op_1": "c", "op_2": "c"}))
    missing = ground.row(Architecture.of("toy", {"op_0": "c", "op_1": "c", "op_2": "c"}))
    assert known == {"acc": 11, "test": 5.5}
    assert missing["predicted"] == 1
    assert 9 < missing["acc"] < 13, "12 in truth"
    other = Repetitions(config(part, tmp_path, candidates="space")).grounds[0]
    assert other.identity() != ground.identity()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--trials", "3", "--evaluator", "proxy:params,proxy:params"], "'proxy:params' twice"),
        (["--trials", "3", "--evaluator", "proxy:params,prox:macs"], "Did you mean 'proxy:macs'"),
        (["--time-budget", "3", "--evaluator", "proxy:params"], "proxy:params has none: give --trials N"),
        (["--trials", "3", "--evaluator", "proxy:params", "--candidates", "table"], "--candidates table is for"),
        (["--trials", "3", "--dataset", "digits"], "--dataset means nothing to a table"),
        (["--trials", "3", "--evaluator", "proxy:params", "--epochs", "2"], "--epochs means nothing to a score"),
        (["--trials", "3", "--space", SPACE, "--evaluator", EVALUATOR, "--score-column", "acc"], "returned no metric"),
    ],
)
def test_bad_input(
    arguments: list[str],
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["race", *arguments]) == 2
    assert told in " ".join(capsys.readouterr().err.split())


def test_a_card_may_name_no_import_path(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = write_table(tmp_path / "one.csv")
    (tmp_path / "one.card.json").write_text('{"space": "my_package.my_module:MySpace"}')
    assert main(["race", "--trials", "3", "--evaluator", table]) == 2
    assert "by an import path" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ([830138.0, 830140.5], "830,139 ± 2"),
        ([7.5e6], "7,500,000"),
        ([93.123, 93.125], "93.12 ± 0.00"),
        ([0.93, 0.95], "0.9400 ± 0.0141"),
    ],
)
def test_a_mean_is_shown_as_what_it_is_of(values: list[float], told: str) -> None:
    assert str(Summary.of(values)) == told


def test_wandb_is_told_in_a_sentence_who_is_best_and_at_what(tmp_path: Path) -> None:
    first = write_table(tmp_path / "first.csv")
    run_race(config(first, tmp_path), ())
    (told,) = text_of_run(RunStore.read(tmp_path / "run"), "abc").verdict
    assert re.fullmatch(
        r"Of 2 strategies, \w+ returned the architectures with the highest mean test: [0-9.]+ ± [0-9.]+\.", told
    )
    both = config(f"{first},{write_table(tmp_path / 'second.csv', sign=-1)}", tmp_path, run=str(tmp_path / "two"))
    run_race(both, ())
    told, other = text_of_run(RunStore.read(tmp_path / "two"), "abc").verdict
    assert "highest mean test on table:" in told
    assert "highest mean test on table:" in other
