"""The keywords of each function, for editors and type checkers. Written by nasbench.api.write_keywords."""

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
    latency_on: Literal["cpu", "cuda"]
    latency_threads: int


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
    candidates: Literal["space", "table"]


class SharingKeywords(TypedDict, total=False):
    weight_sharing: Part | None
    sampler_options: Settings
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


class TrustingKeywords(TypedDict, total=False):
    trust: bool


class SearchKeywords(
    GoalsKeywords,
    CostsKeywords,
    SpaceFormKeywords,
    DeepeningKeywords,
    TableKeywords,
    SharingKeywords,
    InheritedKeywords,
    RankingCheckKeywords,
    DataKeywords,
    TrainingKeywords,
    WorkersKeywords,
    TrackingKeywords,
    PlaceKeywords,
    TrustingKeywords,
    total=False,
):
    space: Part
    strategy: Part
    strategy_options: Settings
    controller: Literal["lstm", "table"] | None
    evaluator: Part | PathLike[str]
    screen: str | None
    preset: Literal["paper", "quick"] | None
    trials: int
    time_budget: float | None
    pruner: Part | None
    control: int | Literal["auto"]
    retrain_top: int
    retrain_epochs: int | None
    keep: int
    seed: int


class SeedsKeywords(TypedDict, total=False):
    seeds: int
    seed: int
    trained_dir: str


class ModelTrustKeywords(TypedDict, total=False):
    trust: bool
    space: str | None


class ScaleKeywords(
    CostsKeywords,
    DataKeywords,
    TrainingKeywords,
    SeedsKeywords,
    WorkersKeywords,
    TrackingKeywords,
    PlaceKeywords,
    ModelTrustKeywords,
    total=False,
):
    phi: float | None
    base: Text
    alpha: float | None
    beta: float | None
    gamma: float | None
    coefficients: Text | None
    dims: Literal["compound", "depth", "width", "resolution"]
    depth: float | None
    width: float | None
    resolution: float | None
    target_macs: Count | None
    target_params: Count | None
    target_memory: str | None
    target_latency: str | None
    published: str | None
    classes: int | None
    stack: str | None
    skeleton: Literal["cifar", "imagenet", "final"] | None
    law: str | None
    growths: str | None
    out: Text | None
    dropout: float | None
    drop_path: float | None
    train: bool
    search: bool
    strategy: Literal["tpe", "grid", "random"]
    tolerance: float
    trials: int | None
    to_the_end: bool
    front_runners: int | None


class WholeKeywords(TypedDict, total=False):
    val_split: float | None
    batch_size: int | None
    accumulate: int | Literal["auto"] | None
    checkpoint_activations: bool
    compile: bool
    loaders: int | None
    save_every: int


class TrainKeywords(
    DataKeywords,
    TrainingKeywords,
    WholeKeywords,
    SeedsKeywords,
    WorkersKeywords,
    TrackingKeywords,
    PlaceKeywords,
    ModelTrustKeywords,
    total=False,
):
    trial: int | str | None
    aux_head: bool
    stem: Literal["cifar", "imagenet"] | None
    pretrained: bool
    ensemble: bool
    ensemble_weights: Literal["equal", "validation"]
    views: Literal["center", "10", "multiscale", "dense"]


class TransferKeywords(
    DataKeywords,
    TrainingKeywords,
    WholeKeywords,
    SeedsKeywords,
    WorkersKeywords,
    TrackingKeywords,
    PlaceKeywords,
    ModelTrustKeywords,
    total=False,
):
    trial: int | str | None
    stack: str | None
    skeleton: Literal["cifar", "imagenet", "final"] | None
    aux_head: bool
    stem: Literal["cifar", "imagenet"] | None
    pretrained: bool
    weights: Text | None
    freeze: str
    views: Literal["center", "10", "multiscale", "dense"]


class CompareKeywords(
    DataKeywords,
    TrainingKeywords,
    WholeKeywords,
    SeedsKeywords,
    WorkersKeywords,
    TrackingKeywords,
    PlaceKeywords,
    ModelTrustKeywords,
    total=False,
):
    controls: int
    stem: Literal["cifar", "imagenet"] | None
    ensemble: bool
    ensemble_seeds: bool
    ensemble_weights: Literal["equal", "validation"]
    views: Literal["center", "10", "multiscale", "dense"]


class RaceKeywords(SpaceFormKeywords, TableKeywords, TrackingKeywords, PlaceKeywords, TrustingKeywords, total=False):
    space: Part
    evaluator: Text
    strategies: str | Sequence[str]
    screen: str | Sequence[str]
    seeds: int
    seed: int
    trials: int | None
    time_budget: float | None
    also: float | Sequence[float]
    workers: int


class FidelityKeywords(
    SpaceFormKeywords,
    InheritedKeywords,
    DataKeywords,
    WorkersKeywords,
    TrackingKeywords,
    PlaceKeywords,
    TrustingKeywords,
    total=False,
):
    truth: Text
    truth_column: str | None
    space: Part | None
    scores: str | Sequence[str]
    score_column: str
    sample: int
    seed: int
    recipe: str | Recipe
    cells: int | None
    filters: int | None


class SupernetCheckKeywords(TypedDict, total=False):
    check: int
    truth: Text | None
    truth_column: str | None
    check_recipe: str | Recipe
    check_sample: int | None


class SupernetKeywords(
    SupernetCheckKeywords,
    DataKeywords,
    TrainingKeywords,
    WorkersKeywords,
    TrackingKeywords,
    PlaceKeywords,
    TrustingKeywords,
    total=False,
):
    space: Part
    sampler: Part
    sampler_options: Settings
    seed: int


class ModelOverridesKeywords(TypedDict, total=False):
    stack: str | None
    cells: int | None
    filters: int | None
    classes: int | None
    image_size: int | None
    skeleton: Literal["cifar", "imagenet", "final"] | None
    aux_head: bool
    stem: Literal["cifar", "imagenet"] | None


class ExportKeywords(ModelOverridesKeywords, ModelTrustKeywords, total=False):
    trial: int | str | None
    depth: float | None
    width: float | None
    resolution: float | None
    formats: str | Sequence[str]
    batch: int | None
    fold: bool
    quantize: Literal["int8"] | None
    dataset: Part | None
    data_dir: Text | None
    out: Text | None
    overwrite: bool
    seed: int


class FeaturesKeywords(DataKeywords, ModelTrustKeywords, total=False):
    trial: int | str | None
    pretrained: bool
    list_layers: bool
    layer: str | None
    out: Text | None
    split: Literal["train", "val", "test"]
    pool: bool
    images: int | None
    probe: bool
    knn: bool
    plot: Text | None
    filters: Text | None
    activating: Text | None
    channels: int
    device: Literal["auto", "cpu", "cuda", "mps"]


class ProfileKeywords(TypedDict, total=False):
    stack: str | None
    cells: int | None
    filters: int | None
    classes: int | None
    image_size: int | None
    skeleton: Literal["cifar", "imagenet", "final"] | None
    aux_head: bool
    stem: Literal["cifar", "imagenet"] | None
