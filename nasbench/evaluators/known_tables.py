"""Where a table of known results lies, and its card: of which space and data it is, and which columns studies use.

Tables that come with the package have names (`SHIPPED`). A table may have a card beside it: of `cells.csv.gz` it is
`cells.card.json`, an object with any of the fields of `Card`.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from importlib.resources import as_file, files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, NamedTuple

from nasbench.core.errors import UsageError, unknown
from nasbench.evaluators.table_file import SUFFIXES


@dataclass(frozen=True)
class Card:
    """What a table says of itself; empty where it does not.

    Attributes:
        score_column: what strategies see.
        cost_column: seconds of a look-up.
        report_columns: what is only reported; the last one ranks strategies.
        space: the space of its architectures, by name.
        data: the images behind its results, in words.
    """

    score_column: str = ""
    cost_column: str | None = None
    report_columns: tuple[str, ...] = ()
    space: str = ""
    data: str = ""

    @property
    def judged_by(self) -> str:
        """The column that is nearest to the truth: the last that is reported, or the score; empty without either."""
        return [self.score_column, *self.report_columns][-1]


class Shipped(NamedTuple):
    """A table in the package, with its card beside it."""

    package: str
    file: str


SHIPPED = {
    "nasbench201-cifar10": Shipped("search_spaces.nasbench201", "nasbench201_cifar10.csv.gz"),
    "nasnet-small-cifar10": Shipped("search_spaces.nasnet_small", "nasnet_small_cifar10.csv.gz"),
}


def shipped(file: str) -> Shipped | None:
    """The shipped table of that name, or of that file name where no such file lies here; None for a file of one's
    own.
    """
    if file in SHIPPED:
        return SHIPPED[file]
    return None if Path(file).exists() else next((table for table in SHIPPED.values() if table.file == file), None)


def card_of(file: str) -> Card:
    """The card of a table; an empty one where it has none. UsageError for a card that cannot be read."""
    table = shipped(file)
    name = table.file if table is not None else Path(file).name
    for suffix in (".gz", ".csv", ".parquet"):
        name = name.removesuffix(suffix)
    name = f"{name}.card.json"
    path = files(table.package).joinpath(name) if table is not None else Path(file).with_name(name)
    return _read(path) if path.is_file() else Card()


def require_table(file: str, flag: str = "--evaluator") -> None:
    """UsageError where neither a file nor a shipped table has that name; `flag` is where it was given."""
    with file_of_table(file, flag):
        pass


@contextmanager
def file_of_table(file: str, flag: str = "--evaluator") -> Iterator[Path]:
    """Where the table lies: a shipped one's place in the package, or the file. UsageError where there is none."""
    table = shipped(file)
    if table is not None:
        with as_file(files(table.package).joinpath(table.file)) as path:
            yield path
        return
    path = Path(file)
    if not path.is_file():
        if path.suffix not in SUFFIXES and len(path.parts) == 1:
            raise unknown("table", file, SHIPPED, f"Your own: {flag} table:FILE, a .csv, .csv.gz or .parquet file.")
        raise UsageError(f"no table at {path}. Give an existing .csv, .csv.gz or .parquet file: {flag} table:FILE.")
    yield path


def _read(path: Traversable) -> Card:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot read the table's card {path}: {error}. It must be a JSON object.") from error
    if not isinstance(found, dict):
        raise UsageError(f"the table's card {path} must be a JSON object; it holds a {type(found).__name__}")
    known = {each.name for each in fields(Card)}
    card = Card(**{name: _value(path, name, found[name]) for name in found if name in known})
    if ":" in card.space:
        raise UsageError(
            f"the table's card {path} names the space {card.space!r} by an import path, which a file of results may "
            "not. Give it with --space, and take it out of the card."
        )
    return card


def _value(path: Traversable, name: str, value: Any) -> Any:
    """A field of a card; other entries are for readers."""
    several = name == "report_columns"
    texts = value if isinstance(value, list) and several else [value]
    if not all(isinstance(text, str) for text in texts) or (several and texts is not value):
        what = "a list of texts" if several else "a text"
        raise UsageError(f"the table's card {path} takes {what} for {name!r}; got {value!r}")
    return tuple(value) if several else value
