"""The text of users (options, columns, names) is shown as it is in pictures, pages, tables and lines, never obeyed."""

import io
import sys
from contextlib import suppress
from pathlib import Path
from typing import ClassVar
from xml.etree import ElementTree

import pytest

import nasbench
from nasbench.cli import main
from nasbench.core.arch import Architecture, Choice
from nasbench.core.errors import RunFailed, UsageError
from nasbench.core.file_name import check_path, file_name
from nasbench.core.graph import CellGraph, Node
from nasbench.core.job import Job
from nasbench.core.shown import encodable, escape, quoted, sentence, shortened, shown
from nasbench.core.spec import ModelSpec, Size, Task
from nasbench.engine.run.run import check_some_succeeded
from nasbench.report.common.curves import curve_figure
from nasbench.report.common.figure import drawing, label, new_figure, to_svg
from nasbench.report.common.page import table, themed
from nasbench.report.common.terminal import PlainTable, Terminal
from nasbench.report.models.cells.drawing import draw_dot, draw_svg
from unit.toys import trial

NAMES = (
    "$x_{$",
    "$\\frac{1}{2}$",
    "<b>a & b</b>",
    "&lt;",
    "_hidden",
    "100 % {x} #fefefe",
    'id="x url(#y',
    "[red]r[/]",
    "[/]",
    ":smile:",
    "line\nfeed",
    "\x1b[31mred\x1b[0m",
    "\x1b]0;title\x07",
    "\u202eturned",
    "😀",
    "שלום",
    "數字",
    "sep_3x3",
)


class Named:
    """A space whose options are called as users may call them."""

    name = "named"
    default_size = Size()
    choices = tuple(Choice(f"op_{index}", NAMES) for index in range(2))

    def canonical(self, architecture: Architecture) -> Architecture:
        return architecture

    def build(self, architecture: Architecture, size: Size, task: Task) -> object:
        raise AssertionError("the evaluator builds nothing")

    def graphs(self, spec: ModelSpec) -> dict[str, CellGraph]:
        assert spec.architecture is not None
        return {"$a_{$": CellGraph(("in",), (Node("s", (("in", str(spec.architecture.genes["op_0"])),)),), ("s",))}


class Scores:
    own: ClassVar[tuple[str, ...]] = ("$la_{tency$", "<i>")

    def check(self) -> None: ...

    def task(self) -> Task:
        return Task()

    def __call__(self, job: Job, report: object) -> dict[str, float]:
        return {"val_accuracy": job.number / 30, **dict.fromkeys(self.own, float(job.number))}


def texts(svg: str) -> list[str]:
    """The texts of a picture, which must be whole XML."""
    return [text for text in ElementTree.fromstring(svg).itertext() if text.strip()]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("named") / "run"
    options = {
        "objectives": ("+val_accuracy", "-$la_{tency$"),
        "strategy": "random",
        "wandb": "off",
        "run": str(directory),
    }
    nasbench.search(space=f"{__name__}:Named", evaluator=f"{__name__}:Scores", trials=24, **options)
    return directory


def test_the_pictures_of_a_search_show_options_and_metrics_as_they_are(run):
    legend = [text.removeprefix("\u200b") for text in texts((run / "operations.svg").read_text(encoding="utf-8"))]
    assert {shown(name) for name in NAMES} <= set(legend)
    assert any("$la_{tency$" in text for text in texts((run / "front.svg").read_text(encoding="utf-8")))


def test_the_page_of_a_search_has_them_too_and_no_control_character(run):
    page = (run / "report.html").read_text(encoding="utf-8")
    for name in NAMES:
        assert shown(name) in page or escape(name) in page
    assert not [character for character in page if not character.isprintable() and character not in "\n\u200b"]


@pytest.mark.parametrize("name", NAMES)
def test_a_cell_is_drawn_with_the_names_of_its_operations(name):
    graphs = {name: CellGraph((name,), (Node("s", ((name, name),), name),), ("s",))}
    drawn = texts(draw_svg(graphs))
    assert shown(name) in drawn
    dot = draw_dot(graphs)
    assert dot.count("\n") == draw_dot({"a": CellGraph(("a",), (Node("s", (("a", "a"),), "a"),), ("s",))}).count("\n")
    assert "\x1b" not in dot


@pytest.mark.parametrize("name", [*NAMES, "long " * 1000, ""])
def test_a_picture_and_a_table_show_a_name(name):
    drawn = curve_figure({name: [{"epoch": 1, "val_accuracy": 0.5, "train_loss": 1.0}]})
    assert drawn is not None
    assert shortened(name) in [text.removeprefix("\u200b") for text in texts(drawn)] or not name
    assert shortened(name) in "".join(texts(themed(drawn)))
    assert escape(shown(name)) in table(("name",), [(name,)])


@pytest.mark.parametrize("name", NAMES)
def test_a_terminal_shows_a_name(name, capsys):
    rows = PlainTable(shown(name))  # a title and a heading may have several lines
    rows.add_column(shown(name), min_width=40)
    rows.add_row(name)
    terminal = Terminal(file_width=200)
    terminal.print(rows)
    terminal.tell(shown(name))
    out = capsys.readouterr().out
    assert out.count(shown(name)) == 4
    assert "\x1b" not in out


def test_an_error_shows_an_escape_sequence(capsys):
    for argv in (["search", "--space", "\x1b[31m"], ["\x1b[31m"], ["zoo", "\x1b]0;x\x07"], ["report", "no\x1b[2J"]):
        assert main(argv) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert "\x1b" not in err
        assert "\\x1b" in err


def test_a_long_name_is_shortened_in_a_message_and_in_a_picture():
    assert len(quoted("x" * 5000)) == 200
    assert shortened("a" * 30 + "b" * 30, 11) == "aaaaa…bbbbb"
    assert label("_x") == "\u200b_x"
    with drawing():
        figure = new_figure(2, 1)
        figure.subplots().set_title("\x00$")
    assert "\\x00$" in texts(to_svg(figure, "x"))


def test_what_an_encoding_lacks_is_written_in_ascii():
    ascii_only = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    latin = io.TextIOWrapper(io.BytesIO(), encoding="latin-1")
    assert encodable("± 2² é … λ", ascii_only) == "+- 2^2 e ... \\u03bb"
    assert encodable("± 2² é … λ", latin) == "± 2² é ... \\u03bb"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
@pytest.mark.parametrize(
    "command", [["search", "--help"], ["scale", "--phi", "1"], ["zoo", "efficientnet_b0"], ["list", "strategies"], []]
)
def test_no_command_fails_on_an_encoding(command, encoding, monkeypatch):
    out = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stdout", out)
    with suppress(SystemExit):  # --help
        assert main(command) == 0
    out.flush()
    assert len(out.buffer.getvalue().decode(encoding)) > 100  # type: ignore[attr-defined]


def test_what_cannot_be_a_name_on_disk_is_refused():
    assert file_name("a b", "x") == "a b"
    for name, reason in (("a/b", "has a '/'"), ("..", "above it"), ("x" * 256, "256 bytes"), ("é" * 128, "256 bytes")):
        with pytest.raises(UsageError, match=reason):
            file_name(name, "Give --run DIR.")
    check_path("../x/y", "--run")
    with pytest.raises(UsageError, match=r"--run.*256 bytes"):
        check_path("a/" + "x" * 256, "--run")


def test_paths_that_cannot_be_are_one_sentence(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    long = "x" * 300
    (tmp_path / "file").touch()
    for argv in (
        ["search", "--run", long],
        ["train", "lenet5", "--trained-dir", f"a/{long}"],
        ["report", long],
        ["profile", long],
        ["profile", "lenet5", "--csv", f"{long}.csv"],
        ["export", "lenet5", "--out", long],
        ["zoo", "--plot", "ilsvrc", "--out", f"{long}.svg"],
        ["search", "--dataset", f"folder:{long}"],
        ["search", "--data-dir", long],
        ["compare", "lenet5", long],
        ["scale", "--coefficients", long],
        ["search", "--evaluator", f"table:{long}", "--space", "nasbench201"],
        ["transfer", "lenet5", "--weights", long],
        ["search", "--run", "file/run"],
    ):
        assert main(argv) == 2, argv
        out, err = capsys.readouterr()
        assert out == ""
        assert "Traceback" not in err
        assert "x" * 280 not in err or len(err) < 1000


def test_a_sentence_ends_in_one_full_stop() -> None:
    for text, ended in (("it broke", "it broke."), ("Target 4 is out of bounds.", "Target 4 is out of bounds.")):
        assert sentence(text) == ended
        trials = [trial(1, "failed", None, error=text)]
        with pytest.raises(RunFailed) as caught:
            check_some_succeeded(trials, Path("run"))
        assert f": {ended} See" in str(caught.value)
    assert sentence("is it there? ") == "is it there?"
