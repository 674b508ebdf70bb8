"""EfficientNetV2's tables (Tan and Le 2021, arXiv:2104.00298; released effnetv2_configs): S, M, L, and B0 to B3.

S, M and L follow no formula: the released code has a list of blocks for each, which is about a base at width 1.4, 1.6,
2.0 and depth 1.8, 2.2, 3.1. The multipliers here are those relative to S. B1 to B3 are B0 by EfficientNet's table.
"""

from nasbench.core.law import Ladder, Rung
from nasbench.core.registry import laws

SOURCE = "google/automl, efficientnetv2"
SML = laws.register("efficientnetv2")(
    Ladder(
        "efficientnetv2_s",
        384,
        (
            Rung("s", 384, 1.0, 1.0, "efficientnetv2_s", 83.9),
            Rung("m", 480, 2.2 / 1.8, 1.6 / 1.4, "efficientnetv2_m", 85.2),
            Rung("l", 480, 3.1 / 1.8, 2.0 / 1.4, "efficientnetv2_l", 85.7),
        ),
        source=SOURCE,
    )
)
B = laws.register("efficientnetv2-b")(
    Ladder(
        "efficientnetv2_b0",
        224,
        (
            Rung("b0", 224, 1.0, 1.0, "efficientnetv2_b0", 78.7),
            Rung("b1", 240, 1.1, 1.0, "efficientnetv2_b1", 79.8),
            Rung("b2", 260, 1.2, 1.1, "efficientnetv2_b2", 80.5),
            Rung("b3", 300, 1.4, 1.2, "efficientnetv2_b3", 82.1),
        ),
        source=SOURCE,
    )
)
