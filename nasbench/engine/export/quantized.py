"""Static 8-bit quantisation of an ONNX file by onnxruntime, calibrated on training images, with accuracy measured.

Weights are int8, with a scale for each channel; activations are int8, with a scale from the smallest and largest value
that the calibration images give (Jacob et al. 2018, arXiv:1712.05877). The file holds pairs of QuantizeLinear and
DequantizeLinear, which run times put together.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from nasbench.core.errors import RunFailed, UsageError
from nasbench.core.preprocessing import Seen
from nasbench.core.shown import sentence
from nasbench.core.spec import ModelSpec
from nasbench.evaluators.onnx import read_onnx, write_int8
from nasbench.train.data import AnySplit, ImageData
from nasbench.train.loader import eval_batches
from nasbench.train.source import DataSource
from nasbench.train.trainer import evaluate

FILE = "model.int8.onnx"
CALIBRATION_IMAGES = 512
"""Training images, at most, whose activations set the scales."""
BATCH = 32
CPU = torch.device("cpu")


@dataclass(frozen=True)
class Images:
    """The images of a quantisation: the first training images calibrate, the test split measures."""

    data: ImageData
    test: AnySplit

    @classmethod
    def of(cls, source: DataSource, spec: ModelSpec, seen: Seen | None) -> "Images":
        """The data set at the size of the network, shown as `seen` if the weights say so. UsageError where it has other
        classes than the network has outputs, or images with other channels.
        """
        data = source.on(CPU, spec.pixels)
        if data.num_classes != spec.task.num_classes:
            raise UsageError(
                f"{source.name} has {data.num_classes} classes, and the network {spec.task.num_classes} outputs: "
                "calibrate it with the data set that it was trained on, --dataset"
            )
        if data.task.channels != spec.task.channels:
            raise UsageError(
                f"images of {source.name} have {data.task.channels} channels, and the network sees "
                f"{spec.task.channels}: calibrate it with the data set that it was trained on, --dataset"
            )
        return cls(data if seen is None else data.shown_as(seen), source.test(spec.pixels)[0])


def quantize(onnx: Path, out: Path, network: nn.Module, images: Images, batch: int | None) -> dict[str, Any]:
    """Writes `onnx`, a file of `network`, in 8 bits to `out`, and measures both on the test split.

    `batch` is the batch size of the file; None is any. RunFailed where onnxruntime cannot quantise it.
    """
    shown = images.data.train.first(CALIBRATION_IMAGES)
    try:
        write_int8(onnx, out, (pixels for pixels, _ in _batches(shown, images.data, batch)))
    except (UsageError, RunFailed):  # an image that cannot be read, a disk that is full
        raise
    except Exception as error:  # whatever its passes raise
        raise RunFailed(f"onnxruntime cannot quantise this network: {sentence(error)}") from error
    float_result = evaluate(network, images.test, images.data, CPU)
    return {
        "scheme": "int8, static, a scale for each channel of the weights",
        "calibration_images": len(shown),
        "test_images": float_result.images,
        "float_accuracy": float_result.accuracy,
        "int8_accuracy": _accuracy(out, images, batch),
        "float_bytes": _bytes(onnx),
        "int8_bytes": _bytes(out),
    }


def _bytes(onnx: Path) -> int:
    """Of a file, and of the weights beside it if it is too large for one."""
    beside = onnx.with_name(onnx.name + ".data")
    return onnx.stat().st_size + (beside.stat().st_size if beside.exists() else 0)


def _batches(split: AnySplit, data: ImageData, batch: int | None) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches of the size that a file takes; the last one is left out where it would be smaller than a fixed size."""
    for images, labels in eval_batches(split, data, CPU, batch or BATCH):
        if batch is None or len(images) == batch:
            yield images, labels


def _accuracy(onnx: Path, images: Images, batch: int | None) -> float:
    """Test accuracy of a file in [0, 1]; a last batch is filled up with its first image for a file of a fixed size."""
    run, right, seen = read_onnx(onnx), 0, 0
    for shown, labels in eval_batches(images.test, images.data, CPU, batch or BATCH):
        missing = 0 if batch is None else batch - len(shown)
        logits = run(torch.cat((shown, shown[:1].expand(missing, -1, -1, -1))))[: len(shown)]
        right, seen = right + int((logits.argmax(dim=1) == labels).sum()), seen + len(labels)
    return right / seen
