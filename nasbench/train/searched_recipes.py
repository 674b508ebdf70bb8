"""Published recipes of searched networks: NASNet and EfficientNet on ImageNet, AmoebaNet on CIFAR.

The papers train on many devices and give the batch and the rate of one device. Here `batch_size` is the whole batch and
`lr_peak` its rate. `aux_weight` has an effect only if the network is built with an auxiliary head (`--aux-head`). If a
number changes, the version changes: results are ranked within one recipe and version.
"""

from dataclasses import replace

from nasbench.core.recipe import Recipe
from nasbench.core.registry import recipes

NASNET = "Zoph et al. 2018 (arXiv:1707.07012), appendix A.7, and the released ImageNet training"

NASNET_LARGE = Recipe(
    name="nasnet_large",
    version=2,
    epochs=312,  # released: 250,000 steps of 1,600 images, over which drop path grows
    batch_size=1600,  # released: 16 a replica, 100 replicas
    lr_peak=1.5,  # released: 0.015 times the replicas
    lr_schedule="exponential",  # A.7
    lr_gamma=0.97,  # released
    lr_decay_epochs=2.4,  # released
    optimizer="rmsprop",  # A.7
    momentum=0.9,  # released
    rmsprop_eps=1.0,  # A.7
    weight_decay=5e-5,  # released
    decay_norm_and_bias=False,  # released: the penalty is on the kernels of convolutions and of the classifier
    grad_clip_norm=10.0,  # released
    label_smoothing=0.1,  # A.7
    random_resized_crop=0.08,  # Szegedy et al. 2015, as A.7 says
    flip=True,  # as the crops of A.7
    drop_path=0.3,  # released: kept with 0.7 at the end
    drop_path_schedule="linear",  # released
    dropout=0.5,  # A.7
    bn_momentum=0.0003,  # released: a decay of 0.9997
    bn_eps=1e-3,  # released
    aux_weight=0.4,  # A.7
    ema_decay=0.9999,  # A.7
    mixed_precision=True,
    channels_last=True,
    source=NASNET,
)
recipes.register("nasnet_large")(NASNET_LARGE)

NASNET_MOBILE = replace(
    NASNET_LARGE,
    name="nasnet_mobile",
    epochs=312,  # released: 250,000 steps of 1,600 images
    batch_size=1600,  # released: 32 a replica, 50 replicas
    lr_peak=2.0,  # released: 0.04 times the replicas
    weight_decay=4e-5,  # released
    drop_path=0.0,  # released: kept with 1.0
    dropout=0.5,  # released
)
recipes.register("nasnet_mobile")(NASNET_MOBILE)

EFFICIENTNET = Recipe(
    name="efficientnet",
    version=2,
    epochs=350,  # released: 218,949 steps of 2,048 images
    batch_size=2048,  # released
    lr_peak=0.128,  # released: 0.016 for each 256 images (the paper's 0.256 is for 4,096)
    lr_schedule="exponential",  # section 5.2
    lr_gamma=0.97,  # section 5.2
    lr_decay_epochs=2.4,  # section 5.2
    warmup_epochs=5,  # released
    optimizer="rmsprop",  # section 5.2
    momentum=0.9,  # section 5.2
    rmsprop_eps=1e-3,  # released
    weight_decay=1e-5,  # section 5.2
    decay_norm_and_bias=False,  # released: no decay of normalisations; here the few biases do not decay either
    label_smoothing=0.1,  # released
    random_resized_crop=0.08,  # released: Inception's crops
    flip=True,  # released
    policy="autoaugment",  # section 5.2
    drop_path=0.2,  # section 5.2: survival 0.8, linear in depth
    drop_path_schedule="constant",  # Huang et al. 2016: it does not grow over time
    ema_decay=0.9999,  # released
    mixed_precision=True,
    channels_last=True,
    source="Tan and Le 2019 (arXiv:1905.11946), section 5.2, and the released training; dropout is each network's own",
)
recipes.register("efficientnet")(EFFICIENTNET)

AMOEBANET_CIFAR = Recipe(
    name="amoebanet_cifar",
    version=2,
    epochs=600,  # stated
    batch_size=128,  # stated
    lr_peak=0.024,  # stated
    lr_schedule="cosine",  # stated
    optimizer="sgd",  # stated
    momentum=0.9,  # stated
    weight_decay=5e-4,  # stated
    decay_norm_and_bias=False,  # not stated; NASNet's
    grad_clip_norm=5.0,  # not stated; NASNet's
    pad_crop=4,  # not stated; NASNet's
    flip=True,  # not stated; NASNet's
    cutout=16,  # the '+ cutout' rows of the paper
    drop_path=0.7,  # stated: up to 0.7, taken here as the probability of dropping
    drop_path_schedule="linear",  # stated: ScheduledDropPath
    aux_weight=0.5,  # stated
    mixed_precision=True,
    channels_last=True,
    source="Real et al. 2019 (arXiv:1802.01548), 'augmented' trainings; what it does not state is marked",
)
recipes.register("amoebanet_cifar")(AMOEBANET_CIFAR)
