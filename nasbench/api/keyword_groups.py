"""What keywords functions have in common. Written by nasbench.api.write_keywords."""

from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from typing import Any, Literal, TypedDict

from nasbench.core.recipe import Recipe

Text = str | PathLike[str]
"""A name or a path."""
Part = str | Callable[..., Any]
"""A part by name, by import path, or the class itself."""
Settings = Mapping[str, Any] | Sequence[str] | str
"""A part's own settings: {"population": 50}, or ["population=50"]."""
Count = int | float | str
"""A number, or a text such as "3M"."""


class GoalsKeywords(TypedDict, total=False):
    reward: Part | None
    reward_options: Settings
    objectives: str | Sequence[str]
    target_macs: Count | None
    max_params: Count | None
    max_macs: Count | None
    max_memory: str | None
    max_latency: str | None


class CostsKeywords(TypedDict, total=False):
    memory_batch: int
    memory_of: Literal["training", "inference"]
    latency_batch: int
    latency_on: Literal["cpu", "cuda", "onnx"]
    latency_threads: int
    latency_table: str | None
    latency_model: bool
    latency_samples: int


class SpaceFormKeywords(TypedDict, total=False):
    layers: int | None
    space_options: Settings


class DeepeningKeywords(TypedDict, total=False):
    grow_layers: int | None
    grow_every: int | None


class TableKeywords(TypedDict, total=False):
    score_column: str
    cost_column: str | None
    report_columns: str | Sequence[str]
    candidates: Literal["space", "table", "surrogate"]


class SharingKeywords(TypedDict, total=False):
    weight_sharing: Part | None
    sampler_options: Settings
    share: str | None
    supernet_recipe: str | Recipe
    supernet_epochs: int | None


class InheritedKeywords(TypedDict, total=False):
    score_by: Literal["loss", "accuracy"]
    score_images: int
    recalibration_images: int


class RankingCheckKeywords(TypedDict, total=False):
    check: int
    truth: Text | None
    truth_column: str | None


class DataKeywords(TypedDict, total=False):
    dataset: Part
    data_dir: Text | None
    download: bool
    image_size: int | None
    skip_corrupt: bool


class TrainingKeywords(TypedDict, total=False):
    recipe: str | Recipe
    epochs: int | None
    cells: int | None
    filters: int | None


class WorkersKeywords(TypedDict, total=False):
    workers: int | Literal["auto"]
    gpus_per_worker: float | Literal["auto"]
    ray_address: str | None
    device: Literal["auto", "cpu", "cuda", "mps"]
    trial_timeout: float | None
    executor: Part


class TrackingKeywords(TypedDict, total=False):
    wandb: Literal["auto", "online", "offline", "off"]
    wandb_trials: bool
    wandb_project: str | None
    wandb_entity: str | None
    wandb_name: str | None
    wandb_tags: str | Sequence[str]
    wandb_artifacts: bool
    wandb_alerts: Literal["on", "off"]
    track: Part | Sequence[Part]


class PlaceKeywords(TypedDict, total=False):
    run: Text | None
    resume: bool
    storage: str | None


class TrustingKeywords(TypedDict, total=False):
    trust: bool


class SeedsKeywords(TypedDict, total=False):
    seeds: int
    seed: int
    trained_dir: str


class ModelTrustKeywords(TypedDict, total=False):
    trust: bool
    space: str | None


class WholeKeywords(TypedDict, total=False):
    val_split: float | None
    batch_size: int | None
    accumulate: int | Literal["auto"] | None
    checkpoint_activations: bool
    compile: bool
    loaders: int | None
    save_every: int
    log_every: int


class SupernetCheckKeywords(TypedDict, total=False):
    check: int
    truth: Text | None
    truth_column: str | None
    check_recipe: str | Recipe
    check_sample: int | None


class ModelOverridesKeywords(TypedDict, total=False):
    stack: str | None
    cells: int | None
    filters: int | None
    classes: int | None
    image_size: int | None
    skeleton: Literal["cifar", "imagenet", "final"] | None
    aux_head: bool
    stem: Literal["cifar", "imagenet"] | None


class StoredKeywords(TypedDict, total=False):
    storage: str | None
