"""ONNX files: written by PyTorch's exporter, run by onnxruntime. The one file that needs `nasbench[export]`."""

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

PACKAGES = ("onnx", "onnxscript", "onnxruntime")
"""The first two write, the third checks what was written."""


def write_onnx(program: torch.export.ExportedProgram, path: Path) -> None:
    """A network as one file (above ONNX's limit of 2 GB with `.data` beside it); its input is called images, its output
    logits.
    """
    made = torch.onnx.export(
        program,
        dynamo=True,
        input_names=["images"],
        output_names=["logits"],
        dynamic_shapes=({0: "batch"},)
        if program.range_constraints
        else None,  # the name of the first axis, where it is free
        verbose=False,
    )
    assert made is not None, path
    made.save(path)


def read_onnx(path: Path) -> Callable[[Tensor], Tensor]:
    """The file as onnxruntime runs it on the CPU."""
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])

    def run(images: Tensor) -> Tensor:
        return torch.from_numpy(session.run(["logits"], {"images": images.numpy()})[0])

    return run
