"""`nasbench predict`: classifies images with a trained network and the preprocessing record beside its weights."""

import os
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nasbench.core.count_text import quantity
from nasbench.core.errors import UsageError
from nasbench.core.preprocessing import FILE, Preprocessing, read_preprocessing
from nasbench.core.spec import Task
from nasbench.core.trial_of_run import trial_of
from nasbench.core.typed import fits, shown
from nasbench.engine.config import ModelOverrides
from nasbench.engine.parts.models import build, is_of_run, no_weights, resolve, weights_of

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Prediction:
    """An image, and its most probable classes with their probabilities in [0, 1]."""

    file: str
    classes: tuple[tuple[str, float], ...]

    def to_json(self) -> dict[str, Any]:
        return {"file": self.file, "classes": [{"name": name, "probability": share} for name, share in self.classes]}


@dataclass(frozen=True)
class Unreadable:
    """An image file that cannot be read, and why. `named`: it was asked for itself, not through its folder."""

    file: str
    error: str
    named: bool

    def to_json(self) -> dict[str, str]:
        return {"file": self.file, "error": self.error}


@dataclass(frozen=True)
class TrainedNetwork:
    """A network in evaluation mode with its weights, and what an image goes through before the network sees it."""

    network: "nn.Module"
    preprocessing: Preprocessing


def predict(
    model: str,
    images: Sequence[str],
    top: int = 5,
    pretrained: bool = False,
    device: str = "auto",
    views: str = "center",
) -> Iterator[Prediction | Unreadable]:
    """Classifies every image, one after another. `images` are files, and folders of them.

    One that cannot be read holds up no other. UsageError for a model without trained weights, and for images that are
    not there. `views`: how each image is shown (see `nasbench.train.views`); UsageError where a network has no form for
    dense ones.
    """
    if not (fits(top, int) and top >= 1):
        raise UsageError(f"--top takes a whole number from 1 on; got {shown(top)}")
    files = image_files(images)
    trained = published_network(model) if pretrained else trained_network(model)
    return _predictions(files, set(map(Path, images)), trained, top, device, views, model)


def _predictions(
    files: Sequence[Path],
    named: Container[Path],
    trained: TrainedNetwork,
    top: int,
    device: str,
    views: str,
    model: str,
) -> Iterator[Prediction | Unreadable]:
    from nasbench.train.device import resolve_device
    from nasbench.train.single import check_channels, network_input, network_inputs, probabilities, viewed
    from nasbench.train.views import prepared

    where, record = resolve_device(device), trained.preprocessing
    check_channels(record)
    network = trained.network
    if views != "center":
        network = prepared(network, Task(len(record.classes), record.image_size, record.channels), views, model)
    network = network.to(where)
    for file in files:
        try:
            several = views != "center"
            shown = network_inputs(file, record, views) if several else [network_input(file, record)]
        except UsageError as error:
            yield Unreadable(str(file), str(error), file in named)
            continue
        images = [image.to(where) for image in shown]
        shares = viewed(network, images, record.image_size, views) if several else probabilities(network, images[0])
        best = sorted(range(len(shares)), key=lambda index: -shares[index])[:top]
        yield Prediction(str(file), tuple((record.classes[index], shares[index]) for index in best))


def trained_network(model: str) -> TrainedNetwork:
    """The network of a MODEL with its trained weights. UsageError where it has none, or no preprocessing record."""
    from nasbench.train.checkpoint import put_weights

    spec, weights = resolve(model, ModelOverrides()), weights_of(model)
    if weights is None and is_of_run(model):
        raise no_weights(model)
    if weights is None:
        hint = (
            " Give --pretrained for its published weights." if spec.source == "zoo" and not Path(model).exists() else ""
        )
        raise UsageError(
            f"{model} has no trained weights.{hint} MODEL is a run directory whose best was trained, the folder of a "
            "training (runs/trained/...), or of an export with --formats safetensors."
        )
    record = read_preprocessing(weights.parent)
    if record is None:
        raise UsageError(
            f"{weights} has no {FILE} beside it, which says how images are shown to the network. nasbench writes it "
            "since 0.2.0: train the model again, or resume the run that found it."
        )
    if trial_of(model) is not None:  # children of one search may see images at different sizes
        record = replace(record, image_size=spec.pixels)
    network = build(spec)
    put_weights(network, weights)
    return _checked(TrainedNetwork(network.eval(), record), spec.task.num_classes, model)


def published_network(model: str) -> TrainedNetwork:
    """A network of the zoo with its published weights, at the size at which they were trained."""
    import zoo
    from nasbench.engine.training.pretrained import published_preprocessing
    from zoo.registry import no_weights as none_published

    spec = resolve(model, ModelOverrides())
    if spec.source != "zoo" or spec.name is None:
        raise UsageError(
            f"--pretrained is for networks of the zoo with published weights (see: nasbench zoo); {model} is none"
        )
    record = published_preprocessing(model)
    if record is None:
        raise none_published(spec.name)
    network = zoo.create(spec.name, pretrained=True).eval()
    return _checked(TrainedNetwork(network, record), spec.task.num_classes, model)


def _checked(trained: TrainedNetwork, num_classes: int, model: str) -> TrainedNetwork:
    known = len(trained.preprocessing.classes)
    if known != num_classes:
        raise UsageError(
            f"{model} has {quantity(num_classes, 'class', 'classes')}, and its {FILE} names {known}: "
            f"they do not belong together"
        )
    return trained


def image_files(asked: Sequence[str]) -> list[Path]:
    """The image files that were named, and those in named folders, sorted by path."""
    from nasbench.train.listing import SUFFIXES

    files: list[Path] = []
    for name in asked:
        path = Path(name)
        if path.is_dir():
            found = sorted(
                Path(folder) / file
                for folder, _, names in os.walk(path)
                for file in names
                if file.lower().endswith(SUFFIXES) and not file.startswith(".")
            )
            if not found:
                raise UsageError(f"no images in {path} ({', '.join(SUFFIXES)})")
            files += found
        elif path.exists():
            files.append(path)
        else:
            raise UsageError(f"no such image: {path}")
    return files
