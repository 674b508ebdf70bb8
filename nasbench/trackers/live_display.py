"""The live display of a run: a bar with what is done, and under it a line with the best so far, the rate and the time
left.
"""

from collections.abc import Iterable
from typing import TextIO

from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from nasbench.core.shown import encodable, shown


class LiveDisplay(Progress):
    """Shown from construction to `stop`. `show` changes what it says, `event` puts a line above it that stays."""

    def __init__(self, stream: TextIO, total: int, done: int, what: str, below: str) -> None:
        self.below, self._stream = below, stream
        super().__init__(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=Console(file=stream, force_terminal=True),
            redirect_stdout=False,
            refresh_per_second=4,
        )
        self.only = self.add_task(self._one_line(what), total=total, completed=done)
        self.start()

    def get_renderables(self) -> Iterable[RenderableType]:
        yield from super().get_renderables()
        yield Text(f"  {self._one_line(self.below)}", no_wrap=True, overflow="ellipsis")

    def show(self, done: int, what: str, below: str) -> None:
        self.below = below
        self.update(self.only, completed=done, description=self._one_line(what))

    def event(self, text: str) -> None:
        self.console.print(Text(self._one_line(text)), soft_wrap=True)

    def _one_line(self, text: str) -> str:
        return encodable(shown(text), self._stream)
