"""ONNX files: written by PyTorch's exporter, run by onnxruntime. Only this module needs `nasbench[export]`."""

import json
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from nasbench.core.not_written import not_written
from nasbench.core.preprocessing import Preprocessing

PACKAGES = ("onnx", "onnxscript", "onnxruntime")
"""The first two write the file, the third checks it."""


def write_onnx(program: torch.export.ExportedProgram, path: Path, preprocessing: Preprocessing | None = None) -> None:
    """Writes a network to one file, with the input `images` and the output `logits`.

    `preprocessing` goes into the metadata under that name, as JSON, and the names of the classes as `classes`.
    Above ONNX's limit of 2 GB, the weights are in a second file, with the suffix `.data`.
    """
    batch_axis = ({0: "batch"},) if program.range_constraints else None  # named if the batch size is free
    exported = torch.onnx.export(
        program,
        dynamo=True,
        input_names=["images"],
        output_names=["logits"],
        dynamic_shapes=batch_axis,
        verbose=False,
    )
    assert exported is not None, path
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

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])

    def run(images: Tensor) -> Tensor:
        return torch.from_numpy(session.run(["logits"], {"images": images.numpy()})[0])

    return run
