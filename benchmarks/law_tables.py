"""Writes docs/laws.md: every built-in law's networks, counted.

    python benchmarks/law_tables.py

Power laws scale EfficientNet-B0 by s = 2, 4 and 8 times the multiply-adds; tables have all of their rows.
"""

from collections.abc import Iterator
from pathlib import Path

from nasbench.core.law import Ladder
from nasbench.core.registry import laws
from nasbench.engine.config import ModelOverrides, ScaleConfig
from nasbench.engine.parts.models import resolve
from nasbench.engine.scaling.chosen import choose
from nasbench.engine.scaling.law_rows import LawRow, published_top1, row_of
from nasbench.engine.scaling.laws import law_named, of_rung

OUT = Path(__file__).resolve().parent.parent / "docs" / "laws.md"
HEAD = """# Scaling laws

Written by `python benchmarks/law_tables.py`. `nasbench list laws` lists the laws, and `nasbench scale` takes one:

    nasbench scale --law dWr --phi 2                     # a power law: about 4 times the multiply-adds
    nasbench scale --law dWr --base regnet_y_4gf --phi 2 # of any base that has the dimensions
    nasbench scale --law tinynet --published c           # a row of a published table
    nasbench scale --law resnet-rs --target-macs 10G     # the largest row within a budget
    nasbench scale --law compound,dWr,dwr --growths 1,2,4,8 --out laws.svg   # side by side
    nasbench scale --search --law dwr --dataset digits   # the exponents of a power law, searched
    nasbench scale --law my_module:MY_LAW                # your own: nasbench.core.law.PowerLaw or Ladder

A power law multiplies depth, width and resolution by s = 2^phi to fixed powers, so that depth x width² x resolution²
= s before rounding; `compound` has EfficientNet's 1.2, 1.1, 1.15, whose product is 1.92. How numbers are rounded is a
part of the law: `dWr`, `dwr` and the single dimensions round as pycls does (repeats and channels to the nearest,
pixels to multiples of 4), `compound` as EfficientNet's released code.

Activations are elements of the outputs of layers with weights, those of a single place left out (Dollar et al. 2021);
memory is the size of all layers' outputs for one image in float32. Top-1 is published, of the network in its
published form.

What is not verified and so not asserted: TinyNet's rule (a Gaussian process whose numbers were never published; its
table stands here), EfficientNetV2's ranges of progressive learning in the paper, and accuracies of EfficientNet-X
(its released networks have other blocks than B0, which the rows scale here).
"""
NAMES = ("", "depth", "width", "px", "params", "GMACs", "activations, M", "memory, MB", "top-1, %")
COLUMNS = f"| {' | '.join(NAMES)} |\n{'|---' * len(NAMES)}|\n"


def main() -> None:
    parts = [HEAD]
    for name in laws.names():
        parts.append(f"\n## {name}\n\n{laws.describe(name)}.\n\n{COLUMNS}" + "".join(map(_line, _rows(name))))
        print(name, flush=True)
    OUT.write_text("".join(parts), encoding="utf-8")


def _rows(name: str) -> Iterator[LawRow]:
    law = law_named(name)
    if isinstance(law, Ladder):
        base = resolve(law.base, ModelOverrides())
        for rung in law.rungs:
            top1 = published_top1(law, rung, base)
            yield row_of(name, rung.name, of_rung(base, law, rung), law.multipliers(rung), top1)
        return
    base = resolve(ScaleConfig().base, ModelOverrides())
    for phi in (1, 2, 3):
        chosen = choose(ScaleConfig(law=name, phi=phi), base)
        yield row_of(name, f"s = {2**phi}", chosen.scaled, chosen.multipliers)


def _line(row: LawRow) -> str:
    top1 = "" if row.top1 is None else f"{row.top1:g}"
    counts = f"{row.params:,} | {row.macs / 1e9:.3f} | {row.activations / 1e6:.2f} | {row.activation_bytes / 1e6:.0f}"
    return f"| {row.point} | {row.depth:.3g} | {row.width:.3g} | {row.pixels} | {counts} | {top1} |\n"


if __name__ == "__main__":
    main()
