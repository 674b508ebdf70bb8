"""RegNet's own rule (Radosavovic et al. 2020, arXiv:2003.13678): depth, w0, wa, wm and the group width are chosen anew
for each budget; images stay at 224 pixels.

The rows are the published ones, built from these numbers (`zoo.families.regnet`); their accuracy is that of
torchvision's first weights, where torchvision has the published widths. The depth multipliers are blocks over those of
the first row, for comparison: no multiplier makes the row.
"""

from nasbench.core.law import Ladder, Rung
from nasbench.core.registry import laws

SOURCE = "torchvision IMAGENET1K_V1"


def _ladder(kind: str, rows: tuple[tuple[str, int, float | None], ...]) -> Ladder:
    first = rows[0]
    return Ladder(
        f"regnet_{kind}_{first[0]}",
        224,
        tuple(Rung(size, 224, blocks / first[1], 1.0, f"regnet_{kind}_{size}", top1) for size, blocks, top1 in rows),
        source=SOURCE,
    )


REGNET_X = laws.register("regnet-x")(
    _ladder(
        "x",
        (
            ("400mf", 22, None),
            ("800mf", 16, 75.212),
            ("1_6gf", 18, 77.04),
            ("3_2gf", 25, 78.364),
            ("8gf", 23, 79.344),
            ("16gf", 22, 80.058),
            ("32gf", 23, 80.622),
        ),
    )
)
REGNET_Y = laws.register("regnet-y")(
    _ladder(
        "y",
        (
            ("400mf", 16, 74.046),
            ("800mf", 14, None),
            ("1_6gf", 27, 77.95),
            ("3_2gf", 21, 78.948),
            ("4gf", 22, None),
            ("8gf", 17, None),
            ("16gf", 18, 80.424),
            ("32gf", 20, 80.878),
        ),
    )
)
