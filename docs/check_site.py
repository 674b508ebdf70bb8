"""Checks a built site: every link, picture and anchor is there, and no page fetches anything from elsewhere.

python docs/check_site.py build/docs
"""

import sys
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

FETCHED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href", "object": "data"}
"""Tag -> the attribute by which a browser fetches something as it shows the page."""
ONLY_NAMED = ("canonical", "search", "author", "copyright", "index", "next", "prev", "top")
"""Relations of a <link> that a browser does not fetch."""


@dataclass
class Page(HTMLParser):
    """What a page links to, what it fetches, and its anchors."""

    links: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        named = tag == "link" and given.get("rel") in ONLY_NAMED
        if tag in FETCHED and FETCHED[tag] in given:
            (self.links if named else self.fetched).append(given[FETCHED[tag]])


def faults(site: Path) -> list[str]:
    """A line for each link that leads nowhere, and for each thing that a page fetches from elsewhere."""
    pages = {path: _read(path) for path in sorted(site.rglob("*.html"))}
    found = []
    for path, page in pages.items():
        where = path.relative_to(site)
        found += [f"{where}: fetches {each}" for each in page.fetched if urlsplit(each).netloc]
        for link in page.links + page.fetched:
            told = _fault(link, path, pages)
            if told:
                found.append(f"{where}: {link}: {told}")
    for path in sorted(site.rglob("*.css")):
        if "url(http" in path.read_text(encoding="utf-8").replace('"', "").replace("'", ""):
            found.append(f"{path.relative_to(site)}: fetches from elsewhere")
    return found


def _read(path: Path) -> Page:
    page = Page()
    page.feed(path.read_text(encoding="utf-8"))
    return page


def _fault(link: str, path: Path, pages: dict[Path, Page]) -> str | None:
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return None
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if not target.is_file():
        return "there is no such file"
    if parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].anchors:
        return "there is no such anchor"
    return None


def main() -> None:
    """Prints what is wrong; exits with status 1 where anything is."""
    site = Path(sys.argv[1]).resolve()
    found = faults(site)
    print("\n".join(found) or f"{site}: every link and anchor is there, and nothing comes from elsewhere.")
    sys.exit(bool(found) or not (site / "index.html").is_file())


if __name__ == "__main__":
    main()
