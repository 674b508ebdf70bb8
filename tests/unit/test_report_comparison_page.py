"""The report of a comparison: plots, checklist, page; and the rows as they are read from the run."""

import re
from dataclasses import asdict, replace
from itertools import combinations, count
from pathlib import Path
from random import Random
from xml.etree import ElementTree

import pytest

from nasbench.core.store import RunStore
from nasbench.engine.opened.report import write_report
from nasbench.report.comparison.checklist import checklist
from nasbench.report.comparison.page import render
from nasbench.report.comparison.plots import COSTS, MOST_LABELS, accuracy_against, figures, marks, short_name
from nasbench.report.comparison.rows import Row, rows_of
from nasbench.train.recipes import QUICK
from unit.embedded import without_scripts
from unit.test_report_comparison import drawn, row, usual
from unit.test_report_html import EVIL, Page
from unit.toys import trial


def crowd(many: int) -> list[Row]:
    rng = Random(2)
    kinds = ("found", "random", "baseline", "ensemble")
    made = []
    for number in range(many):
        accuracies = tuple(rng.gauss(0.9 + 0.002 * number, 0.01) for _ in range(3))
        made.append(
            row(
                f"zoo:network_{number}",
                kinds[number % 4],
                accuracies,
                round(10 ** rng.uniform(5, 9)),
                round(10 ** rng.uniform(4, 8)),
            )
        )
    return made


@pytest.mark.parametrize("rows", [usual(3), usual(5), crowd(20)], ids=["three seeds", "five seeds", "twenty models"])
@pytest.mark.parametrize(("cost", "text"), COSTS)
def test_every_model_is_labelled_and_no_label_covers_another_or_a_mark(rows, cost, text):
    _, anchors, placed = accuracy_against(marks(rows, cost), text)
    assert sorted(label.index for label in placed) == list(range(len(rows)))
    for first, second in combinations(placed, 2):
        assert not first.box.meets(second.box), (anchors[first.index].text, anchors[second.index].text)
    for label in placed:
        assert not any(
            label.box.left < a.x < label.box.right and label.box.bottom < a.y < label.box.top for a in anchors
        )


def test_of_a_crowd_the_best_are_labelled() -> None:
    """All of a hundred labels took minutes to place, and covered the plot."""
    rows = crowd(80)
    shown = marks(rows, "macs")
    _, _, placed = accuracy_against(shown, "macs")
    best = sorted(range(80), key=lambda index: (shown[index].source != "found", -shown[index].accuracy))
    assert set(best[:MOST_LABELS]) <= {label.index for label in placed}
    told = "others where there is room; the table has all"
    assert told in render({}, rows, [], figures(rows))
    assert told not in render({}, rows[:MOST_LABELS], [], figures(rows[:MOST_LABELS]))


@pytest.mark.parametrize(
    ("rows", "names"),
    [
        ([], set()),
        ([row("a", "found", (0.9,))], {"macs", "params"}),
        ([row("a", "found", (0.9, 0.9)), row("b", "baseline", (0.9, 0.9))], {"macs", "params"}),
        ([row("a", "found", (0.9, 0.8), macs=None), row("b", "baseline", (0.9, 0.8), macs=0)], {"params"}),
        ([row("a", "found", ())], set()),
        ([row("a", "random", (1.0,) * 5), row("b", "ensemble", (0.0,) * 5)], {"macs", "params"}),
    ],
)
def test_few_rows_have_plots_too(rows, names):
    made = figures(rows)
    assert set(made) == {f"accuracy_against_{name}.svg" for name in names}
    for svg in made.values():
        ElementTree.fromstring(svg)


def test_names_as_labels():
    assert short_name("zoo:resnet20") == "resnet20"
    assert short_name("space:nasnet:nasnet-a") == "nasnet-a"
    assert short_name("runs/x/") == short_name("runs/x/best/architecture.json") == "x"
    assert len(short_name("y" * 60)) <= 26


RUN = {
    "command": "compare",
    "config": {"dataset": "digits", "recipe": "quick", "seeds": 5, "controls": 3, "workers": 2},
    "argv": ["nasbench", "compare", EVIL],
    "seed": 0,
    "git_commit": "abc1234",
    "versions": {"python": "3.11", "nasbench": "0.1.0"},
    "hardware": {"cpu": "some", "gpus": []},
    "started": "2026-01-01T00:00:00+00:00",
    "ended": "2026-01-01T01:00:00+00:00",
    "plan": {"recipe": asdict(QUICK)},
    "seconds": 1234.0,
}
SEARCH = {
    "config": {"space": "nasnet", "strategy": "ppo", "strategy_options": [], "evaluator": "train"},
    "seed": 4,
    "trials": 24,
    "seconds": 90.0,
}


def answers(run: dict, rows: list[Row]) -> dict[str, str]:
    return {item.practice: item.answer for item in checklist(run, rows)}


def test_the_checklist_has_its_sixteen_items_in_three_groups():
    items = checklist(RUN, usual())
    groups = [item.group for item in items]
    assert [groups.count(group) for group in dict.fromkeys(groups)] == [5, 8, 3]
    assert all(item.evidence.endswith(".") for item in items)


def test_the_checklist_claims_only_what_the_record_holds():
    nothing = checklist({}, usual())
    assert "yes" not in {item.answer for item in nothing if "protocol" not in item.practice}
    assert {item.answer for item in checklist({}, [])} <= {"no", "partly", "not applicable"}
    full = answers({**RUN, "searches": [SEARCH]}, usual())
    assert full["The hyperparameters of the final training, and its seeds"] == "yes"
    assert full["The hyperparameters of the search method, and its seeds"] == "yes"
    assert full["A comparison with random search"] == "partly", "random sampling is not random search"
    assert full["Several runs, with their seeds"] == "partly", "one search"
    assert full["The whole set-up"] == "yes"
    assert full["Confounders held equal: hardware, library versions, running time"] == "partly"
    assert (
        answers({**RUN, "searches": [SEARCH, {**SEARCH, "seed": 5}]}, usual())["Several runs, with their seeds"]
        == "yes"
    )
    lonely = {**RUN, "reused": 0, "config": {**RUN["config"], "workers": 0}}
    assert answers(lonely, usual())["Confounders held equal: hardware, library versions, running time"] == "yes"
    own = {**RUN, "searches": [{**SEARCH, "config": {**SEARCH["config"], "space": "mine.space:Space"}}]}
    assert answers(own, usual())["The code of the search space"] == "no"


def test_the_checklist_follows_the_rows():
    rows = usual()
    assert answers(RUN, [one for one in rows if one.source != "random"])["A comparison with random search"] == "no"
    no_search = answers(RUN, [one for one in rows if one.source == "baseline"])
    assert sum(answer == "not applicable" for answer in no_search.values()) == 8
    assert no_search["Several runs, with their seeds"] == "yes"
    assert answers(RUN, usual(1))["Several runs, with their seeds"] == "no"
    ragged = [*rows[:-1], replace(rows[-1], seeds=(0,), accuracies=(0.9,))]
    assert answers(RUN, ragged)["The same evaluation protocol for all"] == "partly"


def stored(directory: Path, run: dict, rows: list[Row], failures: list[tuple[str, int, str]]) -> RunStore:
    """A run from which these rows are read back; failures are (model, seed, why)."""
    alone = [one for one in rows if one.source != "ensemble"]
    plan = {"sources": {one.model: one.source for one in alone}, "networks": {}, "searches": run.get("searches", [])}
    store = RunStore.create(directory, {**run, "plan": {**run.get("plan", {}), **plan}})
    numbers = count(1)
    for one in alone:
        costs = {"params": one.params, "macs": one.macs, "images_per_second": one.images_per_second}
        for seed, value in zip(one.seeds, one.accuracies, strict=True):
            metrics = {
                **costs,
                "val_accuracy": value,
                "test_accuracy": value,
                "train_seconds": 2.0,
                "reused": seed == 1,
            }
            store.append(trial(next(numbers), score=value, name=one.model, seed=seed, metrics=metrics))
    for model, seed, why in failures:
        store.append(trial(next(numbers), "failed", None, name=model, seed=seed, metrics={}, error=why))
    for one in (one for one in rows if one.source == "ensemble"):
        record = {"models": 2, "params": one.params, "macs": one.macs}
        store.update(ensemble={**record, "seeds": list(one.seeds), "accuracies": list(one.accuracies)})
    store.close()
    return store


def test_the_rows_are_read_from_the_run_alone(tmp_path):
    ensemble = replace(drawn("ensemble of 2", "ensemble", 0.99), images_per_second=None)
    rows = [*usual(), row("zoo:never", "baseline", (), None, None), ensemble]
    rows[5] = replace(rows[5], seeds=(0, 1, 3), accuracies=rows[5].accuracies[:3])
    stored(tmp_path, RUN, rows, [("zoo:small", 2, "out of memory"), ("zoo:never", 0, "too large")])
    found = rows_of(RunStore.read(tmp_path))
    assert [one.images_per_second for one in found[:-2]] == [pytest.approx(123.4)] * 8
    assert found[-2] == replace(rows[-2], images_per_second=None)
    assert [replace(one, images_per_second=None) for one in found] == [
        replace(one, images_per_second=None) for one in rows
    ]


def check_page(text: str) -> str:
    """The page is whole and fetches nothing; its texts."""
    page = Page()
    page.feed(text)
    page.close()
    assert page.open == []
    assert all(link.startswith(("#", "data:")) for link in page.links), page.links
    own = without_scripts(text)
    assert "http" not in own.replace("http://www.w3.org/2000/svg", "").replace("http://www.w3.org/1999/xlink", "")
    identifiers = re.findall(r'\sid="([^"]+)"', own)
    assert len(identifiers) == len(set(identifiers))
    read = " ".join(page.texts)
    for wanted in ("Verdict", "Best practices", "Rank nothing across recipes"):
        assert wanted in read, wanted
    return read


@pytest.mark.parametrize(
    ("run", "rows", "failures"),
    [
        ({**RUN, "searches": [SEARCH]}, [*usual(), drawn("ensemble", "ensemble", 0.99, macs=None)], []),
        (RUN, [*usual(3), row(EVIL, "baseline", ())], [(EVIL, 2, "out of memory")]),
        ({}, [row("a", "found", (0.9,))], []),
        ({}, [], [("a", 0, "all of them")]),
    ],
)
def test_the_page_is_whole_and_fetches_nothing(tmp_path, run, rows, failures):
    store = stored(tmp_path, {"command": "compare", **run}, rows, failures)
    written = write_report(store)
    assert written[0] == tmp_path / "report.html"
    assert {path.suffix for path in written[1:]} <= {".svg"}
    text = written[0].read_text(encoding="utf-8")
    read = check_page(text)
    for model, seed, why in failures:
        assert f"{model} seed {seed}: {why}" in read
    if run.get("plan"):
        assert f"digits · recipe quick version {QUICK.version}" in read
        assert "lr_peak" in read
    assert written == write_report(RunStore.read(tmp_path))
    assert written[0].read_text(encoding="utf-8") == text, "the same record gives the same page"


def test_a_record_of_another_form_has_a_page_too():
    run = {"config": None, "plan": [], "searches": 3}
    assert "all of them" in check_page(render(run, [], ["all of them"], {}))
