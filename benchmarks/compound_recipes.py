"""Recipes for a compound search on images that a laptop core ends: a part of CIFAR-10 at 16 pixels, fifteen epochs, so
that a deeper network has the time to use its depth. Two base sizes.

    nasbench scale --search --base resnet20 --dataset cifar10 --image-size 16 --recipe compound_recipes:SMALL \\
        --trials 24 --to-the-end --front-runners 1 --seeds 3 --run RUN          (benchmarks/ on PYTHONPATH)
"""

from dataclasses import replace

from examples.short_cifar_recipe import SHORT_CIFAR

SMALL = replace(
    SHORT_CIFAR,
    name="compound_small",
    epochs=15,
    lr_peak=0.2,
    bn_momentum=None,
    source="time enough for depth, short enough for a laptop; no published counterpart",
)
"""Of ResNet-20: 4 to 16 channels."""
LARGE = replace(SMALL, name="compound_large", base_width=0.5)
"""8 to 32 channels."""
