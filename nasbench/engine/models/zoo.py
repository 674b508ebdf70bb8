"""The zoo and the published cells of the spaces in one listing: filtered, as rows, as one card, as plots."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nasbench.core.count_text import parse_count
from nasbench.core.errors import UsageError, unknown
from nasbench.core.not_written import check_new_file
from nasbench.core.spec import Result
from nasbench.engine.parts.networks import METRICS, Row, rows

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PLOTS = ("complexity", "ilsvrc", "efficiency", "depth", "scaling", "pre-training")
FORMATS = (".svg", ".png")


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
    found = rows()
    families = {row.card.family for row in found}
    if keep.family is not None and keep.family not in families:
        raise unknown("family of networks", keep.family, families, "See: nasbench zoo")
    return [
        row
        for row in found
        if keep.family in (None, row.card.family)
        and (keep.dataset is None or row.published_on(keep.dataset))
        and all(limit is None or (getattr(row.card, count) or limit + 1) <= limit for count, limit in limits.items())
    ]


def row_named(name: str) -> Row:
    """One network by the name that commands take (NAME, zoo:NAME, space:SPACE:PUBLISHED), or by a published name
    alone.
    """
    known = {row.name: row for row in rows()}
    short = {name.rpartition(":")[2]: name for name in known}
    wanted = name.removeprefix("zoo:")
    if wanted not in known and wanted not in short:
        raise unknown("network in the zoo", wanted, known, "See: nasbench zoo")
    return known.get(wanted) or known[short[wanted]]


def plot(kind: str, out: Path, rows: Sequence[Row] = ()) -> None:
    """Draws one of PLOTS into an .svg or .png file. `rows` are what the complexity plot shows."""
    check_plot(kind, out)
    from nasbench.report.common.figure_file import write_figure
    from nasbench.report.models.zoo.plots import PIXELS_PER_INCH

    write_figure(figure(kind, rows), out, out.stem, PIXELS_PER_INCH)


def figure(kind: str, rows: Sequence[Row] = ()) -> "Figure":
    """One of PLOTS. UsageError where none of `rows` belongs on the complexity plot."""
    from nasbench.report.models.zoo import charts
    from nasbench.report.models.zoo import plots as zoo_plots

    published = {
        "ilsvrc": charts.ilsvrc,
        "efficiency": zoo_plots.efficiency,
        "depth": charts.depth,
        "scaling": charts.scaling,
        "pre-training": charts.pre_training,
    }
    if kind in published:
        return published[kind]()
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
    check_new_file(out, "--out", f"{kind}.svg")


def _point(row: Row, result: Result) -> Any:
    from nasbench.report.models.zoo.plots import Point

    card = row.card
    assert card.macs is not None, card
    assert card.params is not None, card
    label = row.name.rpartition(":")[2]
    return Point(
        label, card.family, card.macs, card.params, 100.0 - result.value, verified=row.verified and result.tag != "M"
    )
