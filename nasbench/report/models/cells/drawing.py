"""Drawings of cells and of chains of layers as SVG, and as DOT for Graphviz.

The SVG has its own white background, so it is readable on dark pages too. Colours mark families of operations; every
box also has its name as text.
"""

from collections.abc import Mapping

from nasbench.core.graph import CellGraph, ChainGraph, Graph
from nasbench.core.shown import escape, shown
from nasbench.report.models.cells.chain import Arc, ChainLayout, lay_out_chain
from nasbench.report.models.cells.layout import FONT, LINE, Box, CellLayout, Edge, label, lay_out, text_width, widths

MARGIN = 24.0
TITLE = 34.0
GAP = 44.0
SIDE_BY_SIDE = 1000.0
FONTS = "Helvetica, Arial, 'DejaVu Sans', sans-serif"
INK, MUTED = "#1f2933", "#5b6773"

FAMILIES: dict[str, tuple[str, str]] = {
    "separable convolution": ("#cfe3f7", "#2f6fab"),
    "dilated convolution": ("#cdeeea", "#1f8a80"),
    "convolution": ("#fde3c8", "#c06a14"),
    "average pooling": ("#dcefcf", "#4d8a2b"),
    "max pooling": ("#f8d3d6", "#b8404b"),
    "identity": ("#e6e8eb", "#68727d"),
    "nothing": ("#ffffff", "#a7b0b9"),
    "other": ("#e6dcf5", "#7454ad"),
}
"""Family of operations -> fill, outline."""

SOURCES = ("#2b4a7a", "#b0561f", "#2f7d5b", "#7a3b80")
"""Colours of the edges from the cell's inputs. Edges from computed states are grey."""
INSIDE = "#7b8794"


def family(operation: str) -> str:
    """The family of an operation, from its name."""
    name = operation.lower()
    marks = (
        ("nothing", ("none", "zero")),
        ("identity", ("identity", "skip")),
        ("separable convolution", ("sep", "depthwise", "dw_")),
        ("dilated convolution", ("dil", "atrous")),
        ("average pooling", ("avg", "average", "mean")),
        ("max pooling", ("max",)),
        ("convolution", ("conv", "1x", "3x", "5x", "7x")),
    )
    return next((kind for kind, signs in marks if any(sign in name for sign in signs)), "other")


def draw_svg(graphs: Mapping[str, Graph]) -> str:
    """All graphs in one SVG: side by side if they fit into SIDE_BY_SIDE, otherwise one below the other."""
    size = widths({title: graph for title, graph in graphs.items() if isinstance(graph, CellGraph)})
    layouts: dict[str, CellLayout | ChainLayout] = {
        title: lay_out_chain(graph) if isinstance(graph, ChainGraph) else lay_out(graph, size)
        for title, graph in graphs.items()
    }
    across = sum(layout.width for layout in layouts.values()) + GAP * (len(layouts) - 1) <= SIDE_BY_SIDE
    x, y, parts = MARGIN, MARGIN, []
    right = bottom = 0.0
    for title, layout in layouts.items():
        ink = _cell(graphs[title], layout) if isinstance(layout, CellLayout) else _chain(layout)
        parts.append(_titled(title, ink, x, y))
        right = max(right, x + layout.width, x + text_width(title, 15))
        bottom = max(bottom, y + TITLE + layout.height)
        x, y = (right + GAP, y) if across else (x, bottom + GAP)
    legend, legend_width, legend_height = _legend(graphs, bottom + 26, max(right, 420.0))
    width, height = max(right, legend_width) + MARGIN, bottom + 26 + legend_height + MARGIN / 2
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" height="{height:.0f}" role="img" aria-label="{escape(", ".join(graphs))}" '
        f'font-family="{FONTS}" font-size="{FONT:.0f}">\n'
        f'<rect width="100%" height="100%" fill="#ffffff"/>\n' + "\n".join(parts) + "\n" + legend + "\n</svg>\n"
    )


def draw_dot(graphs: Mapping[str, Graph]) -> str:
    """The same graphs in DOT, the language of Graphviz."""
    lines = ["digraph cells {", "  rankdir=LR;", '  node [shape=box, style="filled,rounded", fontname="Helvetica"];']
    for number, (title, graph) in enumerate(graphs.items()):
        if isinstance(graph, ChainGraph):
            lines += _chain_in_dot(number, title, graph)
            continue
        ids = {
            state: f"c{number}_s{index}"
            for index, state in enumerate([*graph.inputs, *(node.name for node in graph.nodes)])
        }
        lines += [f"  subgraph cluster_{number} {{", f"    label={_quoted(title)};"]
        lines += [f'    {ids[state]} [label={_quoted(state)}, fillcolor="#f3f5f7"];' for state in graph.inputs]
        for node in graph.nodes:
            lines.append(
                f'    {ids[node.name]} [label={_quoted(f"{node.combine} ({node.name})")}, fillcolor="#ffffff"];'
            )
            for index, (source, operation) in enumerate(node.edges):
                name = f"{ids[node.name]}_o{index}"
                lines.append(
                    f"    {name} [label={_quoted(' '.join(label(operation)))}, "
                    f'fillcolor="{FAMILIES[family(operation)][0]}"];'
                )
                lines += [f"    {ids[source]} -> {name};", f"    {name} -> {ids[node.name]};"]
        lines.append(
            f'    c{number}_out [label={"concatenate" if len(graph.outputs) > 1 else "output"}, fillcolor="#f3f5f7"];'
        )
        lines += [f"    {ids[state]} -> c{number}_out;" for state in graph.outputs]
        lines.append("  }")
    return "\n".join([*lines, "}"]) + "\n"


def _chain_in_dot(number: int, title: str, graph: ChainGraph) -> list[str]:
    lines = [f"  subgraph cluster_{number} {{", f"    label={_quoted(title)};"]
    for index, layer in enumerate(graph.layers):
        text = f"{layer.name}: {layer.operation}" if layer.name else layer.operation
        lines.append(
            f'    c{number}_l{index} [label={_quoted(text)}, fillcolor="{FAMILIES[family(layer.operation)][0]}"];'
        )
        lines += [f"    c{number}_l{source} -> c{number}_l{index};" for source in layer.reads]
    return [*lines, "  }"]


def _titled(title: str, ink: list[str], x: float, y: float) -> str:
    heading = (
        f'<text x="{x:.1f}" y="{y + 13:.1f}" font-size="15" font-weight="bold" fill="{INK}">{escape(title)}</text>'
    )
    return f'{heading}\n<g transform="translate({x:.1f} {y + TITLE:.1f})">\n' + "\n".join(ink) + "\n</g>"


def _chain(layout: ChainLayout) -> list[str]:
    boxes = [_box(box, {box.name: INK}) for box in layout.boxes]
    return [*(_arc(arc, layout) for arc in sorted(layout.arcs, key=lambda arc: -abs(arc.reach))), *boxes]


def _arc(arc: Arc, layout: ChainLayout) -> str:
    """A skip connection in the colour of its source, so that it can be followed; a straight arrow is grey."""
    ends = f"{layout.boxes[arc.source].lines[0]} → {layout.boxes[arc.target].lines[0]}"
    if arc.reach == 0:
        stroke, side = INSIDE, 0.0
        path = f"M{arc.x0:.1f} {arc.y0:.1f}V{arc.y1 - 5:.1f}"
        points = f"{arc.x1:.1f},{arc.y1:.1f} {arc.x1 - 3.2:.1f},{arc.y1 - 6:.1f} {arc.x1 + 3.2:.1f},{arc.y1 - 6:.1f}"
    else:
        stroke, side = SOURCES[arc.source // 2 % len(SOURCES)], 1.0 if arc.reach > 0 else -1.0
        tip = arc.x1 + 5 * side
        path = (
            f"M{arc.x0:.1f} {arc.y0:.1f}C{arc.x0 + arc.reach:.1f} {arc.y0:.1f} "
            f"{arc.x1 + arc.reach:.1f} {arc.y1:.1f} {tip:.1f} {arc.y1:.1f}"
        )
        back = arc.x1 + 6 * side
        points = f"{arc.x1:.1f},{arc.y1:.1f} {back:.1f},{arc.y1 - 3.2:.1f} {back:.1f},{arc.y1 + 3.2:.1f}"
    return (
        f'<g><title>{escape(ends)}</title><path d="{path}" fill="none" stroke="{stroke}" stroke-width="1.3"/>'
        f'<polygon points="{points}" fill="{stroke}"/></g>'
    )


def _cell(graph: Graph, layout: CellLayout) -> list[str]:
    assert isinstance(graph, CellGraph), graph
    strokes = {state: SOURCES[index % len(SOURCES)] for index, state in enumerate(graph.inputs)}
    ink = [
        _edge(edge, strokes.get(edge.source, INSIDE))
        for edge in sorted(layout.edges, key=lambda edge: edge.source in strokes)
    ]
    return [*ink, *(_box(box, strokes) for box in layout.boxes)]


def _edge(edge: Edge, stroke: str) -> str:
    tip = edge.x1 - 5.0 if edge.arrow else edge.x1
    bend = (edge.x0 + tip) / 2
    curve = (
        f'<path d="M{edge.x0:.1f} {edge.y0:.1f}C{bend:.1f} {edge.y0:.1f} {bend:.1f} {edge.y1:.1f} '
        f'{tip:.1f} {edge.y1:.1f}" fill="none" stroke="{stroke}" stroke-width="1.3"/>'
    )
    if not edge.arrow:
        return curve
    points = f"{edge.x1:.1f},{edge.y1:.1f} {edge.x1 - 6:.1f},{edge.y1 - 3.2:.1f} {edge.x1 - 6:.1f},{edge.y1 + 3.2:.1f}"
    return f'{curve}<polygon points="{points}" fill="{stroke}"/>'


def _box(box: Box, strokes: Mapping[str, str]) -> str:
    fill, line = "#ffffff", INK
    if box.role == "operation":
        fill, line = FAMILIES[family(box.name)]
    elif box.role == "input":
        fill, line = "#f3f5f7", strokes[box.name]
    elif box.role == "output":
        fill = "#f3f5f7"
    dashes = ' stroke-dasharray="4 3"' if box.role == "operation" and family(box.name) == "nothing" else ""
    radius = 9 if box.role == "combine" else 4
    rectangle = (
        f'<rect x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" rx="{radius}" '
        f'fill="{fill}" stroke="{line}" stroke-width="1.2"{dashes}/>'
    )
    return f"<g><title>{escape(box.name)}</title>{rectangle}{_text(box)}</g>"


def _text(box: Box) -> str:
    x, middle = box.x + box.width / 2, box.middle
    if box.vertical:
        turn = f' transform="rotate(-90 {x:.1f} {middle:.1f})"'
        return (
            f'<text x="{x:.1f}" y="{middle + 0.35 * FONT:.1f}" text-anchor="middle" '
            f'fill="{INK}"{turn}>{escape(box.lines[0])}</text>'
        )
    first = middle - LINE * (len(box.lines) - 1) / 2 + 0.35 * FONT
    texts = []
    for index, line in enumerate(box.lines):
        colour = MUTED if box.role == "combine" and index == len(box.lines) - 1 else INK
        texts.append(
            f'<text x="{x:.1f}" y="{first + LINE * index:.1f}" text-anchor="middle" '
            f'fill="{colour}">{escape(line)}</text>'
        )
    return "".join(texts)


def _legend(graphs: Mapping[str, Graph], top: float, limit: float) -> tuple[str, float, float]:
    """The legend of the families that occur: its markup, its right end and its height."""
    present = {family(operation) for graph in graphs.values() for operation in _operations(graph)}
    x, y, right, parts = MARGIN, top, 0.0, []
    for kind in (kind for kind in FAMILIES if kind in present):
        room = 19 + 0.85 * text_width(kind, 11)
        if x > MARGIN and x + room > limit:
            x, y = MARGIN, y + 20
        fill, line = FAMILIES[kind]
        parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="13" height="13" rx="3" fill="{fill}" stroke="{line}"/>')
        parts.append(f'<text x="{x + 19:.1f}" y="{y + 10.5:.1f}" font-size="11" fill="{MUTED}">{kind}</text>')
        right = max(right, x + room)
        x += room + 14
    return "".join(parts), right, y - top + 20


def _operations(graph: Graph) -> list[str]:
    """What is coloured by its family. The first and the last of a chain's layers are the image and the classifier."""
    if isinstance(graph, ChainGraph):
        return [layer.operation for layer in graph.layers[1:-1]]
    return [operation for node in graph.nodes for _, operation in node.edges]


def _quoted(text: str) -> str:
    """A label of DOT, which would take backslashes, quotation marks and HTML's entities for its own."""
    return '"' + shown(text).replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;") + '"'
