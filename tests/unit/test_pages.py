"""The pages that the site's build writes from the code: they have every command, flag, network, space and part."""

import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

import nasbench
from nasbench.cli import COMMANDS
from nasbench.cli.completion import flags
from nasbench.core.registry import recipes, spaces, strategies
from nasbench.engine.parts.networks import rows

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def pages() -> ModuleType:
    sys.path.insert(0, str(DOCS))
    try:
        import pages

        return pages
    finally:
        sys.path.remove(str(DOCS))


@pytest.fixture(scope="module")
def written(pages: ModuleType) -> dict[str, str]:
    return dict(pages.pages())


@pytest.mark.parametrize("command", COMMANDS)
def test_a_page_of_a_command_has_all_its_flags(command: str, written: dict[str, str]) -> None:
    page = written[f"commands/{command}.md"]
    lines = page.splitlines()
    assert lines[0] == f"# nasbench {command}"
    for flag in flags(command):
        assert flag.name == "help" or any(line.startswith(f":::{{option}} --{flag.name}") for line in lines), flag.name
    assert f"[nasbench {command}]({command}.md)" in written["commands/index.md"]


def test_the_page_of_functions_has_all_of_them(pages: ModuleType) -> None:
    public = {name for name in nasbench.__all__ if name[0].islower()}
    assert set(pages.api.FUNCTIONS) == public


def test_the_zoos_table_has_every_network_with_its_counts(written: dict[str, str]) -> None:
    listed = [line for line in written["zoo.md"].splitlines() if line.startswith("| `")]
    known = [row for row in rows() if ":" not in row.name]
    assert len(listed) == len(known)
    for row in known:
        (line,) = (line for line in listed if line.startswith(f"| `{row.name}` |"))
        assert f"| {row.card.year} |" in line
        assert row.card.params is None or f"| {row.card.params:,} |" in line


def test_spaces_strategies_and_recipes_have_a_section_each(written: dict[str, str]) -> None:
    for page, registry in (("spaces.md", spaces), ("strategies.md", strategies), ("recipes.md", recipes)):
        headings = [
            line.removeprefix("## ").replace("\\", "") for line in written[page].splitlines() if line[:3] == "## "
        ]
        assert headings == registry.names()
    assert "| 15,625 | 0 |" in written["spaces.md"]
    assert "`space:nasnet:nasnet-a`" in written["spaces.md"]


def test_text_means_what_it_says(pages: ModuleType) -> None:
    from pages.markdown import escaped, paragraphs

    assert escaped("a <class> of *x_y* and `a_b`") == r"a \<class\> of \*x\_y\* and `a_b`"
    assert paragraphs(
        "Says:\n\n    a  b\n\n- one\n  more\n- two"
    ) == "Says:\n\n```text\na  b\n```\n\n- one   more\n- two\n".replace("one   more", "one more")
    assert paragraphs("Attributes:\n    one: a\n      b\n    two: c") == "Attributes:\n\n- one: a b\n- two: c\n"
    assert paragraphs("Options:\none    1\nthree  3") == "Options:\n\n```text\none    1\nthree  3\n```\n"


def test_pages_that_are_no_longer_written_are_removed(pages: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    (tmp_path / "gone" / "old.md").write_text("old")
    pages.write(tmp_path)
    assert not (tmp_path / "gone").exists()
    assert (tmp_path / "commands" / "search.md").is_file()


def test_links_of_pages_at_the_top_lead_where_they_led(pages: ModuleType) -> None:
    from pages.project import _moved, inside

    assert inside("tasks/x", "[a](../../README.md#data)") == "[a](../reference/project/readme.md#data)"
    assert inside("x", "[a](../ARCHITECTURE.md)") == "[a](reference/project/architecture.md)"

    assert _moved("[a](docs/trust.md) [b](ARCHITECTURE.md) [c](https://x.y/z)") == (
        "[a](../../trust.md) [b](architecture.md) [c](https://x.y/z)"
    )
    assert _moved("[d](docs/experiments.md#a-part)") == "[d](../../experiments.md#a-part)"


@pytest.mark.parametrize(
    "room",
    [
        "core",
        "nn",
        "storage",
        "train",
        "strategies",
        "evaluators",
        "executors",
        "rewards",
        "laws",
        "samplers",
        "trackers",
        "api",
    ],
)
def test_architecture_names_every_file_of_a_room(room: str) -> None:
    files = (DOCS.parent / "ARCHITECTURE.md").read_text("utf-8").partition("## Files")[2]
    listed = re.search(rf"^ {{6}}{room}/ (.*?)(?=^ {{4,6}}\w)", files, re.MULTILINE | re.DOTALL)
    assert listed is not None, room
    there = {path.stem for path in (DOCS.parent / "nasbench" / room).glob("*.py")} - {"__init__"}
    assert there - set(re.findall(r"\w+", listed[1])) == set()
