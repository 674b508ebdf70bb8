"""How a latency is taken, read without torch."""

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Literal

from nasbench.core.errors import UsageError

ONNX_PACKAGES = ("onnx", "onnxscript", "onnxruntime")
"""The first two write a network as ONNX, the third runs it."""


UNSTEADY = "the machine was slower most of the time: measure again when nothing else computes on it"
"""What is said of a latency without enough rounds of full speed."""


@dataclass(frozen=True)
class LatencyBy:
    """How a latency is taken: images of a batch, where, and threads of a CPU."""

    batch: int = 1
    on: Literal["cpu", "cuda", "onnx"] = "cpu"
    threads: int = 1

    def check(self) -> None:
        """UsageError where that device is not there, or the packages that it needs."""
        if self.on == "cpu":
            return
        if self.on == "onnx":
            missing = [package for package in ONNX_PACKAGES if find_spec(package) is None]
            if missing:
                raise UsageError(
                    f"--latency-on onnx needs {', '.join(missing)}: pip install 'nasbench[export]'. Or take "
                    "--latency-on cpu."
                )
            return
        import torch  # a configuration is read without it

        if not torch.cuda.is_available():
            raise UsageError("--latency-on cuda: this machine has no CUDA GPU. Take --latency-on cpu.")
