"""Recipe: the training contract that two results must share to be ranked together."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Recipe:
    """Frozen hyperparameters with a version, which changes whenever a number does.

    Rates are per step at `batch_size`; `lr_schedule` runs over all epochs. `train_images` and `val_images` None are all there are.
    `drop_path` is the final probability of ScheduledDropPath; `dropout` None leaves a network its own. `cells` and `filters` (N and F)
    are the size of a searched child where the user gives none; they mean nothing elsewhere. `source` says where the numbers come from.
    """

    name: str
    version: int
    epochs: int
    batch_size: int
    lr_peak: float
    lr_final: float = 0.0
    lr_schedule: Literal["cosine", "one_cycle", "steps", "constant"] = "cosine"
    lr_milestones: tuple[float, ...] = ()
    lr_gamma: float = 0.1
    warmup_epochs: float = 0.0
    optimizer: Literal["sgd", "rmsprop", "adamw"] = "sgd"
    momentum: float = 0.9
    nesterov: bool = False
    weight_decay: float = 0.0
    decay_norm_and_bias: bool = True
    grad_clip_norm: float | None = None
    label_smoothing: float = 0.0
    pad_crop: int = 0
    flip: bool = False
    cutout: int = 0
    drop_path: float = 0.0
    dropout: float | None = None
    aux_weight: float = 0.4
    ema_decay: float | None = None
    train_images: int | None = None
    val_images: int | None = None
    mixed_precision: bool = False
    channels_last: bool = False
    cells: int | None = None
    filters: int | None = None
    source: str = ""
