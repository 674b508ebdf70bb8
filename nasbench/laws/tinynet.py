"""TinyNet A to E (Han et al. 2020, arXiv:2010.14819): smaller than EfficientNet-B0, resolution and depth before width.

The rule is a Gaussian process whose numbers were never published, so this is the table. w = sqrt(c / (r**2 * d)) is not
exact for networks this small: the stem and the head, which stay, weigh more.
"""

from nasbench.core.law import Ladder, Rung
from nasbench.core.registry import laws

TINYNET = laws.register("tinynet")(
    Ladder(
        "efficientnet_b0",
        224,
        (
            Rung("a", 192, 1.2, 1.0, top1=76.8, dropout=0.2),
            Rung("b", 188, 1.1, 0.75, top1=75.0, dropout=0.2),
            Rung("c", 184, 0.85, 0.54, top1=71.2, dropout=0.2),
            Rung("d", 152, 0.695, 0.54, top1=67.0, dropout=0.2),
            Rung("e", 106, 0.6, 0.51, top1=59.9, dropout=0.2),
        ),
        rounding="tinynet",
        source="huawei-noah/Efficient-AI-Backbones, tinynet",
    )
)
