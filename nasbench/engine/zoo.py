"""The zoo and the published cells of the spaces in one listing: filtered, as rows, as one card, as plots."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from nasbench.core.count_text import parse_count
from nasbench.core.errors import UsageError, unknown
from nasbench.core.protocols import PublishedCells
from nasbench.core.registry import spaces
from nasbench.core.spec import ModelCard, Result, Size, Task

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PLOTS = ("complexity", "ilsvrc", "efficiency")
FORMATS = (".svg", ".png")
METRICS: dict[str, tuple[str, ...]] = {
    "imagenet": ("top1_error", "top5_error"),
    "cifar10": ("cifar10_error", "cifar10_error_cutout"),
}


@runtime_checkable
class Carded(Protocol):
    """A space with cards of its published networks."""

    def cards(self) -> Mapping[str, ModelCard]:
        """Name -> card."""


@dataclass(frozen=True)
class Row:
    """A network of the listing. `name` is the MODEL that commands take; `pretrained` says whether published weights
    load.
    """

    name: str
    card: ModelCard
    pretrained: bool = False

    @property
    def verified(self) -> bool:
        """Whether the counts are verified."""
        return bool(self.card.verified)

    @property
    def dataset(self) -> str:
        """The data set of the form that the counts are of, or nothing."""
        return (
            {1000: "imagenet", 10: "cifar10"}.get(self.card.task.num_classes, "")
            if self.card.task.channels == 3
            else ""
        )

    def best(self, metric: str) -> Result | None:
        """The published result: the first that is verified, else the first."""
        found = [result for result in self.card.results if result.metric == metric]
        return next((result for result in found if result.tag != "M"), found[0] if found else None)

    def published_on(self, dataset: str) -> bool:
        """Whether results on the data set were published, or its form is the published one."""
        return self.dataset == dataset or any(self.best(metric) for metric in METRICS[dataset])

    def to_json(self) -> dict[str, Any]:
        card = self.card
        return {
            "name": self.name,
            "family": card.family,
            "year": card.year,
            "params": card.params,
            "macs": card.macs,
            "verified": self.verified,
            "image_size": card.task.image_size,
            "channels": card.task.channels,
            "num_classes": card.task.num_classes,
            "origin": card.origin,
            "paper": card.paper,
            "note": card.note,
            "pretrained": self.pretrained,
            "results": [vars(result) for result in card.results],
        }


@dataclass(frozen=True)
class Filter:
    """What a listing keeps; None keeps everything. Counts as people write them: 400M, 4.5G."""

    family: str | None = None
    dataset: str | None = None
    max_params: str | None = None
    max_macs: str | None = None


def listing(keep: Filter | None = None) -> list[Row]:
    """Networks of the zoo, by year, then the published cells of every space. UsageError for a family or data set that
    is not there.
    """
    keep = keep or Filter()
    if keep.dataset is not None and keep.dataset not in METRICS:
        raise unknown("data set with published results", keep.dataset, METRICS)
    limits = {
        "params": parse_count(keep.max_params, "--max-params") if keep.max_params else None,
        "macs": parse_count(keep.max_macs, "--max-macs") if keep.max_macs else None,
    }
    rows = [*_zoo(), *_cells()]
    families = {row.card.family for row in rows}
    if keep.family is not None and keep.family not in families:
        raise unknown("family of networks", keep.family, families, "See: nasbench zoo")
    return [
        row
        for row in rows
        if keep.family in (None, row.card.family)
        and (keep.dataset is None or row.published_on(keep.dataset))
        and all(limit is None or (getattr(row.card, count) or limit + 1) <= limit for count, limit in limits.items())
    ]


def row_named(name: str) -> Row:
    """One network by the name that commands take (NAME, zoo:NAME, space:SPACE:PUBLISHED), or by a published name
    alone.
    """
    rows = {row.name: row for row in listing()}
    short = {name.rpartition(":")[2]: name for name in rows}
    wanted = name.removeprefix("zoo:")
    if wanted not in rows and wanted not in short:
        raise unknown("network in the zoo", wanted, rows, "See: nasbench zoo")
    return rows.get(wanted) or rows[short[wanted]]


def plot(kind: str, out: Path, rows: Sequence[Row] = ()) -> None:
    """Draws one of PLOTS into an .svg or .png file. `rows` are what the complexity plot shows."""
    check_plot(kind, out)
    from nasbench.report.zoo.plots import save

    save(figure(kind, rows), out)


def figure(kind: str, rows: Sequence[Row] = ()) -> "Figure":
    """One of PLOTS. UsageError where none of `rows` belongs on the complexity plot."""
    from nasbench.report.zoo import plots as zoo_plots

    if kind != "complexity":
        return zoo_plots.ilsvrc() if kind == "ilsvrc" else zoo_plots.efficiency()
    large = [row for row in rows if row.dataset == "imagenet" and row.card.macs and row.card.params]
    points = [_point(row, result) for row in large if (result := row.best("top1_error"))]
    if not points:
        raise UsageError(
            "none of these networks has both multiply-adds and a published top-1 error on ImageNet: nothing to plot"
        )
    return zoo_plots.complexity(points)


def check_plot(kind: str, out: Path) -> None:
    """UsageError where the plot is not one of PLOTS or the file cannot be written."""
    if kind not in PLOTS:
        raise unknown("plot", kind, PLOTS)
    if out.suffix not in FORMATS:
        raise UsageError(f"--out takes a file that ends in {' or '.join(FORMATS)}; got {str(out)!r}")
    if not out.parent.is_dir():
        raise UsageError(f"no directory {str(out.parent)!r} for --out; make it first")


def _point(row: Row, result: Result) -> Any:
    from nasbench.report.zoo.plots import Point

    card = row.card
    assert card.macs is not None, card
    assert card.params is not None, card
    label = row.name.rpartition(":")[2]
    return Point(
        label, card.family, card.macs, card.params, 100.0 - result.value, verified=row.verified and result.tag != "M"
    )


def _zoo() -> Iterable[Row]:
    import zoo.registry

    for name, entry in zoo.registry.entries().items():
        yield Row(name, entry.card, entry.load_pretrained is not None)


def _cells() -> Iterable[Row]:
    for name in spaces.names():
        yield from _cells_of(name)


@cache
def _cells_of(name: str) -> tuple[Row, ...]:
    """The published cells of a space; counted once in a process where the space keeps no cards."""
    space = spaces.make(name)
    if not isinstance(space, PublishedCells):
        return ()
    cards = space.cards() if isinstance(space, Carded) else {}
    return tuple(
        Row(f"space:{name}:{published}", cards.get(published) or _counted(name, space, published, size))
        for published, size in space.published().items()
    )


def _counted(space_name: str, space: PublishedCells, published: str, size: Size) -> ModelCard:
    """A card with counts alone, for a space that keeps none."""
    import torch

    from nasbench.profile import count

    task = getattr(
        space, "published_task", Task() if size.skeleton != "imagenet" else Task(num_classes=1000, image_size=224)
    )
    with torch.device("meta"):
        network = space.build_published(published, size, task)
    params, macs = count(network, task)
    return ModelCard(published, space_name, paper="", year=0, task=task, params=params, macs=macs, verified="C")
