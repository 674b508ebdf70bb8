"""ResNet-RS's ladder (Bello et al. 2021, arXiv:2103.07579): depth where a long training overfits, resolution slowly.

Rows are layers@pixels; the depth multipliers are their layers over those of the first.
"""

from nasbench.core.law import Ladder, Rung
from nasbench.core.registry import laws

ROWS = (
    (50, 160, 78.8, 0.25),
    (101, 160, 80.3, 0.25),
    (101, 192, 81.2, 0.25),
    (152, 192, 82.0, 0.25),
    (152, 224, 82.2, 0.25),
    (152, 256, 83.0, 0.25),
    (200, 256, 83.4, 0.25),
    (270, 256, 83.8, 0.25),
    (350, 256, 84.0, 0.25),
    (350, 320, 84.2, 0.25),
    (420, 320, 84.4, 0.4),
)
"""Layers, pixels, top-1 accuracy, dropout."""

RESNET_RS = laws.register("resnet-rs")(
    Ladder(
        "resnet_rs_50",
        160,
        tuple(
            Rung(f"{layers}@{pixels}", pixels, layers / 50, 1.0, f"resnet_rs_{layers}", top1, dropout)
            for layers, pixels, top1, dropout in ROWS
        ),
        source="tensorflow/tpu, resnet_rs",
    )
)
