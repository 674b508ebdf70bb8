"""The built-in recipes. A number that changes is a new version: results are ranked together within a recipe and version
only.
"""

from nasbench.core.recipe import Recipe
from nasbench.core.registry import recipes

# The paper states 20 epochs, a cosine over them, momentum 0.9, an L2 penalty, N = 2, and crop and flip (appendix A.3
# and A.6). It
# does not state F, the batch size, the rate or the penalty's weight. Chosen here, and why:
# F = 32, the smallest of its final CIFAR networks ("6 @ 768" has 768 / 24 = 32);
# batch 32 and rate 0.025, penalty 5e-4, clipping at 5: what the authors' released CIFAR training has, the only
# documented anchor;
# no drop path, and no auxiliary head: both help long trainings of large networks, and cost a 20-epoch child some of its
# speed.
# Whitening is per channel over the data set, crops are from images padded with zeros (the paper upsamples to 40
# pixels).
NASNET_PROXY = Recipe(
    name="nasnet_proxy",
    version=1,
    epochs=20,
    batch_size=32,
    lr_peak=0.025,
    lr_schedule="cosine",
    optimizer="sgd",
    momentum=0.9,
    weight_decay=5e-4,
    grad_clip_norm=5.0,
    pad_crop=4,
    flip=True,
    mixed_precision=True,
    channels_last=True,
    cells=2,
    filters=32,
    source="Zoph et al. 2018 (arXiv:1707.07012), appendix A.6; batch, rate, penalty and clipping of the released "
    "CIFAR training",
)
recipes.register("nasnet_proxy")(NASNET_PROXY)

# N = 1, F = 8 and 2,048 images make a CIFAR-10 child of some 35 CPU-seconds (35 % correct), one of digits of 5. With so
# few steps
# (128, or 74) small batches and a high rate count: on digits, eight random cells reach 94 % at batch 32 and rate 0.1,
# 87 % at 0.05,
# 74 % at batch 64. No augmentation, which two epochs cannot use. channels_last trains twice as fast on CPUs. The
# normalisations'
# momentum is 0.1: EfficientNet-B0 on digits at 32 px is 96 % right with it, 8 % with its own 0.01, whose statistics lag
# behind.
QUICK = Recipe(
    name="quick",
    version=2,
    epochs=2,
    batch_size=32,
    lr_peak=0.1,
    lr_schedule="one_cycle",
    optimizer="sgd",
    momentum=0.9,
    nesterov=True,
    weight_decay=5e-4,
    grad_clip_norm=5.0,
    bn_momentum=0.1,
    channels_last=True,
    train_images=2048,
    val_images=1000,
    cells=1,
    filters=8,
    base_depth=0.33,
    base_width=0.25,
    source="a look at the whole path; no published counterpart",
)
recipes.register("quick")(QUICK)
