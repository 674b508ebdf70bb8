"""Published networks of stages as data: MobileNet v1 and v2, MnasNet A1 and B1, EfficientNet B0.

The numbers are those of the papers' tables and figures.
"""

from dataclasses import replace

from nasbench.nn.mbconv import Blueprint, Stage

MOBILENET_V1 = Blueprint(  # table 1; ReLU6 as in the released code
    stem=32,
    stages=tuple(
        Stage("sepconv", 3, stride, 1, channels, repeats, skip="none")
        for stride, channels, repeats in ((1, 64, 1), (2, 128, 2), (2, 256, 2), (2, 512, 6), (2, 1024, 2))
    ),
    head=0,
    activation="relu6",
)
MOBILENET_V2 = Blueprint(  # table 2
    stem=32,
    stages=(
        Stage("mbconv", 3, 1, 1, 16, 1),
        Stage("mbconv", 3, 2, 6, 24, 2),
        Stage("mbconv", 3, 2, 6, 32, 3),
        Stage("mbconv", 3, 2, 6, 64, 4),
        Stage("mbconv", 3, 1, 6, 96, 3),
        Stage("mbconv", 3, 2, 6, 160, 3),
        Stage("mbconv", 3, 1, 6, 320, 1),
    ),
    head=1280,
    activation="relu6",
    dropout=0.2,
    head_shrinks=False,
)
MNASNET_A1 = Blueprint(  # figure 7
    stem=32,
    stages=(
        Stage("mbconv", 3, 1, 1, 16, 1, skip="none"),
        Stage("mbconv", 3, 2, 6, 24, 2),
        Stage("mbconv", 5, 2, 3, 40, 3, se_ratio=0.25),
        Stage("mbconv", 3, 2, 6, 80, 4),
        Stage("mbconv", 3, 1, 6, 112, 2, se_ratio=0.25),
        Stage("mbconv", 5, 2, 6, 160, 3, se_ratio=0.25),
        Stage("mbconv", 3, 1, 6, 320, 1),
    ),
    head=1280,
    activation="relu",
    dropout=0.2,
)
MNASNET_B1 = replace(
    MNASNET_A1,
    stages=(
        Stage("mbconv", 3, 1, 1, 16, 1, skip="none"),
        Stage("mbconv", 3, 2, 3, 24, 3),
        Stage("mbconv", 5, 2, 3, 40, 3),
        Stage("mbconv", 5, 2, 6, 80, 3),
        Stage("mbconv", 3, 1, 6, 96, 2),
        Stage("mbconv", 5, 2, 6, 192, 4),
        Stage("mbconv", 3, 1, 6, 320, 1),
    ),
)
EFFICIENTNET_B0 = Blueprint(  # table 1; the epsilon and momentum of the released code
    stem=32,
    stages=(
        Stage("mbconv", 3, 1, 1, 16, 1, se_ratio=0.25),
        Stage("mbconv", 3, 2, 6, 24, 2, se_ratio=0.25),
        Stage("mbconv", 5, 2, 6, 40, 2, se_ratio=0.25),
        Stage("mbconv", 3, 2, 6, 80, 3, se_ratio=0.25),
        Stage("mbconv", 5, 1, 6, 112, 3, se_ratio=0.25),
        Stage("mbconv", 5, 2, 6, 192, 4, se_ratio=0.25),
        Stage("mbconv", 3, 1, 6, 320, 1, se_ratio=0.25),
    ),
    head=1280,
    activation="swish",
    dropout=0.2,
    bn_eps=1e-3,
    bn_momentum=0.01,
)
