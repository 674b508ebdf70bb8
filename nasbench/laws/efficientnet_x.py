"""EfficientNet-X's tables for a TPU and for a GPU (Li et al. 2021, arXiv:2102.05610; released efficientnet_x_builder).

The work of each row is EfficientNet's; it is split in another way, with far smaller images. The rows scale the base
that is given: the released networks have other blocks, so no published accuracy stands beside them.
"""

from nasbench.core.law import Ladder, Rung
from nasbench.core.registry import laws

B0 = "efficientnet_b0"
TPU = laws.register("efficientnet-x-tpu")(
    Ladder(
        B0,
        224,
        (
            Rung("b1", 229, 1.09, 1.05),
            Rung("b2", 244, 1.29, 1.13),
            Rung("b3", 263, 1.62, 1.27),
            Rung("b4", 299, 2.38, 1.54),
            Rung("b5", 332, 2.76, 1.96),
            Rung("b6", 328, 3.01, 2.75),
            Rung("b7", 350, 3.44, 3.26),
        ),
    )
)
GPU = laws.register("efficientnet-x-gpu")(
    Ladder(
        B0,
        224,
        (
            Rung("b1", 229, 1.09, 1.05),
            Rung("b2", 237, 1.24, 1.13),
            Rung("b3", 255, 1.63, 1.31),
            Rung("b4", 282, 2.4, 1.63),
            Rung("b5", 306, 3.29, 1.94),
            Rung("b6", 328, 4.28, 2.25),
            Rung("b7", 350, 5.46, 2.58),
        ),
    )
)
