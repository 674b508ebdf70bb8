"""The layout of a chain of layers: one below the other, with an arc for each skip connection.

A layer that reads the one before it gets a straight arrow from it. Arcs from layers of even number lie on the left,
the others on the right. Lengths are in SVG user units.
"""

from dataclasses import dataclass

from nasbench.core.graph import ChainGraph, ChainLayer
from nasbench.core.shown import shortened
from nasbench.report.models.cells.layout import LINE, LONGEST, PAD, Box, Role, text_width

HEIGHT = LINE + PAD
STEP = HEIGHT + 20.0
"""From the top of a layer to the top of the next one."""
REACH = 26.0
REACH_PER_LAYER = 11.0
"""How far the control points of an arc lie from the layers; the arc itself reaches three quarters of that."""


@dataclass(frozen=True)
class Arc:
    """An edge from layer `source` to layer `target`, of the places (x0, y0) and (x1, y1), both on the same side.

    `reach` is how far its control points lie to the right, or to the left if negative. 0: a straight arrow downwards.
    """

    source: int
    target: int
    x0: float
    y0: float
    x1: float
    y1: float
    reach: float


@dataclass(frozen=True)
class ChainLayout:
    """Where everything of a chain lies, in its own coordinates, which start at (0, 0)."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    arcs: tuple[Arc, ...]


def lay_out_chain(graph: ChainGraph) -> ChainLayout:
    """The layout of a chain of layers."""
    lines = [_line(layer) for layer in graph.layers]
    width = max(text_width(line) for line in lines) + 2 * PAD
    edges = [(source, target) for target, layer in enumerate(graph.layers) for source in layer.reads]
    left = max((_reach(source, target) for source, target in edges if _is_left(source, target)), default=0.0)
    right = max((_reach(source, target) for source, target in edges if not _is_left(source, target)), default=0.0)
    x = 0.75 * left
    boxes = tuple(
        Box(x, index * STEP, width, HEIGHT, (line,), _role(layer, index, len(lines)), layer.operation)
        for index, (layer, line) in enumerate(zip(graph.layers, lines, strict=True))
    )
    arcs = tuple(_arc(boxes, source, target) for source, target in edges)
    return ChainLayout(x + width + 0.75 * right, boxes[-1].y + HEIGHT, boxes, arcs)


def _arc(boxes: tuple[Box, ...], source: int, target: int) -> Arc:
    """An arc leaves in the lower third of a layer's side, and enters in the upper third of a later one's."""
    above, below = boxes[source], boxes[target]
    if target == source + 1:
        middle = above.x + above.width / 2
        return Arc(source, target, middle, above.y + HEIGHT, middle, below.y, 0.0)
    is_left = _is_left(source, target)
    x = above.x if is_left else above.x + above.width
    reach = _reach(source, target)
    return Arc(source, target, x, above.y + 0.7 * HEIGHT, x, below.y + 0.3 * HEIGHT, -reach if is_left else reach)


def _is_left(source: int, target: int) -> bool:
    return source % 2 == 0 and target > source + 1


def _reach(source: int, target: int) -> float:
    return 0.0 if target == source + 1 else REACH + REACH_PER_LAYER * (target - source)


def _line(layer: ChainLayer) -> str:
    text = shortened(layer.operation, LONGEST)
    return f"{layer.name}: {text}" if layer.name else text


def _role(layer: ChainLayer, index: int, total: int) -> Role:
    if not layer.reads and index == 0:
        return "input"
    return "output" if index == total - 1 else "operation"
