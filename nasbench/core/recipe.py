"""Recipe: the training contract that two results must share to be ranked together."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Recipe:
    """Frozen hyperparameters with a version, which changes whenever a number does.

    Rates are per step at `batch_size` images, which are computed in `accumulate` equal parts; `lr_schedule` runs over
    all epochs, and exponential multiplies by `lr_gamma` once every `lr_decay_epochs`. `bn_momentum` is the share of the
    new statistics; it and `bn_eps` None leave a network its own (an EfficientNet's 0.01 is too slow for a training of
    few steps). `random_resized_crop` is the smallest share of an image's area that a crop keeps, 0 for none; `policy`
    an augmentation of torchvision's; `mixup` and `cutmix` the parameters of their Beta distributions, 0 for none.
    `drop_path` is the final probability of ScheduledDropPath, approached in a `linear` way over the training or
    `constant`; `dropout` None leaves a network its own. `rmsprop_eps` stands inside the root, as in TensorFlow.
    `train_images` and `val_images` None are all there are. `cells` and `filters` (N and F) are the size of a searched
    child where the user gives none; `base_depth` and `base_width` multiply a base whose scaling is searched. `source`
    says where the numbers come from.
    """

    name: str
    version: int
    epochs: int
    batch_size: int
    lr_peak: float
    lr_final: float = 0.0
    lr_schedule: Literal["cosine", "one_cycle", "steps", "exponential", "constant"] = "cosine"
    lr_milestones: tuple[float, ...] = ()
    lr_gamma: float = 0.1
    lr_decay_epochs: float = 1.0
    warmup_epochs: float = 0.0
    optimizer: Literal["sgd", "rmsprop", "adamw"] = "sgd"
    momentum: float = 0.9
    rmsprop_eps: float = 1e-3
    accumulate: int = 1
    nesterov: bool = False
    weight_decay: float = 0.0
    decay_norm_and_bias: bool = True
    grad_clip_norm: float | None = None
    label_smoothing: float = 0.0
    pad_crop: int = 0
    flip: bool = False
    cutout: int = 0
    random_resized_crop: float = 0.0
    policy: Literal["", "autoaugment", "randaugment", "trivialaugment", "augmix"] = ""
    mixup: float = 0.0
    cutmix: float = 0.0
    drop_path: float = 0.0
    drop_path_schedule: Literal["linear", "constant"] = "linear"
    bn_momentum: float | None = None
    bn_eps: float | None = None
    dropout: float | None = None
    aux_weight: float = 0.4
    ema_decay: float | None = None
    train_images: int | None = None
    val_images: int | None = None
    mixed_precision: bool = False
    channels_last: bool = False
    cells: int | None = None
    filters: int | None = None
    base_depth: float = 1.0
    base_width: float = 1.0
    source: str = ""
