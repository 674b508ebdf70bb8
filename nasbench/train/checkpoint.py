"""Files of a training: the state from which an interrupted training goes on, and the weights to keep.

A file is written completely or not at all.
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
from nasbench.core.shown import sentence


def save_state(path: Path, state: Mapping[str, Any]) -> None:
    """Writes tensors, numbers, texts and containers of them. RunFailed if the disk refuses the file."""
    _replace(path, lambda part: torch.save(dict(state), part))


def load_state(path: Path, device: torch.device) -> dict[str, Any]:
    """Reads what `save_state` wrote. UsageError if the file cannot be read."""
    try:
        state = dict(torch.load(path, map_location=device, weights_only=True))
    except Exception as error:  # torch.load raises whatever its parsers do
        hint = "Delete it to start that training again."
        raise UsageError(f"cannot read the checkpoint {path}: {sentence(error)} {hint}") from error
    return state


def save_weights(path: Path, model: nn.Module) -> None:
    """Writes a network's state_dict as safetensors. RunFailed if the disk refuses the file."""
    # Copies: safetensors accepts neither tensors that share memory nor tensors that are not contiguous.
    tensors = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in model.state_dict().items()}
    _replace(path, lambda part: save_file(tensors, part))


def load_weights(path: Path) -> dict[str, Tensor]:
    """Reads a state_dict onto the CPU. UsageError if the file cannot be read."""
    try:
        return dict(load_file(path))
    except Exception as error:  # a missing file raises OSError, a broken file an error of safetensors
        raise UsageError(f"cannot read the weights {path}: {error}") from error


def load_into(network: nn.Module, path: Path) -> None:
    """Puts the weights of a file into a network. UsageError where they are not its own."""
    try:
        network.load_state_dict(load_weights(path))
    except RuntimeError as error:
        raise UsageError(f"the weights in {path} are not of the network beside them: {error}") from error


def _replace(path: Path, write: Callable[[Path], object]) -> None:
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(part)
        with open(part, "rb") as file:
            os.fsync(file.fileno())
        os.replace(part, path)
    except (OSError, RuntimeError, SafetensorError) as error:  # torch.save raises RuntimeError on a full disk
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise RunFailed(
            f"cannot write {path}: {sentence(error)} Free some space there, then run the command again."
        ) from error
