"""Recipes after airbench (Jordan 2024, arXiv:2404.00498; github.com/KellerJordan/cifar10-airbench), for any network.

Taken over: Muon for the filters, scales of normalisations that stay as they are, alternating flips, a linear rate,
label smoothing 0.2, reflected borders, large batches; and where a network has layers for it, a first layer that
whitens, convolutions that start as the identity, and logits that start divided by the number of features
(`train/starts`). Not taken over, as they belong to airbench's own network: its layers, and the six views of its
evaluation. So the accuracies that airbench reaches are not promised for another network.

If a number changes, the version changes: results are ranked within one recipe and version.
"""

from dataclasses import replace

from nasbench.core.recipe import Recipe
from nasbench.core.registry import recipes

AIRBENCH = Recipe(
    name="airbench",
    version=2,
    epochs=8,  # airbench94_muon
    batch_size=500,  # airbench94_muon: 2,000; a network of its speed alone trains on so few steps
    lr_peak=0.24,  # airbench94_muon
    lr_schedule="linear",  # airbench94_muon
    optimizer="muon",
    momentum=0.6,  # airbench94_muon
    label_smoothing=0.2,  # airbench94
    pad_crop=2,  # airbench94
    pad_mode="reflect",  # airbench94
    flip=True,
    alternate_flip=True,  # arXiv:2404.00498, section 3.6
    freeze_norm_scales=True,  # airbench94
    whiten=True,  # airbench94
    identity_start=True,  # airbench94
    scale_logits=True,  # airbench94; the head's rate is that of `train/optimizers/muon`
    mixed_precision=True,
    channels_last=True,
    source="Jordan 2024 (arXiv:2404.00498) and airbench94_muon, without what belongs to its network; the batch is not",
)
recipes.register("airbench")(AIRBENCH)

AIRBENCH_LONG = replace(
    AIRBENCH,
    name="airbench_long",
    epochs=45,  # airbench96
    pad_crop=4,  # airbench96
    cutout=12,  # airbench96
    source="Jordan 2024 (arXiv:2404.00498), airbench96 with Muon, without what belongs to its network",
)
recipes.register("airbench_long")(AIRBENCH_LONG)
