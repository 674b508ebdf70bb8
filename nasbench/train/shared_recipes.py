"""Recipes for supernets, and for the networks that ENAS found with one. If a number changes, the version changes:
results are ranked within one recipe and version.
"""

from dataclasses import replace

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

# For an hour instead of a day. Crops and flips keep a short training back: NAS-Bench-201 at 16 pixels, N = 1, after
# 7,030 updates of `uniform` paths, ranks 300 cells with a tau of 0.08 with them, and of 0.43 without; both at a rate of
# 0.1 (docs/experiments.md).
SUPERNET_FAST = replace(
    SUPERNET,
    name="supernet_fast",
    epochs=30,
    lr_peak=0.1,
    pad_crop=0,
    flip=False,
    source="short trainings of shared weights; no published counterpart",
)
recipes.register("supernet_fast")(SUPERNET_FAST)

# ENAS's released code for CIFAR-10: its scripts of the micro search, and what the code does with their values. The
# penalty of the code is l2_reg times the sum of all squared weights, so the decay of its gradient is 2 * l2_reg. The
# code asks for gradients that are clipped at 5, and does not clip them: here they are not clipped either. It crops from
# 4 padded pixels and flips, without cutout. Drop path is given and not applied to shared weights. Its auxiliary head
# has no counterpart in the supernets here. 16 bits and the order in memory are this project's.
ENAS_MICRO = Recipe(
    name="enas_micro",
    version=1,
    epochs=150,  # released; four whole periods of the rate
    batch_size=160,  # released
    lr_peak=0.05,  # released
    lr_final=0.0005,  # released; the paper's precursor has 0.001
    lr_schedule="cosine_restarts",  # released
    lr_restart_epochs=10.0,  # released: T_0
    lr_restart_factor=2.0,  # released: T_mul
    optimizer="sgd",  # released
    momentum=0.9,  # released
    nesterov=True,  # released
    weight_decay=2e-4,  # released: l2_reg = 1e-4
    decay_norm_and_bias=True,  # released: all variables
    pad_crop=4,  # released
    flip=True,  # released
    bn_eps=1e-5,  # released
    dropout=0.1,  # released: before the classifier, kept with 0.9
    mixed_precision=True,
    channels_last=True,
    cells=2,  # released: 6 normal cells
    filters=20,  # released
    source="Pham et al. 2018 (arXiv:1802.03268), released CIFAR-10 micro search",
)
recipes.register("enas_micro")(ENAS_MICRO)

ENAS_MACRO = replace(
    ENAS_MICRO,
    name="enas_macro",
    epochs=310,  # released; five whole periods of the rate
    batch_size=128,  # released
    weight_decay=5e-4,  # released: l2_reg = 2.5e-4
    cells=None,  # the depth is the space's: 12 layers
    filters=36,  # released
    source="Pham et al. 2018 (arXiv:1802.03268), released CIFAR-10 macro search",
)
recipes.register("enas_macro")(ENAS_MACRO)

# The released final trainings, of all 50,000 images; here the validation images are left out, as in every recipe.
ENAS_MICRO_FINAL = replace(
    ENAS_MICRO,
    name="enas_micro_final",
    epochs=630,  # released; six whole periods of the rate
    batch_size=144,  # released
    lr_final=0.0001,  # released
    weight_decay=4e-4,  # released: l2_reg = 2e-4
    cutout=16,  # released
    drop_path=0.4,  # released: kept with 0.6 at the end
    drop_path_schedule="linear",  # released
    bn_momentum=0.1,  # released: a decay of 0.9
    dropout=0.2,  # released: kept with 0.8
    aux_weight=0.4,  # released
    cells=None,  # released: --cells 5 --filters 36 --aux-head, which are the network's
    filters=None,
    source="Pham et al. 2018 (arXiv:1802.03268), released CIFAR-10 micro final training",
)
recipes.register("enas_micro_final")(ENAS_MICRO_FINAL)

ENAS_MACRO_FINAL = replace(
    ENAS_MICRO_FINAL,
    name="enas_macro_final",
    epochs=310,  # released
    batch_size=100,  # released
    lr_final=0.001,  # released
    cutout=0,  # released: none
    drop_path=0.0,  # released: none in this space
    dropout=0.5,  # released: kept with 0.5
    source="Pham et al. 2018 (arXiv:1802.03268), released CIFAR-10 macro final training",
)
recipes.register("enas_macro_final")(ENAS_MACRO_FINAL)
