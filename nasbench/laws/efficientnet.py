"""EfficientNet's published table, B0 to B7 (Tan and Le 2019, arXiv:1905.11946, table 2): no powers of one phi."""

from nasbench.core.law import Ladder, Rung
from nasbench.core.registry import laws

EFFICIENTNET = laws.register("efficientnet")(
    Ladder(
        "efficientnet_b0",
        224,
        (
            Rung("b0", 224, 1.0, 1.0, top1=77.1, dropout=0.2),
            Rung("b1", 240, 1.1, 1.0, top1=79.1, dropout=0.2),
            Rung("b2", 260, 1.2, 1.1, top1=80.1, dropout=0.3),
            Rung("b3", 300, 1.4, 1.2, top1=81.6, dropout=0.3),
            Rung("b4", 380, 1.8, 1.4, top1=82.9, dropout=0.4),
            Rung("b5", 456, 2.2, 1.6, top1=83.6, dropout=0.4),
            Rung("b6", 528, 2.6, 1.8, top1=84.0, dropout=0.5),
            Rung("b7", 600, 3.1, 2.0, top1=84.3, dropout=0.5),
        ),
        source="Tan and Le 2019, table 2",
    )
)
