"""The keywords of each function, for editors and type checkers. Written by nasbench.api.write_keywords."""

from collections.abc import Sequence
from os import PathLike
from typing import Literal, TypedDict

from nasbench.api.keyword_groups import (
    CostsKeywords,
    Count,
    DataKeywords,
    DeepeningKeywords,
    GoalsKeywords,
    InheritedKeywords,
    ModelOverridesKeywords,
    ModelTrustKeywords,
    Part,
    PlaceKeywords,
    RankingCheckKeywords,
    SeedsKeywords,
    Settings,
    SharingKeywords,
    SpaceFormKeywords,
    StoredKeywords,
    SupernetCheckKeywords,
    TableKeywords,
    Text,
    TrackingKeywords,
    TrainingKeywords,
    TrustingKeywords,
    WholeKeywords,
    WorkersKeywords,
)
from nasbench.core.recipe import Recipe


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
    return_: Literal["seen", "posterior", "auto"]
    keep: int
    seed: int


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
    advise: bool
    auto: bool
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


class RaceKeywords(
    SpaceFormKeywords,
    TableKeywords,
    DataKeywords,
    TrainingKeywords,
    InheritedKeywords,
    TrackingKeywords,
    PlaceKeywords,
    TrustingKeywords,
    total=False,
):
    space: Part
    evaluator: Part | PathLike[str]
    strategies: str | Sequence[str]
    screen: str | Sequence[str]
    seeds: int
    seed: int
    trials: int | None
    time_budget: float | None
    also: float | Sequence[float]
    workers: int
    device: Literal["auto", "cpu", "cuda", "mps"]


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
    share: str | None
    seed: int


class ExportKeywords(ModelOverridesKeywords, StoredKeywords, ModelTrustKeywords, total=False):
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


class FeaturesKeywords(DataKeywords, StoredKeywords, ModelTrustKeywords, total=False):
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
