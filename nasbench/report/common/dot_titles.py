"""What the dots of a chart tell: a title in the SVG names the trial of each."""

import re
from collections.abc import Iterable, Sequence

from nasbench.core.count_text import quantity
from nasbench.core.shown import escape
from nasbench.core.trial import Trial
from nasbench.report.common.numbers import count, score

MARK = "dots"


def mark(numbers: Iterable[int]) -> str:
    """The id of a group of dots in a figure, one a trial of these numbers in this order."""
    return "-".join([MARK, *map(str, numbers)])


def titled(svg: str, trials: Sequence[Trial]) -> str:
    """A chart whose marked dots name their trials. A group that lacks a dot (it lay outside) stays without names."""
    known = {trial.number: trial for trial in trials}

    def name(group: re.Match[str]) -> str:
        numbers = [int(number) for number in group["numbers"].split("-") if number]
        dots = re.findall(r"<use [^>]*/>", group["body"])
        if len(dots) != len(numbers):
            return f"<g>{group['body']}</g>\n  "
        left = iter(numbers)
        body = re.sub(r"<use ([^>]*)/>", lambda dot: _dot(dot[1], known[next(left)]), group["body"])
        return f"<g>{body}</g>\n  "

    marked = rf'<g id="[\w-]*?{MARK}(?P<numbers>(?:-\d+)+)">(?P<body>.*?)\n   ?</g>\n  '
    return re.sub(marked, name, svg, flags=re.DOTALL)


def about(trial: Trial) -> str:
    """A trial in one line: number, score, epochs, key, costs."""
    params, macs = trial.metrics.get("params"), trial.metrics.get("macs")
    costs = f", {count(params)} params, {count(macs)} MACs" if params is not None and macs is not None else ""
    return f"trial {trial.number}: {score(trial.score)}, {trained_for(trial)}, key {trial.key}{costs}"


def trained_for(trial: Trial) -> str:
    """For how many epochs, in words."""
    return quantity(trial.epochs, "epoch") if trial.epochs else "not trained"


def _dot(attributes: str, trial: Trial) -> str:
    return f'<use {attributes} data-trial="{trial.number}"><title>{escape(about(trial))}</title></use>'
