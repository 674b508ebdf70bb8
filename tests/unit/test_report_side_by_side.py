"""Searches side by side: their curves, differences with intervals, how configurations differ; what may not stand so."""

import json
import re
from pathlib import Path

import pytest

from nasbench.cli import main
from nasbench.core.errors import UsageError
from nasbench.core.store import RunStore
from nasbench.core.trial import Trial
from nasbench.engine.config import Costs
from nasbench.engine.config.shared import Place, Tracking
from nasbench.engine.opened.report import rebuild_report, report_side_by_side
from nasbench.report.side_by_side.results import (
    NO_SETTING,
    SAME_COSTS,
    differences,
    differing,
    groups_of_seeds,
    named_searches,
    not_comparable,
)
from unit.embedded import embedded, without_scripts
from unit.test_report_html import EVIL
from unit.toys import trial


def search(place: Path, scores: list[float], seed: int = 0, **config: object) -> RunStore:
    settings = {"space": "toy", "strategy": "random", "evaluator": "train", "dataset": "digits", **config, "seed": seed}
    store = RunStore.create(place, {"command": "search", "config": settings, "seed": seed, "plan": {"epochs": 1}})
    for number, score in enumerate(scores, 1):
        store.append(trial(number, score=score, key=f"{number:016x}", seconds=2.0))
    store.append(scored_control(len(scores) + 1))
    store.close()
    return RunStore.read(place)


def scored_control(number: int) -> Trial:
    return trial(number, score=0.99, key=f"{number:016x}", note={"control": True, "blind": True})


LOW, HIGH = [0.1, 0.2, 0.15, 0.3, 0.25], [0.6, 0.5, 0.7, 0.65, 0.8]


def test_curves_are_those_of_the_log(tmp_path: Path) -> None:
    stores = [search(tmp_path / "a", LOW), search(tmp_path / "b" / "a", HIGH, strategy="evolution")]
    one, other = named_searches(stores)
    assert (one.name, other.name) == ("a", "a (2)")
    assert one.curve() == [(1, 0.1), (2, 0.2), (4, 0.3), (5, 0.3)]
    assert one.curve_in_time(simulated=False) == [(2.0, 0.1), (4.0, 0.2), (8.0, 0.3), (10.0, 0.3)]
    assert sorted(other.proposed) == sorted(HIGH), "without the control"
    assert differing([one, other]) == {"strategy": ["random", "evolution"]}
    assert not_comparable([one, other]) == []


def test_where_a_run_lies_and_who_watches_is_no_setting() -> None:
    assert {*Tracking().flat(), *Place().flat()} <= {*NO_SETTING}


@pytest.mark.parametrize(
    ("shared", "setting", "values"),
    [
        ({"reward": "soft-target"}, "reward_options", (["macs=30M"], ["macs=60M"])),
        ({"reward": "hard-target", "reward_options": ["latency=5ms"]}, "latency_threads", (1, 4)),
        ({"target_macs": "30M", "evaluator": "table:t.csv"}, "score_column", ("val_accuracy_12", "val_accuracy_200")),
        ({"evaluator": "supernet:runs/s"}, "score_images", (500, 1000)),
        ({"weight_sharing": "fair"}, "supernet_epochs", (3, 30)),
    ],
)
def test_scores_that_are_made_differently_do_not_compare(
    tmp_path: Path, shared: dict[str, object], setting: str, values: tuple[object, object]
) -> None:
    stores = [search(tmp_path / str(place), LOW, **shared, **{setting: value}) for place, value in enumerate(values)]
    assert not_comparable(named_searches(stores)) == [setting]
    report_side_by_side([store.directory for store in stores], tmp_path / "both")
    page = (tmp_path / "both" / "report.html").read_text(encoding="utf-8")
    assert f"they differ in {setting}." in page
    assert "<h2>Differences" not in page


def test_of_scores_without_costs_the_machine_of_a_limit_is_no_matter(tmp_path: Path) -> None:
    stores = [search(tmp_path / each, LOW, max_latency="20ms", latency_on=each) for each in ("cpu", "onnx")]
    assert not_comparable(named_searches(stores)) == []
    assert {*SAME_COSTS} == {*Costs().flat()}


def test_means_are_compared_by_welch_and_bests_only_over_seeds(tmp_path: Path) -> None:
    stores = [search(tmp_path / f"a{seed}", [each + seed / 100 for each in LOW], seed) for seed in (0, 1, 2)]
    stores += [
        search(tmp_path / f"b{seed}", [each + seed / 100 for each in HIGH], seed, strategy="ppo") for seed in (0, 1)
    ]
    (alone,) = differences(groups_of_seeds(named_searches([stores[0], stores[3]])))
    assert alone.mean is not None
    assert alone.mean[0] == pytest.approx(0.45)
    assert alone.mean[1] < 0.45 < alone.mean[2]
    assert alone.best == pytest.approx(0.5)
    assert alone.best_interval is None
    groups = groups_of_seeds(named_searches(stores))
    assert [len(group.searches) for group in groups] == [3, 2]
    (difference,) = differences(groups)
    assert difference.best == pytest.approx(0.805 - 0.31)
    assert difference.best_interval is not None
    assert difference.best_interval[0] > 0
    assert difference.reading == "better best"


def test_the_page_holds_them_and_no_markup_of_a_users(tmp_path: Path) -> None:
    search(tmp_path / "a", LOW)
    search(tmp_path / "b", HIGH, note=EVIL)
    written = report_side_by_side([tmp_path / "a", tmp_path / "b"], tmp_path / "both")
    assert [path.name for path in written] == ["report.html", "best_so_far.svg"]
    page = written[0].read_text(encoding="utf-8")
    (chart,) = embedded(page, "chart")
    by_trials, by_time = chart["panels"]
    assert by_trials["series"][1]["points"] == [[1, 0.6], [3, 0.7], [5, 0.8]]
    assert by_time["series"][0]["points"][-1] == [10, 0.3]
    own = without_scripts(page)
    assert "Configurations differ in" in own
    assert "<script>alert" not in own
    assert "&lt;/script&gt;" in own


def test_scores_that_do_not_compare_have_no_differences(tmp_path: Path) -> None:
    stores = [search(tmp_path / "a", LOW), search(tmp_path / "b", HIGH, dataset="cifar10", target_macs=5)]
    assert not_comparable(named_searches(stores)) == ["dataset", "target_macs"]
    page = report_side_by_side([tmp_path / "a", tmp_path / "b"], tmp_path / "both")[0].read_text(encoding="utf-8")
    (told,) = re.findall("do not compare: they differ in (.*?)[.]", page)
    assert set(told.split(", ")) == {"dataset", "target_macs", "the score"}
    assert "<h2>Differences" not in page


def test_runs_without_scores_stand_side_by_side(tmp_path: Path) -> None:
    search(tmp_path / "a", [])
    search(tmp_path / "b", [0.5])
    report_side_by_side([tmp_path / "a", tmp_path / "b"], tmp_path / "both")
    assert "<h2>Best networks" in (tmp_path / "both" / "report.html").read_text(encoding="utf-8")


def test_what_cannot_stand_side_by_side_is_one_error(tmp_path: Path) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    search(a, LOW)
    RunStore.create(b, {"command": "train", "config": {}}).close()
    with pytest.raises(UsageError, match=r"'.*b' is a run of nasbench train"):
        report_side_by_side([a, b], tmp_path / "both")
    with pytest.raises(UsageError, match="given twice"):
        report_side_by_side([a, tmp_path / "a" / ".." / "a"], tmp_path / "both")
    with pytest.raises(UsageError, match="is itself a run"):
        report_side_by_side([a, b], b)
    with pytest.raises(UsageError, match="holds no run"):
        report_side_by_side([a, tmp_path / "c"], tmp_path / "both")
    assert not (tmp_path / "both").exists()


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, scores in (("a", LOW), ("b", HIGH)):
        search(tmp_path / name, scores)
    assert main(["report", "a", "b", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {"runs": ["a", "b"], "files": ["side-by-side/report.html", "side-by-side/best_so_far.svg"]}
    assert main(["report", "a", "--json", "--out", "elsewhere"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["run"] == "a"
    assert told["files"][0] == "elsewhere/report.html"
    assert not (tmp_path / "a" / "report.html").exists()
    assert main(["report"]) == 2
    assert rebuild_report(tmp_path / "a")[0] == tmp_path / "a" / "report.html"
