"""A single Inception module of arXiv:1409.4842, figure 2, naive and with reductions: an example from lectures.

The input is 28 x 28 x 256. The output has 128 maps of 1x1, 192 of 3x3 and 96 of 5x5 convolutions, and those of the
pooling. The reduced module adds 1x1 convolutions to 64 maps before 3x3 and 5x5 and after the pooling. Global average
pooling and a classifier complete the network. They add a few thousand multiply-adds to the 854 million (naive) or 271
million (reduced) of the module.
"""

from functools import partial

from torch import nn

from nasbench.core.spec import ModelCard, Task
from zoo.forms import small_only
from zoo.inception_modules import NaiveInception, ReducedInception
from zoo.registry import fixed, register
from zoo.residual import Head

PAPER = "Szegedy et al. 2014, arXiv:1409.4842"
EXAMPLE = Task(num_classes=10, image_size=28, channels=256)
ONE, THREE, FIVE, REDUCED = 128, 192, 96, 64

ONE_MODULE = "it is one module between a stem and a classifier, nothing of it repeated"


class OneModule(nn.Sequential):
    """(B, channels, H, W) -> (B, num_classes)."""

    def __init__(self, task: Task, reduced: bool) -> None:
        module = (
            ReducedInception(task.channels, ONE, REDUCED, THREE, REDUCED, FIVE, REDUCED)
            if reduced
            else NaiveInception(task.channels, ONE, THREE, FIVE)
        )
        super().__init__(module, Head(module.channels, task.num_classes))


NAIVE_CARD = ModelCard(
    name="inception_naive",
    family="inception",
    paper=PAPER,
    year=2014,
    task=EXAMPLE,
    params=1_096_682,
    macs=854_202_944,
    verified="C",
    note="one naive module and a classifier: without reductions its 3x3 and 5x5 see all 256 maps; the module alone "
    "takes 854,196,224 MACs",
)
REDUCED_CARD = ModelCard(
    name="inception_reduced",
    family="inception",
    paper=PAPER,
    year=2014,
    task=EXAMPLE,
    params=351_530,
    macs=271_356_608,
    verified="C",
    note="inception_naive with 1x1 reductions to 64 maps; the module alone takes 271,351,808 MACs, where lectures "
    "print 358M",
)

for _card, _reduced in ((NAIVE_CARD, False), (REDUCED_CARD, True)):
    register(_card, scaled=fixed(ONE_MODULE))(small_only(_card, partial(OneModule, reduced=_reduced), "googlenet"))
