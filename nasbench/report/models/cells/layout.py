"""The layout of a cell's drawing: in layers from left to right, without an external program.

States are placed in columns by depth (after Sugiyama, Tagawa and Toda 1981). An edge that passes a column gets its own
lane there. So all curves lie between two columns, and no curve crosses a box. Lengths are in SVG user units (pixels at
scale 1).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf
from typing import Literal
from unicodedata import east_asian_width

from nasbench.core.graph import CellGraph, Node
from nasbench.core.shown import shortened
from nasbench.report.models.cells.columns import Columns

FONT = 12.0
LINE = 15.0
PAD = 8.0
OP_GAP = 7.0
BLOCK_GAP = 20.0
LANE = 12.0
INPUT_GAP = 56.0
INNER = 26.0
BAR = 26.0
WRAP = 18
LONGEST = 60
"""Characters of a name that a box shows; a longer one is shortened."""

Role = Literal["input", "operation", "combine", "output"]


@dataclass(frozen=True)
class Box:
    """A rectangle with lines of text; (x, y) is its top left corner.

    `name` is the name of the operation, state or combination in its search space.
    """

    x: float
    y: float
    width: float
    height: float
    lines: tuple[str, ...]
    role: Role
    name: str
    vertical: bool = False

    @property
    def middle(self) -> float:
        return self.y + self.height / 2


@dataclass(frozen=True)
class Edge:
    """A curve from (x0, y0) to (x1, y1), horizontal at both ends. `source` is the state it starts from."""

    source: str
    x0: float
    y0: float
    x1: float
    y1: float
    arrow: bool


@dataclass(frozen=True)
class CellLayout:
    """A laid-out cell whose top left corner is (0, 0)."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]


@dataclass(frozen=True)
class Widths:
    """The widths of the three kinds of boxes, common to all cells of a drawing."""

    inputs: float
    operations: float
    combines: float


def text_width(text: str, size: float = FONT) -> float:
    """An upper bound of a line's width in common sans-serif fonts. DejaVu Sans is among the widest of them."""
    narrow = sum(character in " .,:;!|'()[]ijlt1-" for character in text)
    wide = sum(east_asian_width(character) in "WF" for character in text)
    return size * (0.66 * (len(text) - narrow - wide) + 0.43 * narrow + 1.3 * wide)


def label(operation: str) -> tuple[str, ...]:
    """The lines of text in a box: `sep_3x3` becomes 'sep 3×3'. Long names are broken at spaces.

    A name that is no such word is written as it is: `$x_{1}$` keeps its underscore.
    """
    text = operation
    if re.fullmatch(r"[a-zA-Z0-9]+(_[a-zA-Z0-9]+)*", operation):
        text = re.sub(r"(?<=\d)x(?=\d)", "×", operation.replace("_", " "))
    text = shortened(text, LONGEST)
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > WRAP:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return tuple(lines)


def widths(graphs: Mapping[str, CellGraph]) -> Widths:
    """The widths of the three kinds of boxes, from their longest texts."""
    nodes = [node for graph in graphs.values() for node in graph.nodes]

    def widest(lines: Iterable[str], least: float) -> float:
        return max([least, *(text_width(line) + 2 * PAD for line in lines)])

    return Widths(
        inputs=widest((name for graph in graphs.values() for name in graph.inputs), 44.0),
        operations=widest((line for node in nodes for _, operation in node.edges for line in label(operation)), 60.0),
        combines=widest((line for node in nodes for line in (*label(node.combine), node.name)), 40.0),
    )


def lay_out(graph: CellGraph, size: Widths) -> CellLayout:
    """Places the boxes and the edges of one cell."""
    columns = Columns(graph)
    order = columns.order()
    middles = _middles(columns, order)
    boxes: list[Box] = []
    edges: list[Edge] = []
    left = 0.0
    right_of: dict[str, float] = {}
    last = len(order)
    for depth, column in enumerate(order):
        if depth:
            left += _channel(columns, order, middles, depth)
        width = size.inputs if depth == 0 else size.operations + INNER + size.combines
        for state in column:
            middle = middles[depth][state]
            if columns.depth[state] < depth:
                edges.append(Edge(state, right_of[state], middles[depth - 1][state], left, middle, arrow=False))
                edges.append(Edge(state, left, middle, left + width, middle, arrow=False))
            elif depth == 0:
                height = _box_height((state,))
                boxes.append(Box(left, middle - height / 2, width, height, (state,), "input", state))
            else:
                node = columns.nodes[state]
                new_boxes, new_edges = _block(node, columns.arranged(node, order), left, middle, size)
                boxes.extend(new_boxes)
                for (source, _), box in zip(columns.arranged(node, order), new_boxes, strict=False):
                    edges.append(
                        Edge(source, right_of[source], middles[depth - 1][source], left, box.middle, arrow=True)
                    )
                edges.extend(new_edges)
        for state in column:
            right_of[state] = left + width
        left += width
    left += 44.0
    ends = [middles[last - 1][state] for state in order[last - 1] if state in graph.outputs]
    bar = _bar(graph, ends, left)
    boxes.append(bar)
    edges.extend(
        Edge(state, right_of[state], middles[last - 1][state], left, middles[last - 1][state], arrow=True)
        for state in order[last - 1]
        if state in graph.outputs
    )
    edges.append(Edge("", bar.x + BAR, bar.middle, bar.x + BAR + 26, bar.middle, arrow=True))
    return _from_origin(boxes, edges)


def _middles(columns: Columns, order: list[list[str]]) -> list[dict[str, float]]:
    """The vertical middle of each member of each column: as close to its connected members as the spacing allows."""
    connected: dict[tuple[int, str], list[tuple[int, str]]] = {
        (depth, state): [] for depth, column in enumerate(order) for state in column
    }
    for depth, column in enumerate(order):
        for state in column:
            for source in columns.sources(state, depth):
                connected[depth, state].append((depth - 1, source))
                connected[depth - 1, source].append((depth, state))
    middles: list[dict[str, float]] = [
        _spread(columns, depth, column, [0.0] * len(column)) for depth, column in enumerate(order)
    ]
    depths = list(range(len(order)))
    for _ in range(24):
        for depth in (*depths, *reversed(depths)):
            wanted = []
            for state in order[depth]:
                near = [middles[other][name] for other, name in connected[depth, state]]
                wanted.append(sum(near) / len(near) if near else middles[depth][state])
            middles[depth] = _spread(columns, depth, order[depth], wanted)
    _level_lanes(columns, order, middles)
    return _without_empty_bands(columns, middles)


def _level_lanes(columns: Columns, order: list[list[str]], middles: list[dict[str, float]]) -> None:
    """Moves all lanes of a state to the same height if their neighbours leave room, so that long edges are straight."""
    for state in columns.depth:
        lanes = [depth for depth, column in enumerate(order) if state in column and columns.depth[state] < depth]
        low, high = -inf, inf
        for depth in lanes:
            place = order[depth].index(state)
            if place > 0:
                above = order[depth][place - 1]
                low = max(low, middles[depth][above] + _distance(columns, depth, above, state))
            if place + 1 < len(order[depth]):
                below = order[depth][place + 1]
                high = min(high, middles[depth][below] - _distance(columns, depth, state, below))
        if lanes and low <= high:
            ends = [middles[columns.depth[state]][state], middles[lanes[-1]][state]]
            wanted = min(ends, key=lambda end: abs(min(max(end, low), high) - end))
            for depth in lanes:
                middles[depth][state] = min(max(wanted, low), high)


def _without_empty_bands(columns: Columns, middles: list[dict[str, float]]) -> list[dict[str, float]]:
    """The same middles, with every empty horizontal band reduced to one gap.

    Such bands appear between parts of the cell that are not connected.
    """
    spans = sorted(
        (middle - _member_height(columns, state, depth) / 2, middle + _member_height(columns, state, depth) / 2)
        for depth, column in enumerate(middles)
        for state, middle in column.items()
    )
    cuts: list[tuple[float, float]] = []
    reached = spans[0][1]
    for top, bottom in spans:
        if top - reached > INPUT_GAP:
            cuts.append((top, top - reached - BLOCK_GAP))
        reached = max(reached, bottom)
    return [
        {state: middle - sum(cut for top, cut in cuts if middle > top) for state, middle in column.items()}
        for column in middles
    ]


def _distance(columns: Columns, depth: int, above: str, below: str) -> float:
    """The minimum distance between the middles of two neighbours in a column."""
    gap = INPUT_GAP if depth == 0 else BLOCK_GAP
    if columns.depth[above] < depth and columns.depth[below] < depth:
        gap = LANE / 2
    return (_member_height(columns, above, depth) + _member_height(columns, below, depth)) / 2 + gap


def _spread(columns: Columns, depth: int, column: list[str], wanted: list[float]) -> dict[str, float]:
    """The middles closest to `wanted` (least squares) that keep the order and the minimum distances.

    Isotonic regression with the pool-adjacent-violators algorithm.
    """
    offset, offsets = 0.0, [0.0]
    for above, below in pairwise(column):
        offset += _distance(columns, depth, above, below)
        offsets.append(offset)
    pools: list[tuple[float, int]] = []
    for want, shift in zip(wanted, offsets, strict=False):
        mean, count = want - shift, 1
        while pools and pools[-1][0] > mean:
            other, size = pools.pop()
            mean, count = (mean * count + other * size) / (count + size), count + size
        pools.append((mean, count))
    flat = [mean for mean, count in pools for _ in range(count)]
    return {state: mean + shift for state, mean, shift in zip(column, flat, offsets, strict=False)}


def _member_height(columns: Columns, state: str, depth: int) -> float:
    if columns.depth[state] < depth:
        return LANE
    if depth == 0:
        return _box_height((state,))
    node = columns.nodes[state]
    heights = [_box_height(label(operation)) for _, operation in node.edges]
    return max(_combine_height(), sum(heights) + OP_GAP * (len(heights) - 1))


def _block(
    node: Node, arranged: list[tuple[str, str]], left: float, middle: float, size: Widths
) -> tuple[list[Box], list[Edge]]:
    """The boxes of a state (its operations, then its combination), and the edges between them."""
    heights = [_box_height(label(operation)) for _, operation in arranged]
    top = middle - (sum(heights) + OP_GAP * (len(heights) - 1)) / 2
    boxes = []
    for (_, operation), height in zip(arranged, heights, strict=True):
        boxes.append(Box(left, top, size.operations, height, label(operation), "operation", operation))
        top += height + OP_GAP
    right = left + size.operations
    height = _combine_height()
    combine = Box(
        right + INNER,
        middle - height / 2,
        size.combines,
        height,
        (*label(node.combine), node.name),
        "combine",
        node.combine,
    )
    step = min(8.0, height / (len(boxes) + 1))
    ends = [middle + step * (index - (len(boxes) - 1) / 2) for index in range(len(boxes))]
    edges = [Edge("", right, box.middle, right + INNER, end, arrow=True) for box, end in zip(boxes, ends, strict=True)]
    return [*boxes, combine], edges


def _bar(graph: CellGraph, ends: list[float], left: float) -> Box:
    """The cell's output: a bar that spans all edges into it."""
    text = "concatenate" if len(graph.outputs) > 1 else "output"
    top, bottom = min(ends, default=0.0) - 14, max(ends, default=0.0) + 14
    lacking = max(0.0, text_width(text) + 2 * PAD - (bottom - top))
    return Box(left, top - lacking / 2, BAR, bottom - top + lacking, (text,), "output", text, vertical=True)


def _channel(columns: Columns, order: list[list[str]], middles: list[dict[str, float]], depth: int) -> float:
    """The distance between a column and the previous one. Steeper curves need more width."""
    climbs = [
        abs(middles[depth][state] - middles[depth - 1][source])
        for state in order[depth]
        for source in columns.sources(state, depth)
    ]
    return min(130.0, 44.0 + 0.3 * max(climbs, default=0.0))


def _box_height(lines: Sequence[str]) -> float:
    return LINE * len(lines) + PAD


def _combine_height() -> float:
    return 2 * LINE + PAD


def _from_origin(boxes: list[Box], edges: list[Edge]) -> CellLayout:
    top = min([box.y for box in boxes] + [edge.y0 for edge in edges])
    bottom = max([box.y + box.height for box in boxes] + [edge.y1 for edge in edges])
    right = max([box.x + box.width for box in boxes] + [edge.x1 for edge in edges])
    moved = tuple(Box(**{**vars(box), "y": box.y - top}) for box in boxes)
    shifted = tuple(Edge(**{**vars(edge), "y0": edge.y0 - top, "y1": edge.y1 - top}) for edge in edges)
    return CellLayout(right, bottom - top, moved, shifted)
