"""`nasbench features`: what the layers of a trained network make of the images of a data set."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from nasbench.core.errors import UsageError
from nasbench.core.file_name import check_path
from nasbench.core.not_written import check_new_file
from nasbench.engine.config.features import FeaturesConfig
from nasbench.engine.models.predict import TrainedNetwork, published_network, trained_network
from nasbench.report.common.figure_file import write_figure
from nasbench.report.models.features.pictures import (
    activating_figure,
    check_picture,
    filters_figure,
    stage_figure,
)
from nasbench.train.checkpoint import save_tensors
from nasbench.train.data import AnySplit, ImageData
from nasbench.train.device import resolve_device
from nasbench.train.evaluation import batch_on
from nasbench.train.features import check_layer, first_filters, layer_shapes, outputs, peaks, pooled, stages
from nasbench.train.loader import eval_batches
from nasbench.train.probes import neighbour_accuracy, probe_accuracy
from nasbench.train.source import DataSource

MOST_ACTIVATING = 9
"""Images a channel."""
SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class Stage:
    """A layer that ends a stage, the shape of its output, and test accuracies in [0, 1] of what sees its features
    alone; None where that was not asked for.
    """

    layer: str
    output: tuple[int, ...]
    probe: float | None = None
    knn: float | None = None

    @property
    def features(self) -> int:
        """Numbers an image, once maps are averaged over their places."""
        return self.output[-1] if len(self.output) == 2 else self.output[0]

    def to_json(self) -> dict[str, Any]:
        shown = {"layer": self.layer, "output": list(self.output), "features": self.features}
        return {**shown, "probe": self.probe, "knn": self.knn}


@dataclass(frozen=True)
class FeaturesResult:
    """What was shown.

    layers     name -> shape of the output of every layer, where --list-layers asked for them; else empty
    stages     in order; without accuracies unless they were asked for
    features   the outputs of `layer`, where they were asked for, (N, ...), and `labels` (N)
    files      what each picture or file is -> where it lies
    """

    model: str
    dataset: str
    layers: dict[str, tuple[int, ...]]
    stages: tuple[Stage, ...]
    features: Tensor | None
    labels: Tensor | None
    files: dict[str, Path]

    def to_json(self) -> dict[str, Any]:
        """The object that `nasbench features --json` prints."""
        return {
            "model": self.model,
            "dataset": self.dataset,
            "layers": [{"name": name, "output": list(shape)} for name, shape in self.layers.items()],
            "stages": [stage.to_json() for stage in self.stages],
            "shape": None if self.features is None else list(self.features.shape),
            "files": {name: str(path) for name, path in self.files.items()},
        }


def features(config: FeaturesConfig) -> FeaturesResult:
    """Computes and writes what is asked for. UsageError for bad input, NotWritten where the disk refuses a file."""
    config.check()
    _check_files(config)
    trained = published_network(config.network) if config.pretrained else trained_network(config.network)
    device = resolve_device(config.device)
    network, record = trained.network.to(device), trained.preprocessing
    image = torch.zeros(1, record.channels, record.image_size, record.image_size, device=device)
    shapes, ends = layer_shapes(network, image), stages(network, image)
    if config.layer is not None:
        check_layer(config.layer, shapes, config.network)
    files: dict[str, Path] = {}
    if config.filters:
        name, weights = first_filters(network, image)
        files["filters"] = _drawn(filters_figure(weights, name), config.filters)
    found, labels = None, None
    shown = tuple(Stage(name, shapes[name]) for name in ends)
    if config.reads_images:
        images = _Images.of(config, trained, device)
        if config.out or config.activating:
            assert config.layer is not None
            found, labels = images.outputs((config.layer,), config.split, pool=config.pool and not config.activating)
            if config.activating:
                figure = _activating(images, found[config.layer], config)
                files["activating"] = _drawn(figure, config.activating)
                found = {name: pooled(each) for name, each in found.items()} if config.pool else found
            if config.out:
                save_tensors(Path(config.out), {"features": found[config.layer].contiguous(), "labels": labels})
                files["features"] = Path(config.out)
        if config.probe or config.knn:
            shown = _accuracies(images, shown, config)
            if config.plot:
                files["plot"] = _drawn(_stage_figure(shown, config), config.plot)
    listed = shapes if config.list_layers else {}
    kept = None if found is None or config.layer is None else found[config.layer]
    return FeaturesResult(config.network, config.data.dataset, listed, shown, kept, labels, files)


@dataclass(frozen=True)
class _Images:
    """The images of a data set, as the network's weights saw images."""

    network: torch.nn.Module
    data: ImageData
    splits: dict[str, AnySplit]
    device: torch.device

    @classmethod
    def of(cls, config: FeaturesConfig, trained: TrainedNetwork, device: torch.device) -> "_Images":
        record = trained.preprocessing
        size = config.data.image_size or record.image_size
        if size != record.image_size:
            raise UsageError(
                f"the weights of {config.network} saw images of {record.image_size} pixels, so features are shown "
                f"there; leave out --image-size {size}"
            )
        source = replace(config.data.source, image_size=size)
        data = source.on(device)
        if data.task.channels != record.channels:
            raise UsageError(
                f"images of {source.name} have {data.task.channels} channels, and {config.network} sees "
                f"{record.channels}: name another data set with --dataset"
            )
        return cls(trained.network, data.shown_as(record.seen), _splits(source, data, config.images), device)

    def batches(self, split: str) -> Iterator[tuple[Tensor, Tensor]]:
        return eval_batches(self.splits[split], self.data, self.device, batch_on(self.device, self.data.image_size))

    def outputs(self, layers: tuple[str, ...], split: str, pool: bool) -> tuple[dict[str, Tensor], Tensor]:
        return outputs(self.network, layers, self.batches(split), pool)


def _splits(source: DataSource, data: ImageData, most: int | None) -> dict[str, AnySplit]:
    return {"train": data.train.first(most), "val": data.val.first(most), "test": source.test()[0].first(most)}


def _accuracies(images: _Images, shown: tuple[Stage, ...], config: FeaturesConfig) -> tuple[Stage, ...]:
    """The stages with the accuracies that are asked for."""
    names = tuple(stage.layer for stage in shown)
    read = {split: images.outputs(names, split, pool=True) for split in SPLITS}
    labels = {split: each for split, (_, each) in read.items()}
    done = []
    for stage in shown:
        found = {split: features[stage.layer] for split, (features, _) in read.items()}
        probe = probe_accuracy(found, labels) if config.probe else None
        knn = neighbour_accuracy(found, labels) if config.knn else None
        done.append(replace(stage, probe=probe, knn=knn))
    return tuple(done)


def _stage_figure(shown: tuple[Stage, ...], config: FeaturesConfig) -> Any:
    lines = {
        name: [float(value) for value in values if value is not None]
        for name, values in (
            ("linear probe", [stage.probe for stage in shown]),
            ("nearest neighbours", [stage.knn for stage in shown]),
        )
        if None not in values
    }
    return stage_figure([stage.layer for stage in shown], lines, f"{config.network} on {config.data.dataset}")


def _activating(images: _Images, found: Tensor, config: FeaturesConfig) -> Any:
    """The picture of the images that give the largest values of the first channels, at any place or token."""
    assert config.layer is not None
    largest = peaks(found)  # (N, C)
    channels = range(min(config.channels, largest.shape[1]))
    best = largest.topk(min(MOST_ACTIVATING, len(largest)), dim=0).indices.T[: len(channels)]  # (channels, K)
    wanted, start, kept = set(best.flatten().tolist()), 0, {}
    mean, std = (torch.tensor(each).view(-1, 1, 1) for each in (images.data.mean, images.data.std))
    for shown, _ in images.batches(config.split):
        kept.update({start + i: shown[i].cpu() * std + mean for i in range(len(shown)) if start + i in wanted})
        start += len(shown)
    rows = torch.stack([torch.stack([kept[index] for index in row]) for row in best.tolist()])  # (channels, K, C, H, W)
    return activating_figure(rows, config.layer, list(channels))


def _drawn(figure: Any, file: str) -> Path:
    write_figure(figure, Path(file), "features")
    return Path(file)


def _check_files(config: FeaturesConfig) -> None:
    pictures = (("--plot", config.plot), ("--filters", config.filters), ("--activating", config.activating))
    for flag, file in pictures:
        if file is not None:
            check_picture(file, flag)
    if config.out is not None:
        check_path(config.out, "--out")
        check_new_file(Path(config.out), "--out", "features.safetensors")
