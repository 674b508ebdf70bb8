"""A report in a real browser: cards under the pointer, pinning, series switched off, the filter, paper, a live page."""

import re
from collections.abc import Iterator
from pathlib import Path
from queue import Queue
from random import Random
from threading import Thread
from typing import Any

import pytest
from e2e.drivers.browser import PROGRAM, Browser, browser
from unit.test_report_html import EVIL, store_with
from unit.toys import trial

import nasbench
from nasbench.core.arch import sample
from nasbench.core.registry import spaces
from nasbench.core.spec import Task
from nasbench.core.store import RunStore
from nasbench.engine.opened.report import write_report
from nasbench.engine.opened.watch import LiveReport, serve

pytestmark = [pytest.mark.slow, pytest.mark.skipif(PROGRAM is None, reason="it needs Chromium")]
TRIALS = 60
CARD = "document.getElementById('card')"


@pytest.fixture(scope="module")
def page() -> Iterator[Browser]:
    with browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunStore:
    """Cells of the NASNet space, a control, and a failure whose reason is markup."""
    space = spaces.get("nasnet")()
    trials = []
    for number in range(1, TRIALS):
        drawn = sample(space.name, space.choices, Random(number))
        costs = {"val_accuracy": 0.5, "params": 1000 + 37 * number, "macs": 50_000 * number}
        note = {"blind": number < 11, "control": number > 50}
        score = 0.5 + (number * 37 % 50) / 100
        trials.append(trial(number, score=score, architecture=drawn, key=drawn.key, metrics=costs, note=note))
    trials.append(trial(TRIALS, "failed", None, error=f"<img src=x onerror=alert(1)>{EVIL}", metrics={}))
    plan = {"source": "space:nasnet", "size": vars(space.default_size), "task": vars(Task())}
    store = store_with(tmp_path_factory.mktemp("touch") / "run", trials, plan=plan)
    write_report(store)
    return store


def opened(page: Browser, run: RunStore, **window: Any) -> str:
    page.requests.clear()
    page.complaints.clear()
    address = (run.directory / "report.html").resolve().as_uri()
    page.open(address, **window)
    return address


def place_of(page: Browser, number: int, chart: str = "search_curve") -> tuple[float, float]:
    """Where the dot of a trial lies in the window, scrolled to."""
    found = page.value(
        f"""(() => {{
          const canvas = document.querySelector("#chart-{chart} canvas");
          canvas.scrollIntoView({{ block: "start" }});
          const chart = Chart.getChart(canvas), box = canvas.getBoundingClientRect();
          for (const [place, {{ series }}] of chart.data.datasets.entries()) {{
            const at = (series.trials ?? []).indexOf({number});
            if (at < 0 || !chart.isDatasetVisible(place)) continue;
            const dot = chart.getDatasetMeta(place).data[at];
            return [box.left + dot.x, box.top + dot.y];
          }}
        }})()"""
    )
    return found[0], found[1]


def test_nothing_is_fetched_and_nothing_complains(page: Browser, run: RunStore) -> None:
    for window in ({"width": 1600}, {"width": 400, "dark": True}):
        address = opened(page, run, **window)
        assert page.value("document.querySelectorAll('figure.chart canvas').length") >= 4
        assert page.value("document.documentElement.scrollWidth <= innerWidth"), "no page is wider than its window"
        assert page.requests == [address]
        assert page.complaints == []


def test_a_dot_shows_its_card_and_a_click_pins_it(page: Browser, run: RunStore) -> None:
    opened(page, run)
    page.pointer("moved", *place_of(page, 23))
    card = page.value(f"{CARD}.textContent")
    wanted = run.trials[22]
    assert f"trial {wanted.number} · chosen, ok" in card
    for text in (wanted.key, f"{wanted.score:.4f}", f"{wanted.metrics['params']:,}", f"{wanted.metrics['macs']:,}"):
        assert text in card
    assert page.value(f"{CARD}.querySelectorAll('svg').length") == 2, "the normal and the reduction cell"
    page.pointer("moved", 5, 5)
    assert page.value(f"{CARD} === null")
    page.pointer("click", *place_of(page, 23))
    page.pointer("moved", *place_of(page, 40))
    assert "trial 23" in page.value(f"{CARD}.textContent"), "pinned: the pointer does not change it"
    page.key("Escape")
    assert page.value(f"{CARD} === null")
    page.pointer("click", *place_of(page, 40))
    assert "trial 40" in page.value(f"{CARD}.textContent")
    page.pointer("click", 5, 300)
    assert page.value(f"{CARD} === null"), "a click elsewhere unpins"


def test_the_keyboard_reaches_the_dots(page: Browser, run: RunStore) -> None:
    opened(page, run)
    page.value("document.querySelector('#chart-search_curve canvas').focus()")
    page.key("ArrowRight")
    assert "trial 1 ·" in page.value(f"{CARD}.textContent")
    page.key("ArrowRight")
    page.key("Enter")
    assert "trial 2 ·" in page.value(f"{CARD}.textContent")
    assert page.value(f"{CARD}.classList.contains('pinned')")


def test_a_drawing_has_every_operation_and_its_boxes_do_not_overlap(page: Browser, run: RunStore) -> None:
    opened(page, run)
    page.pointer("click", *place_of(page, 23))
    operations = [gene for name, gene in run.trials[22].genes.items() if "_op_" in name]
    shown = page.value(f"[...{CARD}.querySelectorAll('svg g title')].map((title) => title.textContent)")
    assert all(shown.count(each) == operations.count(each) for each in set(operations))
    clash = page.value(
        f"""[...{CARD}.querySelectorAll("svg")].some((svg) => {{
          const boxes = [...svg.querySelectorAll("rect")].map((rect) => rect.getBBox());
          const inside = (a, b) => a.x >= b.x - 0.1 && a.x + a.width <= b.x + b.width + 0.1
            && a.y >= b.y - 0.1 && a.y + a.height <= b.y + b.height + 0.1;
          const meet = (a, b) => a.x < b.x + b.width && b.x < a.x + a.width
            && a.y < b.y + b.height - 0.1 && b.y < a.y + a.height - 0.1;
          return boxes.some((a, i) => boxes.some((b, j) => i < j && meet(a, b) && !inside(a, b) && !inside(b, a)));
        }})"""
    )
    assert not clash


def test_the_legend_switches_a_series_off_in_all_panels(page: Browser, run: RunStore) -> None:
    opened(page, run)
    shown = """[...document.querySelectorAll("#chart-score_against_cost canvas")].map((canvas) => {
      const chart = Chart.getChart(canvas);
      return chart.data.datasets.filter(
        (set, place) => set.label === "random" && chart.isDatasetVisible(place)).length; })"""
    assert page.value(shown) == [1, 1]
    page.value("document.querySelector('#chart-score_against_cost .legend button').click()")
    assert page.value(shown) == [0, 0]
    assert page.value("document.querySelector('#chart-score_against_cost .legend button').ariaPressed") == "false"
    page.value("document.querySelector('#chart-score_against_cost .legend button').click()")
    assert page.value(shown) == [1, 1]


def test_the_list_filters_sorts_and_opens_cards(page: Browser, run: RunStore) -> None:
    opened(page, run)
    rows = "[...document.querySelectorAll('#board tbody tr')].map((row) => row.cells[1].textContent)"
    best = sorted(run.trials[:50], key=lambda one: (-(one.score or 0.0), one.number))
    assert page.value(rows) == [str(one.number) for one in best[:10]]

    def typed(text: str) -> None:
        page.value(
            f"""(() => {{ const box = document.querySelector("#board input"); box.value = "{text}";
                box.dispatchEvent(new Event("input")); }})()"""
        )

    typed(run.trials[6].key)
    assert page.value(rows) == ["7"]
    typed("normal_0_op_1 sep_5x5 no-such")
    assert page.value(rows) == []
    typed("")
    page.value(
        """(() => { const box = document.querySelector("#board select"); box.value = "status: failed";
            box.dispatchEvent(new Event("change")); })()"""
    )
    assert page.value(rows) == [str(TRIALS)]
    page.value("document.querySelector('#board .open-trial').click()")
    assert "<img src=x onerror=alert(1)>" in page.value(f"{CARD}.textContent"), "a reason stays text"
    assert page.value("document.querySelectorAll('img[src=x]').length") == 0
    page.key("Escape")
    page.value(
        """(() => { const box = document.querySelector("#board select"); box.value = "every trial";
            box.dispatchEvent(new Event("change")); })()"""
    )
    page.value(
        "[...document.querySelectorAll('#board th button')].find((each) => each.textContent === 'params').click()"
    )
    params = sorted((one.metrics.get("params", 0) for one in run.trials), reverse=True)
    assert page.value("document.querySelector('#board tbody tr').cells[5].textContent") == f"{params[0]:,}"


def test_paper_has_the_pictures(page: Browser, run: RunStore, tmp_path: Path) -> None:
    opened(page, run, dark=True)
    page.pdf(tmp_path / "report.pdf")
    assert len((tmp_path / "report.pdf").read_bytes()) > 20_000
    assert page.value("document.querySelectorAll('.paper-only svg').length") >= 3
    assert page.complaints == []


def test_a_live_page_shows_what_is_new_and_leaves_a_pinned_card_alone(page: Browser, tmp_path: Path) -> None:
    toy = {
        "space": "nasbench.testing.toy:ToySpace",
        "strategy": "random",
        "evaluator": "unit.made_up:MadeUp",
        "control": 0,
    }
    nasbench.search(**toy, trials=4, run=tmp_path / "run", trackers=())
    addresses: Queue[str] = Queue()
    Thread(target=serve, args=(LiveReport(tmp_path / "run", 0.2), 0, addresses.put), daemon=True).start()
    address = addresses.get(timeout=60)
    page.complaints.clear()
    page.open(address)
    page.pointer("click", *place_of(page, 2))
    nasbench.search(run=tmp_path / "run", resume=True, trials=9, trackers=())
    assert page.value(
        """new Promise((done) => {
          const mark = document.querySelector(".live");
          const look = () => (mark.textContent.includes("newer") ? done(true) : setTimeout(look, 50));
          look();
        })"""
    )
    assert "trial 2" in page.value(f"{CARD}.textContent")
    page.requests.clear()
    page.key("Escape")
    page.pointer("moved", 3, 3)
    page.wait_for_load(again=True)
    assert re.search(r"9 planned in the search", page.value("document.body.textContent"))
    assert all(each.startswith(address) for each in page.requests)
    assert page.complaints == []
