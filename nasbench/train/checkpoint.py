"""Files of a training: a state to go on from after an interruption, and weights to keep. Written
whole or not at all.
"""

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from nasbench.core.errors import RunFailed, UsageError


def save_state(path: Path, state: Mapping[str, Any]) -> None:
    """Writes tensors, numbers, texts and containers of them. RunFailed where the disk will not take it."""
    _replace(path, lambda part: torch.save(dict(state), part))


def load_state(path: Path, device: torch.device) -> dict[str, Any]:
    """Reads what `save_state` wrote. UsageError where it cannot be read."""
    try:
        state = torch.load(path, map_location=device, weights_only=True)
    except Exception as error:  # torch.load raises whatever its parsers do
        raise UsageError(
            f"cannot read the checkpoint {path}: {error}. Delete it to start that training again."
        ) from error
    return dict(state)


def save_weights(path: Path, model: nn.Module) -> None:
    """Writes a network's state_dict as safetensors. RunFailed where the disk will not take it."""
    # Copies, because safetensors takes no memory that two tensors share, and no strides but the plain ones.
    tensors = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in model.state_dict().items()}
    _replace(path, lambda part: save_file(tensors, part))


def load_weights(path: Path) -> dict[str, Tensor]:
    """A state_dict, on the CPU. UsageError where it cannot be read."""
    try:
        return dict(load_file(path))
    except Exception as error:  # a missing file is an OSError, a broken one safetensors' own error
        raise UsageError(f"cannot read the weights {path}: {error}") from error


def _replace(path: Path, write: Callable[[Path], object]) -> None:
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(part)
        with open(part, "rb") as file:
            os.fsync(file.fileno())
        os.replace(part, path)
    except (OSError, RuntimeError, SafetensorError) as error:  # a full disk is a RuntimeError to torch.save
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise RunFailed(f"cannot write {path}: {error}. Make room there, then go on.") from error
