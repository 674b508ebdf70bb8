"""Recipes for whole trainings: of the papers, and short modern ones for ranking and for photographs.

If a number changes, the version changes: results are ranked within one recipe and version.
"""

from nasbench.core.recipe import Recipe
from nasbench.core.registry import recipes

# He et al. 2016, section 4.2: batch 128, rate 0.1 divided by 10 at 32k and 48k of 64k iterations, decay 1e-4, 45,000
# images for training: 64,000 x 128 / 45,000 = 182 epochs. The warm-up of the 110-layer network at 0.01 is left out.
RESNET_CIFAR = Recipe(
    name="resnet_cifar",
    version=1,
    epochs=182,
    batch_size=128,
    lr_peak=0.1,
    lr_schedule="steps",
    lr_milestones=(0.5, 0.75),
    weight_decay=1e-4,
    pad_crop=4,
    flip=True,
    mixed_precision=True,
    channels_last=True,
    source="He et al. 2016 (arXiv:1512.03385), section 4.2",
)
recipes.register("resnet_cifar")(RESNET_CIFAR)

# Zagoruyko and Komodakis 2016, section 3: batch 128, 200 epochs, rate 0.1 multiplied by 0.2 at epochs 60, 120 and 160,
# Nesterov momentum, decay 5e-4. DenseNet's training (Huang et al. 2017) differs: batch 64, 300 epochs, the rate divided
# by 10 at a half and at three quarters, decay 1e-4.
WRN_CIFAR = Recipe(
    name="wrn_cifar",
    version=1,
    epochs=200,
    batch_size=128,
    lr_peak=0.1,
    lr_schedule="steps",
    lr_milestones=(0.3, 0.6, 0.8),
    lr_gamma=0.2,
    nesterov=True,
    weight_decay=5e-4,
    pad_crop=4,
    flip=True,
    mixed_precision=True,
    channels_last=True,
    source="Zagoruyko and Komodakis 2016 (arXiv:1605.07146), section 3",
)
recipes.register("wrn_cifar")(WRN_CIFAR)

# "released": from the comments and defaults of the CIFAR network in slim's nasnet.py.
NASNET_CIFAR = Recipe(
    name="nasnet_cifar",
    version=2,
    epochs=600,  # released
    batch_size=32,  # released
    lr_peak=0.025,  # released
    lr_schedule="cosine",  # released: a single period
    optimizer="sgd",  # A.6
    momentum=0.9,  # A.6
    weight_decay=5e-4,  # released
    decay_norm_and_bias=False,  # released: the penalty is on the kernels of convolutions and of the classifier
    grad_clip_norm=5.0,  # released
    label_smoothing=0.0,  # released: none
    pad_crop=4,  # A.3: crops of 32 pixels from 40 (upsampled there, padded here)
    flip=True,  # A.3
    cutout=16,  # the paper's '+ cutout' rows; 16 pixels as in DeVries and Taylor 2017
    drop_path=0.4,  # released: kept with 0.6 at the end
    drop_path_schedule="linear",  # released
    bn_momentum=0.1,  # released: a decay of 0.9
    bn_eps=1e-5,  # released
    dropout=0.0,  # released: kept with 1.0
    aux_weight=0.4,  # released
    mixed_precision=True,
    channels_last=True,
    source="Zoph et al. 2018 (arXiv:1707.07012), appendix A, and the released CIFAR training",
)
recipes.register("nasnet_cifar")(NASNET_CIFAR)

# Not from a paper: what fast CIFAR trainings have in common. One cycle, Nesterov momentum, no decay of norms and
# biases, an average of the weights.
CIFAR_FAST = Recipe(
    name="cifar_fast",
    version=1,
    epochs=15,
    batch_size=128,
    lr_peak=0.2,
    lr_schedule="one_cycle",
    nesterov=True,
    weight_decay=5e-4,
    decay_norm_and_bias=False,
    grad_clip_norm=5.0,
    label_smoothing=0.1,
    pad_crop=4,
    flip=True,
    cutout=8,
    ema_decay=0.99,
    mixed_precision=True,
    channels_last=True,
    source="a short training for ranking; no published counterpart",
)
recipes.register("cifar_fast")(CIFAR_FAST)

# He et al. 2016, section 3.4, and its usual re-implementation: batch 256, rate 0.1 divided by 10 every 30 of 90 epochs,
# decay 1e-4.
IMAGENET = Recipe(
    name="imagenet",
    version=2,
    epochs=90,
    batch_size=256,
    lr_peak=0.1,
    lr_schedule="steps",
    lr_milestones=(1 / 3, 2 / 3),
    weight_decay=1e-4,
    random_resized_crop=0.08,
    flip=True,
    mixed_precision=True,
    channels_last=True,
    source="He et al. 2016 (arXiv:1512.03385), section 3.4; 90 epochs as in PyTorch's reference training",
)
recipes.register("imagenet")(IMAGENET)

# Not from a paper: a short training on photographs, from scratch or from given weights. One cycle, Nesterov momentum,
# crops of at least a third of the area.
PHOTO_FAST = Recipe(
    name="photo_fast",
    version=1,
    epochs=30,
    batch_size=64,
    lr_peak=0.1,
    lr_schedule="one_cycle",
    nesterov=True,
    weight_decay=5e-4,
    decay_norm_and_bias=False,
    grad_clip_norm=5.0,
    label_smoothing=0.1,
    random_resized_crop=0.35,
    flip=True,
    bn_momentum=0.1,
    ema_decay=0.99,
    mixed_precision=True,
    channels_last=True,
    source="a short training on photographs; no published counterpart",
)
recipes.register("photo_fast")(PHOTO_FAST)
