"""Recipes of the networks that won ImageNet's challenge, as their papers have them. If a number changes, the version
changes: results are ranked within one recipe and version.

Three of them divided the rate by 10 by hand when the validation error stopped to improve. Here the schedule `plateau`
does so, after more than LR_PATIENCE epochs without a better validation accuracy. No paper says how long they waited.

Crops: what a paper cuts at random from images of one size, or of a range of sizes, is a random share of the image here
(`random_resized_crop`), whose smallest value is that of the crop from the largest size.
"""

from nasbench.core.recipe import Recipe
from nasbench.core.registry import recipes

LR_PATIENCE = 5
"""Epochs without improvement before a plateau; not from the papers."""

# Krizhevsky et al. 2012, section 5: batch 128, momentum 0.9, decay 5e-4, rate 0.01 divided by 10 when the validation
# error stopped to improve, three times; roughly 90 cycles. Section 4: crops of 224 from 256 pixels ((224 / 256) ** 2 of
# the area), flips, dropout 0.5. The changes of colour along the principal components are left out.
ALEXNET = Recipe(
    name="alexnet",
    version=1,
    epochs=90,
    batch_size=128,
    lr_peak=1e-2,
    lr_final=1e-5,
    lr_schedule="plateau",
    lr_metric="val_accuracy",
    lr_patience=LR_PATIENCE,
    momentum=0.9,
    weight_decay=5e-4,
    random_resized_crop=0.765,
    flip=True,
    dropout=0.5,
    mixed_precision=True,
    channels_last=True,
    source="Krizhevsky et al. 2012 (NIPS), sections 4 and 5; patience and threshold of the plateau are not stated",
)
recipes.register("alexnet")(ALEXNET)

# Simonyan and Zisserman 2015, section 3.1: batch 256, momentum 0.9, penalty 5e-4, dropout 0.5, rate 0.01 divided by 10
# when the validation accuracy stopped to improve, three times; 74 epochs. Scale jitter: crops of 224 pixels from images
# of 256 to 512, so (224 / 512) ** 2 of the area and more.
VGG = Recipe(
    name="vgg",
    version=1,
    epochs=74,
    batch_size=256,
    lr_peak=1e-2,
    lr_final=1e-5,
    lr_schedule="plateau",
    lr_metric="val_accuracy",
    lr_patience=LR_PATIENCE,
    momentum=0.9,
    weight_decay=5e-4,
    random_resized_crop=0.191,
    flip=True,
    dropout=0.5,
    mixed_precision=True,
    channels_last=True,
    source="Simonyan and Zisserman 2015 (arXiv:1409.1556), section 3.1; patience and threshold of the plateau are not "
    "stated",
)
recipes.register("vgg")(VGG)

# Szegedy et al. 2015, section 6: momentum 0.9, the rate 4 % lower every 8 epochs, averaged weights, crops of 8 % to all
# of the area with a ratio of sides between 3/4 and 4/3; section 5: auxiliary heads with weight 0.3, whose dropout of
# 0.7 and the classifier's of 0.4 are the network's own. What the paper leaves open: rate, batch and penalty are those
# of Caffe's released re-training (bvlc_googlenet), and so are its 60 epochs; the decay of the average is 0.999 here.
GOOGLENET = Recipe(
    name="googlenet",
    version=1,
    epochs=60,
    batch_size=32,
    lr_peak=1e-2,
    lr_schedule="exponential",
    lr_gamma=0.96,
    lr_decay_epochs=8.0,
    momentum=0.9,
    weight_decay=2e-4,
    random_resized_crop=0.08,
    flip=True,
    aux_weight=0.3,
    ema_decay=0.999,
    mixed_precision=True,
    channels_last=True,
    source="Szegedy et al. 2015 (arXiv:1409.4842), sections 5 and 6; it does not state rate, batch, penalty and epochs",
)
recipes.register("googlenet")(GOOGLENET)

# He et al. 2016, section 3.4: batch 256, momentum 0.9, decay 1e-4, rate 0.1 divided by 10 when the error plateaus, up
# to 60e4 iterations: 600,000 x 256 / 1,281,167 = 120 epochs. Crops of 224 pixels from images of 256 to 480:
# (224 / 480) ** 2 of the area and more. No dropout. The recipe `imagenet` has steps at fixed epochs instead.
RESNET_PLATEAU = Recipe(
    name="resnet_plateau",
    version=1,
    epochs=120,
    batch_size=256,
    lr_peak=0.1,
    lr_schedule="plateau",
    lr_metric="val_accuracy",
    lr_patience=LR_PATIENCE,
    momentum=0.9,
    weight_decay=1e-4,
    random_resized_crop=0.218,
    flip=True,
    mixed_precision=True,
    channels_last=True,
    source="He et al. 2016 (arXiv:1512.03385), section 3.4; patience and threshold of the plateau are not stated",
)
recipes.register("resnet_plateau")(RESNET_PLATEAU)
