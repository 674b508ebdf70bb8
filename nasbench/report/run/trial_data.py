"""The trials of a run inside its page: what the cards of dots and the list of trials are made of."""

import json
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

from nasbench.core.curves import is_control, is_random, is_retraining
from nasbench.core.shown import shortened, shown
from nasbench.core.stop_signals import from_outside
from nasbench.core.trial import Trial
from nasbench.report.common.embedded import data_element
from nasbench.report.common.thinned import MOST_ROWS, evenly
from nasbench.report.models.cells.drawing import FAMILIES, family
from nasbench.report.run.dots import with_dots
from nasbench.report.run.scored import beside, in_words, score_name
from nasbench.report.run.trial_drawing import Words, graph_data, graphs_of

MOST_DRAWN = 1_000_000
"""Characters of the page that drawings take; the best networks come first, of others the card lists the decisions."""
LONGEST_REASON = 300
"""Characters of the reason of a failure that a card shows."""


def trials_in_page(run: Mapping[str, Any], trials: Sequence[Trial]) -> str:
    """The trials that have dots, failed ones (of many, some evenly over the run), as data for the page's scripts."""
    scored = with_dots(trials)
    failed = {trial.number for trial in evenly([trial for trial in trials if not trial.scored], MOST_ROWS)}
    listed = [trial for trial in trials if trial.number in scored or trial.number in failed]
    return data_element("trials", trial_data(run, listed, len(trials))) if listed else ""


def trial_data(run: Mapping[str, Any], trials: Sequence[Trial], total: int | None = None) -> dict[str, Any]:
    """The trials as JSON: rows under `columns`, decisions and graphs with each text once. `total`: of the whole run."""
    metric, words = beside(run), Words()
    extra = [] if metric is None else [in_words(metric)]
    rows = [
        [
            trial.number,
            trial.key,
            trial.status,
            _kind(trial),
            trial.metrics.get("params"),
            trial.metrics.get("macs"),
            trial.score,
            *([] if metric is None else [_number(trial.metrics.get(metric))]),
            trial.epochs,
            round(trial.seconds, 3),
            *([shortened(trial.error, LONGEST_REASON)] if trial.error else []),
        ]
        for trial in trials
    ]
    decisions = [
        [number for name, gene in trial.genes.items() for number in (words.number(name), words.number(gene))]
        for trial in trials
    ]
    graphs, of_trials = _graphs(run, trials, words)
    texts = words.listed()
    return {
        "total": len(trials) if total is None else total,
        "columns": ["trial", "key", "status", "kind", "params", "MACs", "score", *extra, "epochs", "seconds"],
        "score": shown(score_name(run)),
        "rows": rows,
        "words": texts,
        "families": {text: FAMILIES[family(text)] for text in sorted({texts[each] for each in _operations(graphs)})},
        "decisions": decisions,
        "graphs": graphs,
        "drawn": of_trials,
    }


def _graphs(
    run: Mapping[str, Any], trials: Sequence[Trial], words: Words
) -> tuple[list[list[Any]], list[list[list[int]]]]:
    """The different graphs, and of each trial its [title, graph] pairs: empty beyond MOST_DRAWN characters."""
    numbers: dict[str, int] = {}
    graphs, found, room = list[list[Any]](), dict[int, list[list[int]]](), MOST_DRAWN
    for trial in sorted(trials, key=lambda trial: (trial.score is None, -trial.epochs, -(trial.score or 0.0))):
        drawn = list[list[int]]()
        for title, graph in graphs_of(run, trial).items() if room > 0 else ():
            try:
                data = graph_data(graph, words)
            except BaseException as error:  # a graph of a plug-in may be none
                if from_outside(error):
                    raise
                break
            text = json.dumps(data, separators=(",", ":"))
            if text not in numbers:
                numbers[text] = len(graphs)
                graphs.append(data)
                room -= len(text)
            drawn.append([words.number(title), numbers[text]])
        found[trial.number] = drawn
    return graphs, [found[trial.number] for trial in trials]


def _operations(graphs: Sequence[Sequence[Any]]) -> set[int]:
    """The numbers of the texts that are operations."""
    cells = {number for graph in graphs if graph[0] == 0 for node in graph[2] for number in node[2][1::2]}
    return cells | {layer[1] for graph in graphs if graph[0] == 1 for layer in graph[1]}


def _kind(trial: Trial) -> str:
    if is_retraining(trial):
        return "trained again"
    return "control" if is_control(trial) else "random" if is_random(trial) else "chosen"


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and isfinite(value) else None
