"""What `--screen` asks for: a cheap score, and among how many proposals it chooses."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from nasbench.core.errors import UsageError
from nasbench.core.proxy import metric_of, reads_images
from nasbench.core.registry import proxies
from nasbench.engine.config.names import proxy_of
from nasbench.engine.config.record import labels_of

MOST = 10_000
"""The largest K."""
TAKES = "proxy:NAME=K or table:FILE#COLUMN=K: of K proposals, the best by the score is evaluated"


@dataclass(frozen=True)
class Screen:
    """A screen as it is written: `argument` is the proxy's name, or the file of a table whose `column` is the score."""

    label: str
    kind: Literal["proxy", "table"]
    argument: str
    column: str
    proposals: int

    @property
    def score(self) -> str:
        """The score without the number of proposals: proxy:synflow."""
        return self.label.rpartition("=")[0]

    @property
    def reads_images(self) -> bool:
        """Whether the score needs the images of a data set."""
        return self.kind == "proxy" and reads_images(self.argument)


def screen_of(label: str) -> Screen:
    """Read from --screen. UsageError for what is none, for a K that is no number from 2 on, and an unknown proxy."""
    score, equals, number = label.rpartition("=")
    if not equals:
        then = f"Give K as well, such as {label}=8." if ":" in label else "Such as --screen proxy:synflow=8."
        raise UsageError(f"--screen takes {TAKES}; got {label!r}. {then}")
    kind, colon, argument = score.partition(":")
    if not colon or kind not in ("proxy", "table"):
        own = " A proxy of your own: proxy:my_package.my_module:my_score=K."
        hint = own if colon else f" Known proxies: {', '.join(proxies.names())}."
        if score in proxies.names():
            hint = f" Write proxy:{score}={number}."
        raise UsageError(f"--screen takes {TAKES}; got {label!r}.{hint}")
    if not number.isdecimal() or not 2 <= int(number) <= MOST:
        more = " Leave --screen out to evaluate every proposal." if number == "1" else ""
        raise UsageError(
            f"--screen {score}=K takes a whole number of proposals from 2 to {MOST:,}; got {number!r}.{more}"
        )
    if kind == "proxy":
        name = proxy_of(score, "--screen") or ""
        return Screen(label, "proxy", name, metric_of(name), int(number))
    file, _, column = argument.partition("#")
    if not file or not column:
        raise UsageError(f"--screen takes a table's file and its column: table:FILE#COLUMN=K; got {label!r}")
    return Screen(label, "table", file, column, int(number))


def screens_of(screen_flag: Sequence[str]) -> tuple[Screen, ...]:
    """Read from the --screen of a race, which takes several. UsageError for one that is given twice."""
    return tuple(map(screen_of, labels_of(screen_flag, "--screen", "proxy:NAME=K,…"))) if screen_flag else ()
