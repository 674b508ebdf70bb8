"""ONNX files: written by PyTorch's exporter, run by onnxruntime. Only this module needs `nasbench[export]`."""

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

PACKAGES = ("onnx", "onnxscript", "onnxruntime")
"""The first two write the file, the third checks it."""


def write_onnx(program: torch.export.ExportedProgram, path: Path) -> None:
    """Writes a network to one file, with the input `images` and the output `logits`.

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
    exported.save(path)


def read_onnx(path: Path) -> Callable[[Tensor], Tensor]:
    """A function that runs the file with onnxruntime on the CPU."""
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])

    def run(images: Tensor) -> Tensor:
        return torch.from_numpy(session.run(["logits"], {"images": images.numpy()})[0])

    return run
