"""`nasbench scale --law A,B`: laws side by side, from one base, over a range of multiply-adds."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from math import prod
from typing import Any

from nasbench.core.compound import Multipliers
from nasbench.core.errors import UsageError
from nasbench.core.law import Ladder, Law, Rung
from nasbench.core.spec import ModelSpec, Size
from nasbench.engine.config import ScaleConfig
from nasbench.engine.parts.scaled import compound_scale, counted, solve_phi
from nasbench.engine.scaling.laws import law_named, multipliers_at, names_of_laws, of_rung, rounded

GROWTHS = (1.0, 2.0, 4.0, 8.0)
"""Budgets where none are given, as multiples of the base's multiply-adds."""
SLACK = 1.05
"""Rows of a table count as within the range up to so many times beyond its ends."""
PUBLISHED_PIXELS = 224
"""At which most networks were published: rows that are networks then keep the sizes that they were published at."""
FAR = 1.5
"""A row's multiply-adds are first estimated; beyond so many times the range it is not counted."""


@dataclass(frozen=True)
class LawRow:
    """A network of a law. `point` is the row of a table, or the budget; `depth`, `width` are multipliers.

    activations       elements of the outputs of convolutions, and of dense layers at each place, for one image; those
                      of a single place (squeeze-and-excite, the classifier) are left out, as by Dollar et al. 2021
    activation_bytes  of all layers' outputs, float32, for one image (as nasbench profile counts them)
    top1              published accuracy in percent, None where none was published for this network
    """

    law: str
    point: str
    depth: float
    width: float
    pixels: int
    params: int
    macs: int
    activations: int
    activation_bytes: int
    top1: float | None = None


@dataclass(frozen=True)
class LawComparison:
    """The rows, law by law, smaller networks first; `notes` say what could not be compared."""

    base: str
    base_macs: int
    rows: tuple[LawRow, ...]
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The object that `nasbench scale --law A,B --json` prints."""
        rows = [asdict(row) for row in self.rows]
        return {"base": self.base, "base_macs": self.base_macs, "rows": rows, "notes": list(self.notes)}


def growths_of(text: str | None) -> tuple[float, ...]:
    """The budgets of --growths, from the smallest on. UsageError for what is no list of positive numbers."""
    if text is None:
        return GROWTHS
    try:
        found = sorted({float(part) for part in text.split(",")})
    except ValueError:
        found = []
    if not found or not all(0.001 <= each <= 10_000 for each in found):
        raise UsageError(
            f"--growths takes multiples of the base's multiply-adds, divided by commas, from 0.001 to 10000, such as "
            f"1,2,4,8; got {text!r}"
        )
    return tuple(found)


def compare_laws(config: ScaleConfig, base: ModelSpec) -> LawComparison:
    """Counts every law's networks within the budgets. UsageError where no law has any."""
    growths, base_macs = growths_of(config.growths), counted(base).macs
    rows: list[LawRow] = []
    notes: list[str] = []
    for name in names_of_laws(config):
        law = law_named(name)
        if isinstance(law, Ladder):
            low, high = growths[0] * base_macs / SLACK, growths[-1] * base_macs * SLACK
            found = list(_rungs(name, law, base, low, high))
            if not found:
                notes.append(f"{name} has no row from {low:,.0f} to {high:,.0f} multiply-adds; give other --growths")
        else:
            found, left_out = [], ""
            for growth in growths:
                try:
                    found.append(_at_budget(name, law, base, growth, base_macs))
                except UsageError as error:
                    left_out = f"{name} at {growth:g} times the base: {error}"
            notes += [left_out] if left_out else []
        rows += sorted(found, key=lambda row: row.macs)
    if not rows:
        raise UsageError("; ".join(notes))
    return LawComparison(config.base, base_macs, tuple(rows), tuple(notes))


def row_of(law: str, point: str, spec: ModelSpec, multipliers: Multipliers, top1: float | None = None) -> LawRow:
    """The counts of a network of a law."""
    from nasbench.blank import blank
    from nasbench.evaluators.building import build_network
    from nasbench.profile import profile

    with blank():
        network = build_network(spec)
    counts = profile(network, spec.seen_task)
    places = (
        layer.activations
        for layer in counts.layers
        if ("Conv" in layer.type or layer.type == "Linear") and prod(layer.output) > max(layer.output)
    )
    memory = counts.activation_bytes
    depth, width = multipliers.depth, multipliers.width
    return LawRow(law, point, depth, width, spec.pixels, counts.params, counts.macs, sum(places), memory, top1)


def _at_budget(name: str, law: Law, base: ModelSpec, growth: float, base_macs: int) -> LawRow:
    base, at = rounded(base, law), partial(multipliers_at, name, law)
    multipliers = at(solve_phi(base, at, round(growth * base_macs)))
    return row_of(name, f"x {growth:g}", compound_scale(base, multipliers), multipliers)


def _rungs(name: str, law: Ladder, base: ModelSpec, low: float, high: float) -> Iterator[LawRow]:
    start = own_base(law, base)
    for rung in law.rungs:
        if rung.network and not low / FAR <= _estimated(start, law, rung) <= high * FAR:
            continue
        spec = of_rung(start, law, rung)
        macs = counted(spec).macs
        if low <= macs <= high:
            yield row_of(name, rung.name, spec, law.multipliers(rung), published_top1(law, rung, start))


def own_base(law: Ladder, base: ModelSpec) -> ModelSpec:
    """What the rows of a table start from: the base, or the table's own network where rows are networks."""
    if not law.of_networks:
        return base
    published = (base.task.num_classes, base.pixels) == (1000, PUBLISHED_PIXELS)
    task = replace(base.task, image_size=law.pixels if published else base.pixels)
    return ModelSpec("zoo", Size(), task, name=law.base)


def published_top1(law: Ladder, rung: Rung, base: ModelSpec) -> float | None:
    """The published accuracy of a row, if this is its published form."""
    form = (base.name, base.pixels, base.task.num_classes, base.task.channels)
    return rung.top1 if form == (law.base, law.pixels, 1000, 3) and not base.size.is_scaled else None


def _estimated(base: ModelSpec, law: Ladder, rung: Rung) -> float:
    """Multiply-adds by those of the network's card, and the square of the pixels."""
    import zoo

    card = zoo.entry(rung.network).card
    pixels = base.pixels * law.multipliers(rung).resolution
    return float(card.macs or 0) * (pixels / card.task.image_size) ** 2
