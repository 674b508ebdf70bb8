"""`nasbench zoo`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from nasbench.cli.output import tell, tell_json
from nasbench.cli.parse import parse
from nasbench.core.count_text import quantity
from nasbench.core.errors import UsageError
from nasbench.core.file_name import check_path
from nasbench.core.shown import shown

if TYPE_CHECKING:
    from nasbench.engine.parts.networks import Row


@dataclass(frozen=True)
class ZooConfig:
    """Lists the zoo and the published cells of the spaces, or shows one card, or draws what was published.

    Example: nasbench zoo --dataset imagenet --max-macs 600M --plot complexity --out complexity.svg
    """

    name: Annotated[str | None, tyro.conf.Positional] = None
    """A network by name: shows its card."""
    family: str | None = None
    """Only networks of this family."""
    dataset: str | None = None
    """Only networks published on this data set: cifar10 or imagenet."""
    max_params: str | None = None
    """Only networks of at most so many parameters, such as 5M."""
    max_macs: str | None = None
    """Only networks of at most so many multiply-adds, such as 400M."""
    plot: str | None = None
    """complexity: top-1 accuracy against multiply-adds; ilsvrc: the winners' error by year, and people's; efficiency:
    compute to AlexNet's accuracy by year; depth: the winners' layers; scaling: in one dimension or in all;
    pre-training: vision transformers by the images that they were pre-trained on."""
    out: str | None = None
    """The plot's file: .svg or .png."""
    json: bool = False
    """One JSON object on standard output."""


FORMS = (("imagenet", "top1_error"), ("cifar10", "cifar10_error"))


def run(argv: Sequence[str]) -> None:
    """Parses, looks up, prints; draws where asked to."""
    config = parse(ZooConfig, "zoo", argv)
    if (config.plot is None) != (config.out is None):
        raise UsageError("--plot and --out go together: --plot complexity --out complexity.svg")
    if config.name is not None and (
        config.plot or config.family or config.dataset or config.max_params or config.max_macs
    ):
        raise UsageError("filters and plots are for the listing: leave out the name, or leave out the flags")
    if config.plot not in (None, "complexity") and (
        config.family or config.dataset or config.max_params or config.max_macs
    ):
        raise UsageError(
            f"--plot {config.plot} draws what is published of all years: filters are for --plot complexity"
        )
    from nasbench.engine.models.zoo import Filter, check_plot, listing, plot, row_named

    if config.plot and config.out:
        check_path(config.out, "--out")
        check_plot(config.plot, Path(config.out))
    if config.name is not None:
        rows = [row_named(config.name)]
    else:
        rows = listing(Filter(config.family, config.dataset, config.max_params, config.max_macs))
    if config.plot and config.out:
        plot(config.plot, Path(config.out), rows)
    if config.json:
        tell_json({"models": [row.to_json() for row in rows], **({"plot": config.out} if config.out else {})})
    elif config.out:
        tell(config.out)
    elif config.name is not None:
        _print_card(rows[0])
    else:
        _print_list(rows)


def _print_list(rows: "Sequence[Row]") -> None:
    from nasbench.report.common.figure import short_count

    lines: list[tuple[str, ...]] = [("name", "family", "year", "px", "params", "MACs", "top-1", "CIFAR")]
    for row in rows:
        card, doubt = row.card, "" if row.verified else "~"
        counts = ["" if count is None else doubt + short_count(count) for count in (card.params, card.macs)]
        # An error stands beside counts of the same form.
        errors = [_error(row, metric) if row.dataset == dataset else "" for dataset, metric in FORMS]
        pixels = str(card.task.image_size)
        lines.append((shown(row.name), shown(card.family), str(card.year or ""), pixels, *counts, *errors))
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    for line in lines:
        texts = [
            text.ljust(width) if column < 2 else text.rjust(width)
            for column, (text, width) in enumerate(zip(line, widths, strict=True))
        ]
        tell(" ".join(texts).rstrip())
    tell(
        f"{quantity(len(rows), 'network')}. Errors in percent: top-1 on ImageNet, CIFAR-10. ~: "
        "counts not verified; ?: from "
        "memory, not verified."
    )
    tell("One card: nasbench zoo NAME")


def _print_card(row: "Row") -> None:
    card = row.card
    task = card.task
    lines = {
        "family": card.family,
        "paper": card.paper,
        "year": str(card.year or ""),
        "input": f"{task.channels} x {task.image_size} x {task.image_size}, "
        f"{quantity(task.num_classes, 'class', 'classes')}",
        "params": _count(card.params, row.verified),
        "MACs": _count(card.macs, row.verified),
        "built by": "nasbench" if card.origin == "own" else card.origin,
        "weights": "published (--pretrained)" if row.pretrained else "none published that load here",
        "note": card.note,
    }
    tell(row.name)
    for name, text in lines.items():
        if text:
            tell(f"  {name:<9} {text}")
    for result in card.results:
        doubt = "  (from memory, not verified)" if result.tag == "M" else ""
        tell(f"  {result.metric}: {result.value:g} %  [{result.tag}] {result.source}{doubt}")


def _count(count: int | None, verified: bool) -> str:
    return "" if count is None else f"{'' if verified else '~'}{count:,}"


def _error(row: "Row", metric: str) -> str:
    result = row.best(metric)
    return "" if result is None else f"{round(result.value, 2):g}{'?' if result.tag == 'M' else ''}"
