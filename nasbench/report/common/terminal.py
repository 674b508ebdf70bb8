"""Tables and lines on a terminal: the text of users is shown as it is, and is neither markup nor a control sequence."""

from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from nasbench.core.shown import encodable, shown, shown_lines


class Terminal(Console):
    """Standard output for people. Lines are not wrapped; only tables are fitted to the width.

    `file_width`: columns of characters where the output goes to a file or a pipe.
    """

    def __init__(self, file_width: int | None = None) -> None:
        super().__init__(markup=False, emoji=False, highlight=False)
        if file_width is not None and not self.is_terminal:
            self.width = file_width

    def on_broken_pipe(self) -> None:
        """Called where the reader of the output, such as head, has seen enough: passed on, as other outputs do."""
        raise

    def tell(self, text: str = "", style: str = "") -> None:
        """Prints a text."""
        self.print(Text(encodable(shown_lines(text), self.file), style=style), soft_wrap=True)


class PlainTable(Table):
    """A table whose title, headings and cells are text and nothing else; a cell has one line."""

    def __init__(self, title: str | None = None, **options: Any) -> None:
        super().__init__(
            title=None if title is None else Text(shown_lines(title), style="table.title"),
            **{"box": SIMPLE_HEAD, "title_justify": "left", **options},
        )

    def add_column(self, header: object = "", *arguments: Any, **options: Any) -> None:
        super().add_column(Text(shown_lines(header)), *arguments, **options)

    def add_row(self, *cells: Any, **options: Any) -> None:
        super().add_row(*map(_plain, cells), **options)


def _plain(cell: Any) -> Any:
    return Text(shown(cell)) if isinstance(cell, str) else cell
