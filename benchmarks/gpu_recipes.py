"""Short trainings for `benchmarks/gpu.py`: it measures how many fit into an hour, not what they reach."""

from dataclasses import replace

from nasbench.core.recipe import Recipe
from nasbench.core.registry import recipes

_PROXY: Recipe = recipes.get("nasnet_proxy")

CHILD = replace(_PROXY, name="gpu_child", version=1, epochs=1, train_images=9600, val_images=2000)
"""A child of 100 steps on CIFAR-10, at the paper's size of a child."""
SMALL_CHILD = replace(recipes.get("quick"), name="small_child", version=1, epochs=1, train_images=128, val_images=64)
"""A child of a few steps on digits."""
SHARED = replace(recipes.get("supernet"), name="gpu_supernet", version=1, batch_size=256)
"""A supernet in batches of four times as many images: what a GPU waits for is how often it is given work."""
