"""The formats in which a network leaves: how each is written, and how it is read again to be checked against the
network.
"""

import ast
import sys
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from nasbench.core.errors import RunFailed
from nasbench.core.seeds import derive
from nasbench.core.spec import Task
from nasbench.core.store import write_atomically
from nasbench.engine.export.onnx import PACKAGES, read_onnx, write_onnx
from nasbench.train.checkpoint import save_weights
from nasbench.train.device import isolated_rng

TOLERANCE = 1e-4
"""The most by which outputs of a file may differ from the network's, as a share of the largest of them."""
CPU = torch.device("cpu")

Function = Callable[[Tensor], Tensor]
"""Images (B, channels, H, W) -> logits (B, num_classes)."""


@dataclass(frozen=True)
class Leaving:
    """A network on its way out: in evaluation mode on the CPU, its images as in `task`.

    `source` is the text of its model.py, empty where that is not asked for. `batch` is the batch size of its graphs;
    None is any.
    """

    network: nn.Module
    task: Task
    source: str = ""
    batch: int | None = None

    def images(self, batch: int) -> Tensor:
        """Random ones: (batch, channels, H, W)."""
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
    """`write` leaves the network at a path; `read` makes of that file what computes the logits. `packages` are what it
    needs.
    """

    file: str
    write: Callable[[Leaving, Path], None]
    read: Callable[[Leaving, Path], Function]
    packages: tuple[str, ...] = ()


def write_and_check(name: str, leaving: Leaving, path: Path) -> float:
    """Writes one format and returns the largest difference of its outputs, as a share of the largest output.

    RunFailed, with the format's name, where it cannot be written or read, or differs by more than TOLERANCE.
    """
    form = FORMATS[name]
    try:
        form.write(leaving, path)
        function = form.read(leaving, path)
        found = max(
            _difference(leaving, function, batch) for batch in ((1, 3) if leaving.batch is None else (leaving.batch,))
        )
    except RunFailed as error:
        raise RunFailed(f"{name}: {error}") from error
    except Exception as error:  # exporters and run times raise whatever their parts do
        raise RunFailed(
            f"{name}: this network cannot be exported so ({type(error).__name__}: {_first_line(error)})"
        ) from error
    if not found <= TOLERANCE:
        raise RunFailed(
            f"{name}: its outputs differ from the network's by {found:.2g} of the largest one; {TOLERANCE:g} is allowed"
        )
    return found


def _difference(leaving: Leaving, function: Function, batch: int) -> float:
    images = leaving.images(batch)
    with torch.no_grad():
        expected, found = leaving.network(images), function(images)  # both (B, num_classes)
    if not expected.isfinite().all():
        raise RunFailed("the network's own outputs are not finite, so that nothing can be held against them")
    if found.shape != expected.shape:
        raise RunFailed(f"its outputs have shape {tuple(found.shape)}, the network's {tuple(expected.shape)}")
    return float((found - expected).abs().max() / expected.abs().max().clamp(min=1e-12))


def _first_line(error: Exception) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), "no reason given")


def _read_source(leaving: Leaving, path: Path) -> Function:
    text = path.read_text(encoding="utf-8")
    strangers = _packages(text) - sys.stdlib_module_names - {"torch"}
    if strangers:
        raise RunFailed(f"it imports {', '.join(sorted(strangers))}, where it may import torch alone")
    module = ModuleType("model")
    exec(compile(text, path.name, "exec"), module.__dict__)
    with isolated_rng(CPU, 0):
        network: nn.Module = module.build()
    network.load_state_dict(leaving.network.state_dict())
    return network.eval()


def _packages(source: str) -> set[str]:
    nodes = list(ast.walk(ast.parse(source)))
    names = [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    names += [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    return {name.partition(".")[0] for name in names}


def _read_weights(leaving: Leaving, path: Path) -> Function:
    network = deepcopy(leaving.network)
    for tensor in network.state_dict().values():
        tensor.zero_()
    network.load_state_dict(load_file(path))
    return network


def _read_program(leaving: Leaving, path: Path) -> Function:  # noqa: ARG001 - of the formats' one shape
    return torch.export.load(path).module()


FORMATS: dict[str, Format] = {
    "model.py": Format("model.py", lambda leaving, path: write_atomically(path, leaving.source), _read_source),
    "safetensors": Format(
        "weights.safetensors", lambda leaving, path: save_weights(path, leaving.network), _read_weights
    ),
    "onnx": Format(
        "model.onnx", lambda leaving, path: write_onnx(leaving.program, path), lambda _, path: read_onnx(path), PACKAGES
    ),
    "torch-export": Format("model.pt2", lambda leaving, path: torch.export.save(leaving.program, path), _read_program),
}
"""Name, as --formats takes it -> format."""
