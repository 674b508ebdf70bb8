"""What a search scores with may be moved: it goes on where the content is the same, and says what is missing."""

import shutil
from pathlib import Path
from typing import Any

import pytest

import nasbench
from nasbench.cli import main
from nasbench.core.errors import UsageError
from nasbench.core.store import RunStore
from nasbench.engine.config.record import without_place
from unit.supernet_runs import RECIPE, make_run

FEW = {"strategy": "random", "device": "cpu", "score_images": 20, "recalibration_images": 16, "recipe": RECIPE}


def search(run: Path, **given: Any) -> Any:
    return nasbench.search(run=str(run), trackers=(), **given)


def test_a_search_goes_on_with_a_supernet_that_was_moved(tmp_path: Path) -> None:
    supernet, run, elsewhere = make_run(tmp_path / "supernet"), tmp_path / "run", tmp_path / "elsewhere"
    search(run, space="nasbench201", evaluator=f"supernet:{supernet}", trials=2, **FEW)
    shutil.move(supernet, elsewhere)
    with pytest.raises(UsageError, match=r"is not in .*supernet any more. Put it back, or say .* --evaluator supernet"):
        search(run, resume=True, trials=3)
    found = search(run, resume=True, trials=3, evaluator=f"supernet:{elsewhere}")
    assert len(found.trials) == 3
    assert len(search(run, resume=True, trials=4).trials) == 4, "the new place is remembered"


def test_another_supernet_is_refused_by_its_content(tmp_path: Path) -> None:
    run, other = tmp_path / "run", make_run(tmp_path / "other", seed=1)
    search(run, space="nasbench201", evaluator=f"supernet:{make_run(tmp_path / 'supernet')}", trials=1, **FEW)
    with pytest.raises(UsageError, match="began with something else: supernet: its content has changed"):
        search(run, resume=True, trials=2, evaluator=f"supernet:{other}")


def test_a_table_that_was_moved_is_the_same_table(tmp_path: Path) -> None:
    rows = "op_0_1,op_0_2,op_1_2,op_0_3,op_1_3,op_2_3,val_accuracy\n" + "none,none,none,none,none,none,0.5\n"
    (tmp_path / "a.csv").write_text(rows)
    options = {"space": "nasbench201", "evaluator": f"table:{tmp_path / 'a.csv'}", "candidates": "table"}
    search(tmp_path / "run", **options, strategy="random", trials=1)
    (tmp_path / "a.csv").rename(tmp_path / "b.csv")
    found = search(tmp_path / "run", resume=True, trials=2, evaluator=f"table:{tmp_path / 'b.csv'}")
    assert len(found.trials) == 2
    with pytest.raises(UsageError, match=r"--evaluator train contradicts the run in .*, which has table:.*b.csv"):
        search(tmp_path / "run", resume=True, evaluator="train", candidates="space", dataset="digits")
    (tmp_path / "c.csv").write_text(rows.replace("0.5", "0.6"))
    with pytest.raises(UsageError, match="table: its content has changed"):
        search(tmp_path / "run", resume=True, trials=3, evaluator=f"table:{tmp_path / 'c.csv'}")


def test_what_is_no_place_counts() -> None:
    assert without_place("table:a/b.csv#acc=4") == without_place("table:c.csv#acc=4") != without_place("table:c.csv")
    assert without_place("supernet:a") == without_place("supernet:b") != without_place("table:b")
    assert [without_place(name) for name in (None, "train", "proxy:a")] == [None, "train", "proxy:a"]


def test_a_search_whose_shared_weights_are_still_trained_says_how_to_go_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    began = ["nasbench", "search", "--weight-sharing", "fair", "--run", str(tmp_path / "run")]
    make_run(tmp_path / "run-supernet", ended=None, argv=began)
    assert main(["search", "--run", str(tmp_path / "run"), "--resume"]) == 2
    told = capsys.readouterr().err
    assert "has not begun: its shared weights are in" in told
    assert " ".join(began) in told
    with pytest.raises(UsageError, match="has not begun"):
        search(tmp_path / "run", resume=True)


def test_a_supernet_that_lies_beside_its_search_is_found_there(tmp_path: Path) -> None:
    began, moved = tmp_path / "began", tmp_path / "moved"
    began.mkdir()
    options = {"space": "nasbench201", "evaluator": f"supernet:{make_run(began / 'run-supernet')}"}
    search(began / "run", **options, trials=1, **FEW)
    store = RunStore.resume(began / "run")
    store.update(config={**store.run["config"], "weight_sharing": "uniform"})
    store.close()
    began.rename(moved)
    assert len(search(moved / "run", resume=True, trials=2, trust=True).trials) == 2
