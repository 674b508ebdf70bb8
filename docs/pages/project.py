"""The pages that lie at the top of the repository, with their links as the site has them."""

import re
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOP = {
    "README.md": "readme.md",
    "ARCHITECTURE.md": "architecture.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
}
"""Page at the top -> page of the site, below project/."""
LINK = re.compile(r"\]\((?!https?:|#)([^)\s#]+)")


def pages() -> Mapping[str, str]:
    return {f"project/{page}": _moved((ROOT / name).read_text(encoding="utf-8")) for name, page in TOP.items()}


def inside(page: str, text: str) -> str:
    """The text of a page of the site, whose links to the top of the repository lead to the pages here.

    So pages in docs/ link as a code host wants it: ../README.md.
    """
    up = "../" * page.count("/")
    for name, moved in TOP.items():
        text = text.replace(f"](../{up}{name}", f"]({up}reference/project/{moved}")
    return text


def _moved(text: str) -> str:
    return LINK.sub(lambda found: "](" + _target(found.group(1)), text)


def _target(link: str) -> str:
    """Where a link of a page at the top leads from a page of the site."""
    return TOP.get(link) or "../../" + link.removeprefix("docs/")
