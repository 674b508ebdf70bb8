"""What a trial's network looks like: its space's graphs, a drawing of them, and data for a page's script."""

from collections.abc import Mapping
from typing import Any

from nasbench.core.graph import CellGraph, Graph
from nasbench.core.protocols import Drawable
from nasbench.core.registry import spaces
from nasbench.core.shown import shown
from nasbench.core.stop_signals import from_outside
from nasbench.core.trial import Trial
from nasbench.core.trial_of_run import spec_of
from nasbench.report.models.cells.drawing import draw_svg


def graphs_of(run: Mapping[str, Any], trial: Trial) -> Mapping[str, Graph]:
    """Title -> graph; empty where its space has none, or is not to be had any more."""
    plan = run.get("plan")
    if trial.architecture is None or not isinstance(plan, Mapping):
        return {}
    try:
        part = spaces.get(str(plan["source"]).removeprefix("space:"))
        space = part() if isinstance(part, type) else part
        return dict(space.graphs(spec_of(run, trial))) if isinstance(space, Drawable) else {}
    except BaseException as error:  # a plug-in that is gone or broken must not cost the report
        if from_outside(error):
            raise
        return {}


def drawing_of(run: Mapping[str, Any], trial: Trial) -> str:
    """A drawing of a trial as SVG; empty as `graphs_of`, or where its graphs cannot be drawn."""
    graphs = graphs_of(run, trial)
    try:
        return draw_svg(graphs) if graphs else ""
    except BaseException as error:  # graphs of a plug-in may be no graphs
        if from_outside(error):
            raise
        return ""


class Words:
    """Texts by number, in the order in which they came: a page holds each once."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def number(self, text: object) -> int:
        """The number of a text, which is new or known."""
        return self._numbers.setdefault(shown(text), len(self._numbers))

    def listed(self) -> list[str]:
        """All texts."""
        return list(self._numbers)


def graph_data(graph: Graph, words: Words) -> list[Any]:
    """A graph in few characters.

    [0, inputs, [name, combine, [source, operation, ...]] of each node, outputs] for a cell, and
    [1, [name, operation, [place read, ...]] of each layer] for a chain; texts by their numbers in `words`.
    """
    number = words.number
    if isinstance(graph, CellGraph):
        nodes = [
            [number(node.name), number(node.combine), [number(text) for edge in node.edges for text in edge]]
            for node in graph.nodes
        ]
        return [0, list(map(number, graph.inputs)), nodes, list(map(number, graph.outputs))]
    return [1, [[number(layer.name), number(layer.operation), list(layer.reads)] for layer in graph.layers]]
