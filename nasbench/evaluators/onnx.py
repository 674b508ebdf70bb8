"""ONNX files: written by PyTorch's exporter, run by onnxruntime. Only this module needs `nasbench[export]`."""

import json
import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from nasbench.core.not_written import not_written
from nasbench.core.preprocessing import Preprocessing


def write_onnx(program: torch.export.ExportedProgram, path: Path, preprocessing: Preprocessing | None = None) -> None:
    """Writes a network to one file, with the input `images` and the output `logits`.

    `preprocessing` goes into the metadata under that name, as JSON, and the names of the classes as `classes`.
    Above ONNX's limit of 2 GB, the weights are in a second file, with the suffix `.data`.
    """
    exported = _exported(program)
    if preprocessing is not None:
        record = preprocessing.to_json()
        exported.model.metadata_props["preprocessing"] = json.dumps(record)
        exported.model.metadata_props["classes"] = json.dumps(record["classes"])
    try:
        exported.save(path)
    except OSError as error:
        raise not_written(path, error) from error


def read_onnx(path: Path) -> Callable[[Tensor], Tensor]:
    """A function that runs the file with onnxruntime on the CPU."""
    import onnxruntime

    made = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])

    def run(images: Tensor) -> Tensor:
        return torch.from_numpy(made.run(["logits"], {"images": images.numpy()})[0])

    return run


def session(network: nn.Module, images: Tensor, threads: int) -> Callable[[], Any]:
    """The network as ONNX Runtime runs it on these images, on the CPU with so many threads. Nothing is written."""
    import onnxruntime

    with torch.no_grad():
        exported = _exported(torch.export.export(network, (images,)))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    model = exported.model_proto.SerializeToString()
    made = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    batch = {"images": images.numpy()}
    return lambda: made.run(["logits"], batch)


def write_int8(path: Path, out: Path, batches: Iterable[Tensor]) -> None:
    """Quantises a file statically by onnxruntime: int8 weights with a scale for each channel, int8 activations whose
    scales come from `batches` of images. Raises whatever its passes raise.
    """
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

    class Reader(CalibrationDataReader):
        def __init__(self) -> None:
            self._batches = iter(batches)

        def get_next(self) -> dict[str, Any] | None:
            found = next(self._batches, None)
            return None if found is None else {"images": found.numpy()}

    logger = logging.getLogger()
    before = logger.level
    logger.setLevel(logging.ERROR)  # it recommends to preprocess the file, which the exporter has done
    try:
        quantize_static(
            str(path),
            str(out),
            Reader(),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QInt8,
            weight_type=QuantType.QInt8,
            extra_options={"ActivationSymmetric": False, "WeightSymmetric": True},
        )
    finally:
        logger.setLevel(before)


def _exported(program: torch.export.ExportedProgram) -> torch.onnx.ONNXProgram:
    batch_axis = ({0: "batch"},) if program.range_constraints else None  # named if the batch size is free
    exported = torch.onnx.export(
        program,
        dynamo=True,
        input_names=["images"],
        output_names=["logits"],
        dynamic_shapes=batch_axis,
        verbose=False,
    )
    assert exported is not None
    return exported
