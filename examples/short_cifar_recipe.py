"""A recipe of one's own: half a minute to a minute of training on a laptop core, to rank scaled networks on a part of
CIFAR-10.

nasbench scale --search --base resnet18 --dataset cifar10 --recipe examples.short_cifar_recipe:SHORT_CIFAR --workers 2
"""

from nasbench.core.recipe import Recipe

SHORT_CIFAR = Recipe(
    name="short_cifar",
    version=1,
    epochs=3,
    batch_size=64,
    lr_peak=0.1,
    lr_schedule="one_cycle",
    nesterov=True,
    weight_decay=5e-4,
    decay_norm_and_bias=False,
    grad_clip_norm=5.0,
    flip=True,
    bn_momentum=0.1,
    channels_last=True,
    train_images=4000,
    val_images=5000,
    base_width=0.25,  # of ResNet-18: 16 to 128 channels
    source="short enough for a laptop; no published counterpart",
)
