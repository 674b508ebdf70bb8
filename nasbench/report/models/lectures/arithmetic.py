"""The arithmetic of slides, counted: markdown tables of what is printed, of what is counted, and of why they differ."""

from collections.abc import Sequence
from dataclasses import dataclass

from nasbench.profile import Layer, Profile, profile
from nasbench.report.models.lectures.activations import of_zoo
from nasbench.report.models.lectures.printed import (
    FEWER,
    GOOGLENET,
    NAIVE,
    NAIVE_TOTAL,
    REDUCED,
    REDUCED_TOTAL,
    VGG,
    VGG_MEGABYTES,
    VGG_TOTAL,
    Operations,
)

MEMORY = ("alexnet", "vgg16", "googlenet", "resnet50", "densenet121", "mobilenet_v2", "efficientnet_b0", "vit_b_16")
"""Networks of the table of activation memory."""
FLOAT32_BYTES = 4
BUILT = ("Conv2d", "MaxPool2d", "Linear")


@dataclass(frozen=True)
class Counted:
    """A row of GoogLeNet: weights without biases, and multiply-adds."""

    weights: int
    macs: int


def page() -> str:
    """The page `docs/lectures_arithmetic.md`."""
    return "\n\n".join([INTRODUCTION, vgg(), inception(), googlenet(), fewer(), memory()]) + "\n"


INTRODUCTION = """# The arithmetic of the slides

Written by `python benchmarks/lectures.py`. Each table sets what lectures and papers print beside what is counted here,
and says why they differ. One multiply-add counts as one; memory is float32.
The lectures' page: [lectures](lectures.md)."""


def vgg_rows() -> list[tuple[str, int, int]]:
    """(row, numbers of the output, weights) of VGG-16 as counted, in the order of the printed table."""
    found = [layer for layer in _profile("vgg16").layers if layer.type in BUILT]
    image = 3 * 224**2
    return [
        ("INPUT", image, 0),
        *((row.layer, layer.activations, layer.weights) for row, layer in zip(VGG[1:], found, strict=True)),
    ]


def vgg() -> str:
    """VGG-16's table of memory and parameters."""
    rows = vgg_rows()
    lines = [
        (printed.layer, printed.memory, f"{numbers:,}", f"{printed.weights:,}", f"{weights:,}")
        for printed, (_, numbers, weights) in zip(VGG, rows, strict=True)
    ]
    numbers, weights = sum(row[1] for row in rows), sum(row[2] for row in rows)
    megabytes = numbers * FLOAT32_BYTES / 1e6
    lines.append(("total", VGG_TOTAL, f"{numbers:,}", "138M", f"{weights:,}"))
    lines.append(("in float32", " or ".join(VGG_MEGABYTES), f"{megabytes:.1f} MB", "", ""))
    apart = of_zoo("vgg16", inplace=False).outputs // FLOAT32_BYTES
    return (
        "## VGG-16: memory and parameters\n\n`nasbench profile zoo:vgg16`\n\n"
        + table(("layer", "numbers, printed", "numbers, counted", "weights, printed", "weights, counted"), lines)
        + f"\n\nEvery row agrees. The printed total of {VGG_TOTAL} numbers is not the sum of its own rows, which "
        f"come to {numbers / 1e6:.2f}M and {megabytes:.0f} MB; 24M numbers are 96 MB of 10^6 bytes, and 91.6 of "
        "2^20: the 93 of an older edition is neither. Nor is it the sum with every ReLU's output as a tensor of "
        f"its own ({apart / 1e6:.1f}M). Biases add 13,416 parameters, which the printed rows leave out: "
        "138,357,544 in all."
    )


def inception() -> str:
    """The operations of the lectures' Inception module."""
    naive, reduced = sum(each.macs for each in NAIVE), sum(each.macs for each in REDUCED)
    twice = reduced + _largest_3x3(REDUCED).macs
    lines = [
        *(("naive", _text(each), f"{each.macs:,}") for each in NAIVE),
        ("naive", f"**printed {NAIVE_TOTAL}**", f"**{naive:,}**"),
        *(("with reductions", _text(each), f"{each.macs:,}") for each in REDUCED),
        ("with reductions", f"**printed {REDUCED_TOTAL}**", f"**{reduced:,}**"),
    ]
    return (
        "## An Inception module of 28 x 28 x 256\n\n`nasbench profile zoo:inception_naive`, `nasbench profile "
        "zoo:inception_reduced`\n\n"
        + table(("module", "convolution", "multiply-adds"), lines)
        + f"\n\nThe naive module agrees. The rows with reductions come to {reduced / 1e6:.2f}M, not "
        f"{REDUCED_TOTAL}. With the 3x3 convolution counted twice they come to {twice / 1e6:.2f}M, so that is the "
        f"likely slip. The saving is a factor of {naive / reduced:.2f}, not of {naive / twice:.2f}."
    )


WHY = {
    "conv1": "the two printed numbers fit each other (2.7K weights at 112 x 112 places), but not 7 x 7 x 3 x 64 "
    "weights",
    "4a": "ops agree; weights 1 % below",
    "4c": "ops agree, and need the counted weights: a misprint",
    "4d": "ops agree; weights 2 % below",
    "4e": "ops agree; weights 1 % below",
    "5a": "the two printed numbers fit each other (1072K at 7 x 7 places), but not the row's own channels",
    "5b": "ops agree; weights 1 % below",
}
"""Of the rows of GoogLeNet whose printed numbers are not the counted ones."""


def googlenet_rows() -> dict[str, Counted]:
    """The rows of GoogLeNet's table as counted."""
    found: dict[str, list[Layer]] = {}
    names = [row.row for row in GOOGLENET]
    stem = iter((names[0], names[1], names[1]))
    modules = iter(names[2:-1])
    row_of: dict[str, str] = {}
    for layer in _profile("googlenet").layers:
        if layer.weights:
            top = layer.name.split(".branches.")[0]
            if ".branches." in layer.name:
                row = row_of.get(top) or row_of.setdefault(top, next(modules))
            else:
                row = names[-1] if layer.type == "Linear" else next(stem)
            found.setdefault(row, []).append(layer)
    return {
        row: Counted(sum(layer.weights for layer in layers), sum(layer.macs for layer in layers))
        for row, layers in found.items()
    }


def googlenet() -> str:
    """GoogLeNet's table of parameters and operations."""
    counted = googlenet_rows()
    lines = [
        (
            row.row,
            row.params,
            f"{counted[row.row].weights:,}",
            f"{counted[row.row].weights / 1024:,.0f}K",
            f"{counted[row.row].weights / 1000:,.0f}k",
            row.operations,
            f"{counted[row.row].macs / 1e6:,.1f}M",
            WHY.get(row.row, "agrees"),
        )
        for row in GOOGLENET
    ]
    total = Counted(sum(row.weights for row in counted.values()), sum(row.macs for row in counted.values()))
    lines.append(
        (
            "total",
            "",
            f"{total.weights:,}",
            f"{total.weights / 1024:,.0f}K",
            f"{total.weights / 1000:,.0f}k",
            "",
            f"{total.macs / 1e6:,.1f}M",
            "",
        )
    )
    heading = (
        *("row", "params, printed", "weights, counted", "in 1,024", "in 1,000", "ops, printed", "MACs, counted"),
        "why they differ",
    )
    return (
        "## GoogLeNet, row by row\n\n`nasbench profile zoo:googlenet`. Weights are without biases, of which the "
        "convolutions have 7,280 and the classifier 1,000.\n\n"
        + table(heading, lines)
        + "\n\nThe paper's K is 1,024. All operations but conv1's and 5a's agree, so the channels are the released "
        "ones: with them the network has the 6,998,552 parameters of Caffe's."
    )


def fewer() -> str:
    """How many times fewer parameters GoogLeNet has."""
    import zoo

    ours = zoo.entry("googlenet").card.params
    assert ours is not None
    lines = []
    for network, name, printed, theirs, five in FEWER:
        params = zoo.entry(network).card.params
        assert params is not None
        lines.append((name, f"{printed}", f"{theirs / five:.1f}", f"{params:,}", f"{params / ours:.1f}"))
    heading = (
        "GoogLeNet against",
        "times fewer, printed",
        "by the printed 5M",
        "its parameters",
        "times fewer, counted",
    )
    return (
        '## "12 and 27 times fewer parameters"\n\n`nasbench zoo googlenet`, `nasbench zoo alexnet_two_tower`, '
        "`nasbench zoo vgg16`\n\n"
        + table(heading, lines)
        + f"\n\nThe factors rest on 5 million parameters. GoogLeNet has {ours:,}, and the rows of its paper's own "
        "table add up to 6,798K, which is 6.96 million."
    )


def memory() -> str:
    """Activation memory with and without in-place ReLUs."""
    lines = []
    for name in MEMORY:
        there, apart = of_zoo(name), of_zoo(name, inplace=False)
        lines.append(
            (
                name,
                *(
                    f"{value / 1e6:,.1f}"
                    for value in (
                        there.outputs,
                        apart.outputs,
                        there.inference,
                        apart.inference,
                        there.training,
                        apart.training,
                    )
                ),
            )
        )
    heading = (
        "network",
        "all outputs",
        "not in place",
        "inference, peak",
        "not in place",
        "kept for training",
        "not in place",
    )
    return (
        "## Activation memory, with and without in-place ReLUs\n\nMB (10^6 bytes) of float32 for one image, the "
        "image included; parameters, gradients and the kernels' workspace come on top. *All outputs* is what "
        "slides add up. *Inference* frees an output when its last reader is done. *Training* keeps what the "
        "backward pass reads (of two images, halved): inputs of convolutions, normalisations and dense layers, "
        "outputs of ReLUs, the indices of poolings.\n\n"
        + table(heading, lines)
        + "\n\nWhere ReLUs are in place (the first five networks), they take a fifth to a half off the sum of the "
        "outputs, a little off the peak of two networks, and nothing off what training keeps: a ReLU's backward "
        "pass reads its output, a convolution's or normalisation's reads its input, and nobody reads what lies "
        "between. Slides double the forward figure for training; what is kept is about the forward figure "
        "itself, and gradients of outputs are freed as the backward pass goes."
    )


def table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A markdown table."""
    lines = ["| " + " | ".join(heading) + " |", "|" + "---|" * len(heading)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def _profile(name: str) -> Profile:
    import zoo
    from nasbench.blank import blank

    entry = zoo.entry(name)
    with blank():
        network = entry.build(entry.card.task)
    return profile(network, entry.card.task)


def _text(each: Operations) -> str:
    return f"{each.kernel}x{each.kernel}, {each.maps} maps of {each.channels}"


def _largest_3x3(rows: Sequence[Operations]) -> Operations:
    return next(row for row in rows if row.kernel == 3)
