"""The page and the plots, for runs of every length: well-formed, self-contained, escaped, derived from the log."""

import io
import re
from html.parser import HTMLParser
from pathlib import Path
from random import Random
from xml.etree import ElementTree

import pytest

from nasbench.core.arch import sample
from nasbench.core.registry import spaces
from nasbench.core.spec import Task
from nasbench.core.store import RunStore
from nasbench.core.trial import Trial
from nasbench.engine.opened.report import write_report
from nasbench.report.common.figure import drawing, log_counts, new_figure, short_count, to_svg
from nasbench.report.common.figure_file import write_figure
from unit.embedded import embedded, without_scripts
from unit.toys import ToySpace, trial

VOID = {"meta", "br", "hr", "img", "link", "input"}
EVIL = '</script><script>alert("1 & 2")</script>'


class Page(HTMLParser):
    """Checks that what is opened is closed, and keeps what an HTML page could fetch."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.links: list[str] = []
        self.scripts = 0
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attributes: list) -> None:
        self.scripts += tag == "script" and ("type", "application/json") not in attributes
        self.links += [value for name, value in attributes if name in ("src", "href", "xlink:href", "data", "action")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list) -> None:
        self.links += [value for name, value in attributes if name in ("src", "href", "xlink:href")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def store_with(directory: Path, trials: list[Trial], **fields: object) -> RunStore:
    record = {
        "command": "search",
        "config": {
            "space": "gone.module:Space",
            "strategy": "ppo",
            "dataset": "digits",
            "trials": 24,
            "score_column": "val_accuracy",
            "evil": EVIL,
        },
        "argv": ["nasbench", "search", "--space", EVIL],
        "seed": 0,
        "versions": {"python": "3.11", "wandb": None},
        "hardware": {"gpus": []},
        "started": "2026-01-01T00:00:00+00:00",
        "ended": None,
        "plan": {
            "source": "space:toy",
            "epochs": 1,
            "task": {"num_classes": 10},
            "recipe": {"name": "quick", "version": 3, "flip": True},
        },
        **fields,
    }
    store = RunStore.create(directory, record)
    for one in trials:
        store.append(one)
    store.close()
    return RunStore.read(directory)


def long_run() -> list[Trial]:
    rng, trials = Random(0), []
    for number in range(1, 61):
        genes = "".join(str(gene) for gene in sample("toy", ToySpace.choices, rng).genes.values())
        blind = number <= 12
        note = {
            "blind": blind,
            "entropy": 3.0 - number / 40,
            "loss": rng.gauss(0, 1),
            "baseline": 0.5,
            "updates": number // 8,
        }
        if number > 50:
            note = {"control": True, "blind": True}
        metrics = {"params": rng.randrange(1000, 100000), "macs": rng.randrange(10**6, 10**8)}
        value = 0.5 + 0.3 * rng.random() + (0 if blind or number > 50 else 0.2)
        trials.append(trial(number, score=value, genes=genes, key=f"{number:016x}", metrics=metrics, note=note))
    trials[4] = trial(5, "failed", None, error=f"loss is nan {EVIL}", metrics={})
    trials[20] = trial(21, "cached", trials[19].score, key=trials[19].key, of=20, seconds=0.0, note={"blind": False})
    trials[21] = trial(22, "pruned", 0.4, note={"blind": False})
    for number, of in enumerate((30, 31, 32, 33), start=61):
        trials.append(
            trial(number, score=0.9 + 0.01 * rng.random(), key=trials[of - 1].key, epochs=9, note={"retrain_of": of})
        )
    return trials


def check_page(store: RunStore) -> str:
    written = write_report(store)
    assert written[0] == store.directory / "report.html"
    text = written[0].read_text(encoding="utf-8")
    page = Page()
    page.feed(text)
    page.close()
    assert page.open == []
    assert all(link.startswith(("#", "data:")) for link in page.links), page.links
    own = without_scripts(text)
    assert "http" not in own.replace("http://www.w3.org/2000/svg", "").replace("http://www.w3.org/1999/xlink", "")
    assert not re.search(r"@import|url\((?!#)", own)
    assert page.scripts == 1 + ('<figure class="chart"' in text), "the charting library is there where charts are"
    assert "alert(" not in re.sub(r"&lt;script&gt;alert|\\u003cscript\\u003ealert", "", own)
    identifiers = re.findall(r'\sid="([^"]+)"', own)
    assert len(identifiers) == len(set(identifiers)), "ids must not clash between the plots of one page"
    for path in written[1:]:
        assert path.suffix == ".svg"
        ElementTree.fromstring(path.read_text(encoding="utf-8"))
    return " ".join(page.texts)


def test_a_long_run_has_every_section(tmp_path):
    store = store_with(tmp_path / "run", long_run(), ended="2026-01-01T02:00:00+00:00")
    (tmp_path / "run" / "best").mkdir()
    (tmp_path / "run" / "best" / "cell.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    )
    text = check_page(store)
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert '<img alt="A drawing of trial ' in page
    assert 'src="data:image/svg+xml;base64,' in page
    assert "alert(1)" not in page
    names = {path.stem for path in (tmp_path / "run").glob("*.svg")}
    assert names == {"search_curve", "score_against_cost", "operations", "controller", "ranking"}
    for wanted in (
        "The search beat chance: its ",
        "Best architectures",
        "The file is best/cell.svg",
        "Ranking after retraining",
        "Kendall's tau",
        "1 architecture was met again",
        "loss is nan </script>",
        "Recipe quick, version 3",
        "nasbench report",
        "device-seconds",
        "2 h",
        "1 cached, 1 pruned",
    ):
        assert wanted in text, wanted


@pytest.mark.parametrize(
    "trials",
    [
        [],
        [trial(1)],
        [trial(1, "failed", None, error=EVIL, metrics={})],
        [
            trial(number, "failed", None, error="out of memory", metrics={}, note={"entropy": 1.0})
            for number in range(1, 30)
        ],
        [trial(1), trial(2)],
        [trial(1, score=0.0, metrics={"params": 0, "macs": None})],
        [trial(1), trial(2, score=0.5, epochs=5, note={"retrain_of": 1})],
        [trial(1, note={"control": True})],
        [
            trial(number, score=1e-9 * number, note={"blind": True}, metrics={"params": 5, "macs": 5})
            for number in range(1, 12)
        ],
    ],
)
def test_short_and_failed_runs_have_a_page(tmp_path, trials):
    text = check_page(store_with(tmp_path / "run", trials))
    assert "How to go on" in text
    assert "--resume" in text


def test_a_record_with_little_in_it_is_enough(tmp_path):
    store = RunStore.create(tmp_path / "run", {})
    store.close()
    check_page(RunStore.read(tmp_path / "run"))


def test_the_same_log_gives_the_same_files(tmp_path):
    store = store_with(tmp_path / "run", long_run())
    first = {path: path.read_bytes() for path in write_report(store)}
    assert {path: path.read_bytes() for path in write_report(store)} == first


def test_plots_leave_matplotlib_as_it_was(tmp_path):
    import matplotlib

    before = dict(matplotlib.rcParams)
    write_report(store_with(tmp_path / "run", long_run()))
    assert dict(matplotlib.rcParams) == before


def test_short_counts():
    assert [short_count(value) for value in (0, 950, 12300, 4.5e6, 1.2e9)] == ["0", "950", "12.3k", "4.5M", "1.2G"]


def test_a_dot_names_its_trial_and_has_a_card_that_draws_it(tmp_path: Path) -> None:
    space = spaces.get("nasbench201")()
    drawn = [sample(space.name, space.choices, Random(number)) for number in range(1, 5)]
    trials = [
        trial(number, score=number / 10, architecture=each, key=each.key, metrics={"params": 10 * number, "macs": 500})
        for number, each in enumerate(drawn, start=1)
    ]
    plan = {"source": "space:nasbench201", "size": vars(space.default_size), "task": vars(Task())}
    store = store_with(tmp_path / "run", trials, plan=plan)
    check_page(store)
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    curve = (tmp_path / "run" / "search_curve.svg").read_text(encoding="utf-8")
    assert [int(number) for number in re.findall(r'data-trial="(\d+)"', curve)] == [1, 2, 3, 4]
    assert f"<title>trial 3: 0.3000, 1 epoch, key {trials[2].key}, 30 params, 500 MACs</title>" in curve
    assert page.count("data-trial=") == 3 * 4, "in the curve, against parameters and against multiply-adds"
    (data,) = embedded(page, "trials")
    assert [data["words"][place] for place, _ in data["drawn"][2]] == ["Cell"], "the card draws it from the graph"
    row = dict(zip(data["columns"], data["rows"][2], strict=True))
    assert (row["trial"], row["key"], row["score"], row["params"], row["MACs"]) == (3, trials[2].key, 0.3, 30, 500)


def test_dots_of_a_space_that_is_gone_list_their_decisions(tmp_path: Path) -> None:
    store = store_with(tmp_path / "run", [trial(1, score=0.5, genes="abc")])
    check_page(store)
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    (data,) = embedded(page, "trials")
    assert [data["words"][number] for number in data["decisions"][0]] == ["op_0", "a", "op_1", "b", "op_2", "c"]
    assert data["drawn"] == [[]]


def test_the_texts_of_plots_are_legible_at_their_own_size(tmp_path):
    """On a phone they keep it, and their box scrolls: no text is smaller than 6 points, 8 pixels."""
    written = write_report(store_with(tmp_path / "run", long_run()))
    sizes = [
        float(size)
        for path in written[1:]
        for size in re.findall(r"font(?:-size)?: ([\d.]+)px", path.read_text(encoding="utf-8"))
    ]
    assert len(sizes) > 50
    assert min(sizes) >= 6


def test_a_page_is_made_for_phones_and_shows_what_scrolls_and_what_sorts(tmp_path):
    page = write_report(store_with(tmp_path / "run", long_run()))[0].read_text(encoding="utf-8")
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in page
    assert "more-right" in page[page.rindex("<script>") :], "the script marks boxes that go on beyond their edge"
    for rule in (r"\.more-right \{ mask-image", r'th button::after \{ content: " ↕"', r"figure svg \{ max-width: none"):
        assert re.search(rule, page), rule


def test_a_figure_is_laid_out_as_saving_it_would() -> None:
    places = []
    for save in (lambda figure: to_svg(figure, "x"), lambda figure: figure.savefig(io.BytesIO(), format="svg")):
        with drawing():
            figure = new_figure(3, 2)
            axes = figure.subplots()
            axes.plot([1e5, 3e6], [0.1, 0.9], label="accuracy")
            axes.set(xlabel="parameters", title="Found")
            log_counts(axes, [1e5, 3e6])
            figure.legend(loc="outside lower center")
            save(figure)
        places.append(axes.get_position().bounds)
    assert places[0] == places[1] != (0.125, 0.11, 0.775, 0.77)


@pytest.mark.parametrize(
    ("span", "labels"),
    [((1.5, 4.2), ["2", "3", "4"]), ((2, 80), ["2", "5", "10", "20", "50"]), ((1, 2e6), ["1", "100", "1,000,000"])],
)
def test_logarithmic_axes_have_plain_numbers(span: tuple[float, float], labels: list[str], tmp_path: Path) -> None:
    for chosen in (False, True):
        with drawing():
            figure = new_figure(4, 3)
            axes = figure.subplots()
            axes.plot(span, span)
            axes.set(xscale="log", yscale="log")
            if chosen:
                axes.xaxis.set_major_formatter(lambda value, _: f"{value:g} s")
        text = to_svg(figure, "x")
        assert "mathdefault" not in text
        assert all(f">{each}<" in text for each in labels)
    write_figure(figure, tmp_path / "x.png", "x")
    assert not any("$" in tick.get_text() for tick in axes.get_yticklabels(which="both"))
