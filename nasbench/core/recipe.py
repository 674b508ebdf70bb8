"""Recipe: the training contract that two results must share to be ranked together."""

from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal

from nasbench.core.errors import UsageError
from nasbench.core.registry import losses, optimizers, recipes, schedules


@dataclass(frozen=True)
class Recipe:
    """Hyperparameters of a training. Raises UsageError for a number outside its interval in `INTERVALS`."""

    name: str
    """The name in logs, reports and error messages."""
    version: int
    """Changes whenever another value changes: results are ranked together within a name and version only."""
    epochs: int
    """Passes over the training images; the schedule and ScheduledDropPath run over all of them."""
    batch_size: int
    """Images of one optimiser step, over all data-parallel processes."""
    lr_peak: float
    """The highest learning rate, per step at `batch_size` images."""
    lr_final: float = 0.0
    """The learning rate at the end of the schedules `cosine` and `one_cycle`, and of each period of `cosine_restarts`;
    the lowest one of `plateau`.
    """
    lr_schedule: str = "cosine"
    """The learning rate over the steps: a name (see `nasbench.train.schedules`) or an import path, package.module:NAME.
    """
    lr_milestones: tuple[float, ...] = ()
    """Schedule `steps`: shares of the whole training after which the rate is multiplied by `lr_gamma`."""
    lr_gamma: float = 0.1
    """Schedules `steps`, `exponential` and `plateau`: the factor of one step down."""
    lr_decay_epochs: float = 1.0
    """Schedule `exponential`: epochs between two steps down."""
    lr_restart_epochs: float = 10.0
    """Schedule `cosine_restarts`: epochs of the first period."""
    lr_restart_factor: float = 2.0
    """Schedule `cosine_restarts`: the length of each period as a multiple of the one before."""
    lr_metric: str = "val_loss"
    """Schedule `plateau`: what must improve: val_loss, val_accuracy, val_top5 or train_loss."""
    lr_patience: int = 10
    """Schedule `plateau`: epochs in a row without improvement that are borne before a step down."""
    lr_threshold: float = 1e-4
    """Schedule `plateau`: an improvement is a change by more than this share of the best value so far."""
    warmup_epochs: float = 0.0
    """Epochs in which the learning rate rises to `lr_peak`."""
    optimizer: str = "sgd"
    """What updates the weights: a name (see `nasbench.train.optimizers`) or an import path, package.module:NAME."""
    momentum: float = 0.9
    """Optimisers `sgd`, `rmsprop` and `muon` (filters): the decay of the velocity."""
    rmsprop_eps: float = 1e-3
    """Optimiser `rmsprop`: epsilon, which stands inside the square root, as in TensorFlow."""
    accumulate: int = 1
    """Each batch is computed in this many equal parts, one after another, which takes less memory."""
    nesterov: bool = False
    """Optimiser `sgd`: Nesterov's momentum."""
    weight_decay: float = 0.0
    """Weight of the decay: an L2 penalty in the gradient for `sgd` and `rmsprop`, decoupled for `adamw`."""
    decay_norm_and_bias: bool = True
    """False: biases and the scales and shifts of normalisations do not decay."""
    grad_clip_norm: float | None = None
    """The largest L2 norm of the whole gradient; longer gradients are scaled down to it. None: no limit."""
    loss: str = "cross_entropy"
    """What is minimised: a name (see `nasbench.train.losses`) or an import path, package.module:NAME."""
    label_smoothing: float = 0.0
    """Loss `cross_entropy`: the share of the target that is spread evenly over all classes (Szegedy et al. 2016)."""
    pad_crop: int = 0
    """Zero pixels added on each side before a crop to the old size at a random place; 0: no crop."""
    pad_mode: Literal["zeros", "reflect"] = "zeros"
    """What `pad_crop` adds: zeros, or the pixels inside the border, mirrored."""
    upsample_crop: int = 0
    """Pixels by which each side of the image is moved out by upsampling, before a crop to the old size at a random
    place: 4 crops images of 32 pixels from 40; 0: no such crop.
    """
    flip: bool = False
    """Mirror each image left to right with probability one half."""
    alternate_flip: bool = False
    """With `flip`, for images in memory: half of the images, drawn once, are mirrored in the first epoch, the others in
    the next, and so on in turns (Jordan 2024, arXiv:2404.00498).
    """
    cutout: int = 0
    """Side in pixels of the square that is set to zero in each image; 0: no square (DeVries and Taylor 2017)."""
    random_resized_crop: float = 0.0
    """The smallest share of the image's area that a random crop keeps before it is resized; 0: no such crop."""
    policy: Literal["", "autoaugment", "randaugment", "trivialaugment", "augmix"] = ""
    """An augmentation policy of torchvision; empty: none."""
    mixup: float = 0.0
    """Parameter of mixup's Beta distribution (Zhang et al. 2018); 0: no mixup."""
    cutmix: float = 0.0
    """Parameter of CutMix's Beta distribution (Yun et al. 2019); 0: no CutMix."""
    drop_path: float = 0.0
    """The final probability of ScheduledDropPath; 0: nothing is dropped."""
    drop_path_schedule: Literal["linear", "constant"] = "linear"
    """linear: the probability grows from 0 over the training; constant: it has its final value from the start."""
    bn_momentum: float | None = None
    """Share of the new batch in the running statistics of batch normalisations; None: each network's own value.

    An EfficientNet's own 0.01 is too slow for a training of few steps.
    """
    bn_eps: float | None = None
    """Epsilon of batch normalisations; None: each network's own value."""
    freeze_norm_scales: bool = False
    """The scales of batch normalisations stay as they start; their shifts learn."""
    whiten: bool = False
    """The layer that reads the image whitens its patches: its filters are set from the training images, and stay."""
    identity_start: bool = False
    """Dense convolutions with a window, but for the first layer, start as the identity as far as they have filters."""
    scale_logits: bool = False
    """Logits start divided by the number of the features that they are made of."""
    dropout: float | None = None
    """Probability of every dropout layer; None: each network's own value."""
    aux_weight: float = 0.4
    """Weight of the loss of each auxiliary head; the main head has weight 1."""
    ema_decay: float | None = None
    """Decay of an exponential moving average of the weights, which is then evaluated and kept; None: no average."""
    train_images: int | None = None
    """Use this many training images; None: all."""
    val_images: int | None = None
    """Use this many validation images; None: all."""
    mixed_precision: bool = False
    """Compute in 16 bits on CUDA devices; other devices compute in float32."""
    channels_last: bool = False
    """Keep images and weights in memory with the channels last."""
    cells: int | None = None
    """N, normal cells a stack, of a searched child, if the user gives none."""
    filters: int | None = None
    """F, filters of the first stack, of a searched child, if the user gives none."""
    base_depth: float = 1.0
    """Depth multiplier of the base network when `nasbench scale --search` uses this recipe."""
    base_width: float = 1.0
    """Width multiplier of that base network."""
    source: str = ""
    """The paper or code that the values come from."""

    def __post_init__(self) -> None:
        for name, interval in INTERVALS.items():
            value = getattr(self, name)
            if value is None and name in OPTIONAL:
                continue
            for number in value if isinstance(value, tuple) else (value,):
                if not _lies_in(number, interval):
                    raise UsageError(f"{name} of recipe {self.name!r} must be a number in {interval}; got {number!r}")

    def to_json(self) -> dict[str, Any]:
        """The values that identify a training, by name.

        Fields that are newer than the first run directories are left out at their defaults, so that earlier trainings
        stay known.
        """
        return {
            name: value
            for name, value in asdict(self).items()
            if name not in NEWER_FIELDS or value != getattr(Recipe, name)
        }


NEWER_FIELDS = (
    *("loss", "lr_restart_epochs", "lr_restart_factor", "upsample_crop"),
    *("lr_metric", "lr_patience", "lr_threshold"),
    *("pad_mode", "alternate_flip", "freeze_norm_scales"),
    *("whiten", "identity_start", "scale_logits"),
)
"""Fields that no run directory of nasbench 0.1.0 has."""

COUNT, SHARE, NOT_NEGATIVE, POSITIVE = "[1, inf)", "[0, 1]", "[0, inf)", "(0, inf)"
INTERVALS: dict[str, str] = {
    **dict.fromkeys(("version", "epochs", "batch_size", "accumulate"), COUNT),
    **dict.fromkeys(("train_images", "val_images", "cells", "filters"), COUNT),
    **dict.fromkeys(("lr_restart_epochs", "lr_restart_factor"), COUNT),
    **dict.fromkeys(("lr_milestones", "label_smoothing", "random_resized_crop", "bn_momentum", "dropout"), SHARE),
    **dict.fromkeys(("drop_path", "ema_decay"), "[0, 1)"),
    **dict.fromkeys(("lr_patience", "lr_threshold"), NOT_NEGATIVE),
    **dict.fromkeys(("lr_final", "warmup_epochs", "momentum", "weight_decay", "aux_weight"), NOT_NEGATIVE),
    **dict.fromkeys(("pad_crop", "upsample_crop", "cutout", "mixup", "cutmix"), NOT_NEGATIVE),
    **dict.fromkeys(("lr_peak", "lr_gamma", "lr_decay_epochs", "rmsprop_eps", "grad_clip_norm", "bn_eps"), POSITIVE),
    **dict.fromkeys(("base_depth", "base_width"), POSITIVE),
}
"""Field -> where its number must lie, or each of its numbers. A square bracket includes the end, a round one does not.
"""

OPTIONAL = frozenset(field.name for field in fields(Recipe) if field.default is None)
"""Fields that may be None."""


def offered_values(recipe: Recipe) -> dict[str, Any]:
    """What losses, optimisers and schedules may name among their parameters: each field, and `recipe` itself."""
    return {**vars(recipe), "recipe": recipe}


def _lies_in(number: object, interval: str) -> bool:
    """False for NaN too, since no comparison with it is true."""
    if not isinstance(number, int | float):
        return False
    low, high = (float(end) for end in interval[1:-1].split(","))
    above = low <= number if interval[0] == "[" else low < number
    return above and (number <= high if interval[-1] == "]" else number < high)


def recipe_named(name: str, epochs: int | None = None) -> Recipe:
    """The recipe with that name or import path; `epochs` replaces its own. UsageError where it names no known part."""
    recipe = recipes.get(name)
    if not isinstance(recipe, Recipe):
        raise UsageError(f"{name!r} is no recipe: it must be a nasbench.core.recipe.Recipe")
    for kind, part in ((losses, recipe.loss), (optimizers, recipe.optimizer), (schedules, recipe.lr_schedule)):
        kind.get(part)  # a wrong name is answered now, not when the training starts
    return replace(recipe, epochs=epochs or recipe.epochs)
