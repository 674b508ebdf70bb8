"""Recipes for a compound search on images that a laptop core ends: a part of CIFAR-10 at 16 pixels, fifteen epochs, so
that a deeper network has the time to use its depth. Two base sizes.

    nasbench scale --search --base resnet20 --dataset cifar10 --image-size 16 --recipe compound_recipes:SMALL \\
        --trials 24 --to-the-end --front-runners 1 --seeds 3 --run RUN          (benchmarks/ on PYTHONPATH)
"""

from dataclasses import replace

from nasbench.core.recipe import Recipe

SMALL = Recipe(
    name="compound_small",
    version=1,
    epochs=15,
    batch_size=64,
    lr_peak=0.2,
    lr_schedule="one_cycle",
    nesterov=True,
    weight_decay=5e-4,
    decay_norm_and_bias=False,
    grad_clip_norm=5.0,
    flip=True,
    channels_last=True,
    train_images=4000,
    val_images=5000,
    base_width=0.25,  # of ResNet-20: 4 to 16 channels
    source="long enough that depth pays, short enough for a laptop; no published counterpart",
)
LARGE = replace(SMALL, name="compound_large", base_width=0.5)
"""8 to 32 channels."""
