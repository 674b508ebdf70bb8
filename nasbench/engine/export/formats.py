"""The export formats: how each is written, and how it is read back to be checked against the network."""

import ast
import sys
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import IO, cast

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from nasbench.core.errors import NotWritten, RunFailed
from nasbench.core.preprocessing import Preprocessing
from nasbench.core.seeds import derive
from nasbench.core.spec import Task
from nasbench.core.writing import replacing, write_atomically
from nasbench.evaluators.latency_by import ONNX_PACKAGES
from nasbench.evaluators.onnx import read_onnx, write_onnx
from nasbench.nn.folding import fold
from nasbench.train.checkpoint import save_weights
from nasbench.train.device import isolated_rng

TOLERANCE = 1e-4
"""Maximum difference between the outputs of a file and the network, divided by the largest output."""
FOLD_TOLERANCE = 1e-5
"""The same between a network and its folded copy."""
CPU = torch.device("cpu")

Function = Callable[[Tensor], Tensor]
"""Images (B, channels, H, W) -> logits (B, num_classes)."""


@dataclass(frozen=True)
class ExportJob:
    """A network to export, in evaluation mode on the CPU. `task` gives the shape of its images.

    `source` is the text of its model.py; empty if that format is not requested. `batch` is the batch size of the
    exported graphs; None means any. `preprocessing` is that of the trained weights, if there are any.
    """

    network: nn.Module
    task: Task
    source: str = ""
    batch: int | None = None
    preprocessing: Preprocessing | None = None

    def images(self, batch: int) -> Tensor:
        """Random images: (batch, channels, H, W)."""
        generator = torch.Generator().manual_seed(derive(batch, "export"))
        return torch.randn(batch, self.task.channels, self.task.image_size, self.task.image_size, generator=generator)

    @cached_property
    def program(self) -> torch.export.ExportedProgram:
        """The network as a graph."""
        any_batch = ({0: torch.export.Dim("batch")},) if self.batch is None else None
        with torch.no_grad():
            return torch.export.export(self.network, (self.images(self.batch or 2),), dynamic_shapes=any_batch)


@dataclass(frozen=True)
class Format:
    """`write` writes the network to a path. `read` turns that file into a function that computes the logits.

    `packages` are the packages that both need besides torch. `is_graph`: the file holds the steps of the network, and
    may be of a folded one.
    """

    file: str
    write: Callable[[ExportJob, Path], None]
    read: Callable[[ExportJob, Path], Function]
    packages: tuple[str, ...] = ()
    is_graph: bool = False


def write_and_check(name: str, job: ExportJob, path: Path) -> float:
    """Writes one format and returns the largest difference of its outputs, divided by the largest output.

    Raises RunFailed, with the name of the format, if this network cannot be written or read so, or if its outputs
    differ by more than TOLERANCE; NotWritten if the disk refuses the file.
    """
    form = FORMATS[name]
    try:
        form.write(job, path)
        function = form.read(job, path)
        found = max(_difference(job, function, batch) for batch in ((1, 3) if job.batch is None else (job.batch,)))
    except NotWritten:
        raise
    except RunFailed as error:
        raise RunFailed(f"{name}: {error}") from error
    except Exception as error:  # exporters and runtimes raise exceptions of any type
        raise RunFailed(
            f"{name}: this network cannot be exported so ({type(error).__name__}: {_first_line(error)})"
        ) from error
    if not found <= TOLERANCE:
        raise RunFailed(
            f"{name}: its outputs differ from the network's by {found:.2g} of the largest one; {TOLERANCE:g} is allowed"
        )
    return found


def folded(job: ExportJob) -> tuple[ExportJob, tuple[str, ...], float]:
    """The job with the normalisations of its network folded, the names of those that stay, and the largest difference
    of the outputs, divided by the largest one. RunFailed if that is above FOLD_TOLERANCE.
    """
    found = fold(job.network, job.images(2))
    difference = _difference(job, found.network, 3)
    if not difference <= FOLD_TOLERANCE:
        raise RunFailed(
            f"the folded network's outputs differ by {difference:.2g} of the largest one; {FOLD_TOLERANCE:g} is "
            "allowed. Leave out --fold and --quantize."
        )
    return replace(job, network=found.network), found.left, difference


def _difference(job: ExportJob, function: Function, batch: int) -> float:
    images = job.images(batch)
    with torch.no_grad():
        expected, found = job.network(images), function(images)  # both (B, num_classes)
    if not expected.isfinite().all():
        raise RunFailed("the network's own outputs are not finite, so nothing can be compared with them")
    if found.shape != expected.shape:
        raise RunFailed(f"its outputs have shape {tuple(found.shape)}, the network's {tuple(expected.shape)}")
    return float((found - expected).abs().max() / expected.abs().max().clamp(min=1e-12))


def _first_line(error: Exception) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), "no reason given")


def _read_source(job: ExportJob, path: Path) -> Function:
    text = path.read_text(encoding="utf-8")
    others = _packages(text) - sys.stdlib_module_names - {"torch"}
    if others:
        raise RunFailed(f"it imports {', '.join(sorted(others))}; it may import only torch and the standard library")
    module = ModuleType("model")
    exec(compile(text, path.name, "exec"), module.__dict__)
    with isolated_rng(CPU, 0):
        network: nn.Module = module.build()
    network.load_state_dict(job.network.state_dict())
    return network.eval()


def _packages(source: str) -> set[str]:
    nodes = list(ast.walk(ast.parse(source)))
    names = [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    names += [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    return {name.partition(".")[0] for name in names}


def _read_weights(job: ExportJob, path: Path) -> Function:
    network = deepcopy(job.network)
    for tensor in network.state_dict().values():
        tensor.zero_()
    network.load_state_dict(load_file(path))
    return network


def _write_program(job: ExportJob, path: Path) -> None:
    with replacing(path) as file:
        torch.export.save(job.program, cast("IO[bytes]", file))


def _read_program(job: ExportJob, path: Path) -> Function:  # noqa: ARG001 - the signature of Format.read
    return torch.export.load(path).module()


FORMATS: dict[str, Format] = {
    "model.py": Format("model.py", lambda job, path: write_atomically(path, job.source), _read_source),
    "safetensors": Format("weights.safetensors", lambda job, path: save_weights(path, job.network), _read_weights),
    "onnx": Format(
        "model.onnx",
        lambda job, path: write_onnx(job.program, path, job.preprocessing),
        lambda _, path: read_onnx(path),
        ONNX_PACKAGES,
        is_graph=True,
    ),
    "torch-export": Format("model.pt2", _write_program, _read_program, is_graph=True),
}
"""Name for --formats -> format."""
