"""Recipes for supernets. If a number changes, the version changes: results are ranked within one recipe and version."""

from nasbench.core.recipe import Recipe
from nasbench.core.registry import recipes

# Dong and Yang's weight-sharing baselines on NAS-Bench-201 (arXiv:2001.00326, released configuration): 100 epochs,
# batches of 64, Nesterov momentum, a cosine from 0.025 to 0.001, penalty 5e-4. Clipping at 5 is from another training
# of the same supernet (Ning et al. 2021, arXiv:2008.03064). Momentum 0.9 and the augmentation are not stated there;
# they are those of the benchmark's own trainings: crops from 4 padded pixels, and flips. Without drop path and
# auxiliary heads: paths change at random as it is.
SUPERNET = Recipe(
    name="supernet",
    version=1,
    epochs=100,
    batch_size=64,
    lr_peak=0.025,
    lr_final=0.001,
    lr_schedule="cosine",
    optimizer="sgd",
    momentum=0.9,
    nesterov=True,
    weight_decay=5e-4,
    grad_clip_norm=5.0,
    pad_crop=4,
    flip=True,
    mixed_precision=True,
    channels_last=True,
    source="Dong and Yang 2020 (arXiv:2001.00326), released weight-sharing configuration; clipping of Ning et al. 2021",
)
recipes.register("supernet")(SUPERNET)
