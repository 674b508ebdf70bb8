"""Drawings of cells: everything is said, nothing overlaps, no edge runs through a box."""

import re
from itertools import combinations
from random import Random
from xml.etree import ElementTree

import pytest

from nasbench.core.graph import CellGraph, Node
from nasbench.report.models.cells.drawing import draw_dot, draw_svg, family
from nasbench.report.models.cells.layout import Box, CellLayout, label, lay_out, text_width, widths

OPERATIONS = (
    "identity",
    "conv_1x3_3x1",
    "conv_1x7_7x1",
    "dil_3x3",
    "avg_3x3",
    "max_3x3",
    "max_5x5",
    "max_7x7",
    "conv_1x1",
    "conv_3x3",
    "sep_3x3",
    "sep_5x5",
    "sep_7x7",
)


def cell(blocks: list[tuple[str, int, str, int, str]], outputs: list[int]) -> CellGraph:
    names = ["h", "h_prev", *(f"block_{index}" for index in range(len(blocks)))]
    nodes = tuple(
        Node(names[index + 2], ((names[input_1], op_1), (names[input_2], op_2)), combine)
        for index, (op_1, input_1, op_2, input_2, combine) in enumerate(blocks)
    )
    return CellGraph(("h", "h_prev"), nodes, tuple(names[output] for output in outputs))


NASNET_A = {
    "Normal cell": cell(
        [
            ("sep_5x5", 0, "sep_3x3", 1, "add"),
            ("sep_5x5", 1, "sep_3x3", 1, "add"),
            ("avg_3x3", 0, "identity", 1, "add"),
            ("avg_3x3", 1, "avg_3x3", 1, "add"),
            ("sep_3x3", 0, "identity", 0, "add"),
        ],
        [1, 2, 3, 4, 5, 6],
    ),
    "Reduction cell": cell(
        [
            ("sep_5x5", 0, "sep_7x7", 1, "add"),
            ("max_3x3", 0, "sep_7x7", 1, "add"),
            ("avg_3x3", 0, "sep_5x5", 1, "add"),
            ("identity", 3, "avg_3x3", 2, "add"),
            ("sep_3x3", 2, "max_3x3", 0, "add"),
        ],
        [3, 4, 5, 6],
    ),
}


def random_cell(rng: Random, blocks: int = 5) -> CellGraph:
    rows = [
        (
            rng.choice(OPERATIONS),
            rng.randrange(index + 2),
            rng.choice(OPERATIONS),
            rng.randrange(index + 2),
            rng.choice(("add", "concat")),
        )
        for index in range(blocks)
    ]
    used = {state for row in rows for state in (row[1], row[3])}
    return cell(rows, [state for state in range(blocks + 2) if state not in used])


def drawings() -> list[dict[str, CellGraph]]:
    rng = Random(0)
    random = [
        {"Normal cell": random_cell(rng), "Reduction cell": random_cell(rng, blocks)}
        for blocks in (1, 4, 5, 5, 5, 5, 7, 9)
    ]
    dense = {
        "cell": CellGraph(
            ("in",), (Node("a", (("in", "none"),)), Node("b", (("in", "nor_conv_3x3"), ("a", "skip_connect")))), ("b",)
        )
    }
    return [NASNET_A, dense, *random]


def overlap(a: Box, b: Box) -> bool:
    return a.x < b.x + b.width and b.x < a.x + a.width and a.y < b.y + b.height and b.y < a.y + a.height


def bezier(layout: CellLayout, points: int = 60):
    """Each edge with points along it: a cubic that is level at both ends, as it is drawn."""
    for edge in layout.edges:
        bend = (edge.x0 + edge.x1) / 2
        for step in range(1, points):
            t = step / points
            weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
            x = sum(weight * at for weight, at in zip(weights, (edge.x0, bend, bend, edge.x1), strict=True))
            y = sum(weight * at for weight, at in zip(weights, (edge.y0, edge.y0, edge.y1, edge.y1), strict=True))
            yield edge, x, y


@pytest.mark.parametrize("graphs", drawings())
def test_boxes_and_their_texts_do_not_overlap(graphs):
    size = widths(graphs)
    for graph in graphs.values():
        layout = lay_out(graph, size)
        for a, b in combinations(layout.boxes, 2):
            assert not overlap(a, b), (a, b)
        for box in layout.boxes:
            room, length = (box.height, box.width) if box.vertical else (box.width, box.height)
            assert all(text_width(line) <= room for line in box.lines), box
            assert 15 * len(box.lines) <= length
            assert box.x >= 0
            assert box.y >= -1e-9
            assert box.x + box.width <= layout.width
            assert box.y + box.height <= layout.height + 1e-9


@pytest.mark.parametrize("graphs", drawings())
def test_no_edge_runs_through_a_box(graphs):
    size = widths(graphs)
    for graph in graphs.values():
        layout = lay_out(graph, size)
        for edge, x, y in bezier(layout):
            for box in layout.boxes:
                inside = box.x + 0.5 < x < box.x + box.width - 0.5 and box.y < y < box.y + box.height
                assert not inside, (edge, box)


@pytest.mark.parametrize("graphs", drawings())
def test_every_operation_combination_and_state_is_written(graphs):
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", draw_svg(graphs))
    for title, graph in graphs.items():
        assert title in texts
        assert set(graph.inputs) <= set(texts)
    wanted = [
        line
        for graph in graphs.values()
        for node in graph.nodes
        for _, operation in node.edges
        for line in label(operation)
    ]
    wanted += [name for graph in graphs.values() for node in graph.nodes for name in (node.combine, node.name)]
    for name in set(wanted):
        assert texts.count(name) >= wanted.count(name), name


@pytest.mark.parametrize("graphs", drawings())
def test_every_edge_of_the_cell_arrives(graphs):
    size = widths(graphs)
    for graph in graphs.values():
        layout = lay_out(graph, size)
        for box in layout.boxes:
            arriving = [
                edge
                for edge in layout.edges
                if edge.arrow and edge.x1 == box.x and box.y <= edge.y1 <= box.y + box.height
            ]
            wanted = {"input": 0, "operation": 1, "output": len(graph.outputs)}
            if box.role in wanted:
                assert len(arriving) == wanted[box.role], box
            else:
                assert len(arriving) == next(len(node.edges) for node in graph.nodes if node.name == box.lines[-1])


def test_the_published_cell_is_drawn_with_few_crossings():
    layout = lay_out(NASNET_A["Normal cell"], widths(NASNET_A))
    first = [edge for edge in layout.edges if edge.x0 == layout.boxes[0].width]
    crossings = sum((a.y0 - b.y0) * (a.y1 - b.y1) < 0 for a, b in combinations(first, 2))
    assert crossings <= 1


def test_svg_is_well_formed_and_fetches_nothing():
    graphs = {"a <cell> & more": CellGraph(('h"<&>',), (Node("n<1>", (('h"<&>', "op<&>"),)),), ("n<1>",))}
    for text in (draw_svg(graphs), draw_svg(NASNET_A)):
        root = ElementTree.fromstring(text)
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert "http" not in text.replace('xmlns="http://www.w3.org/2000/svg"', "")
        assert 'fill="#ffffff"' in text
        assert "href" not in text


def test_drawing_is_deterministic():
    assert draw_svg(NASNET_A) == draw_svg(NASNET_A)


def test_dot_has_every_node_and_edge():
    text = draw_dot(NASNET_A)
    assert text.count("{") == text.count("}")
    edges = sum(2 * len(node.edges) for graph in NASNET_A.values() for node in graph.nodes)
    edges += sum(len(graph.outputs) for graph in NASNET_A.values())
    assert text.count(" -> ") == edges
    assert 'label="sep 5×5"' in text


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        ("sep_3x3", "separable convolution"),
        ("dil_3x3", "dilated convolution"),
        ("conv_1x7_7x1", "convolution"),
        ("nor_conv_3x3", "convolution"),
        ("max_5x5", "max pooling"),
        ("avg_pool_3x3", "average pooling"),
        ("skip_connect", "identity"),
        ("none", "nothing"),
        ("squeeze", "other"),
    ],
)
def test_families(operation, kind):
    assert family(operation) == kind


def test_long_names_are_broken_at_spaces():
    assert label("max_pool_3x3") == ("max pool 3×3",)
    assert label("3x3_depthwise_separable_convolution") == ("3×3 depthwise", "separable", "convolution")
