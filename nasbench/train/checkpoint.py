"""Files of a training: the state from which an interrupted training goes on, and the weights to keep.

A file is written completely or not at all.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save
from torch import Tensor, nn

from nasbench.core.errors import UsageError
from nasbench.core.plain_file import check_plain
from nasbench.core.shown import sentence
from nasbench.core.writing import make_folder_of, replacing, write_atomically

MOST_NAMES = 4
"""So many weights of each kind are named where they do not fit a network."""


def save_state(path: Path, state: Mapping[str, Any]) -> None:
    """Writes tensors, numbers, texts and containers of them. NotWritten if the disk refuses the file."""
    make_folder_of(path)
    with replacing(path) as file:
        torch.save(dict(state), cast("IO[bytes]", file))


def load_state(path: Path, device: torch.device) -> dict[str, Any]:
    """Reads what `save_state` wrote. UsageError if the file cannot be read."""
    try:
        check_plain(path)
        state = dict(torch.load(path, map_location=device, weights_only=True))
    except Exception as error:  # torch.load raises whatever its parsers do
        hint = "Delete it to start that training again."
        raise UsageError(f"cannot read the checkpoint {path}: {sentence(error)} {hint}") from error
    return state


def save_weights(path: Path, model: nn.Module) -> None:
    """Writes a network's state_dict as safetensors. NotWritten if the disk refuses the file."""
    # Copies: safetensors accepts neither tensors that share memory nor tensors that are not contiguous.
    tensors = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in model.state_dict().items()}
    save_tensors(path, tensors)


def save_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Writes tensors on the CPU, contiguous, none of which shares memory, as safetensors. NotWritten as above."""
    make_folder_of(path)
    write_atomically(path, save(dict(tensors)))


def load_weights(path: Path) -> dict[str, Tensor]:
    """Reads tensors onto the CPU. UsageError if the file cannot be read."""
    with reading_weights(path):
        return dict(load_file(path))


@contextmanager
def reading_weights(path: Path) -> Iterator[None]:
    """Around the reading of a file of weights: UsageError if it cannot be read."""
    if not path.exists():
        raise UsageError(f"cannot read the weights {path}: the file is gone. Put it back, or train the network again.")
    try:
        check_plain(path)
        yield
    except MemoryError as error:
        raise UsageError(f"not enough memory for the weights {path}, {path.stat().st_size:,} bytes.") from error
    except Exception as error:  # a broken file raises an error of safetensors
        raise UsageError(
            f"cannot read the weights {path}: {sentence(error)} The file is damaged, cut short, or holds something "
            "else. Put it back, or train the network again."
        ) from error


def put_weights(network: nn.Module, path: Path) -> None:
    """Puts the weights of a file into a network. UsageError if the file cannot be read, or if its weights are not those
    of this network: every one must be there, under its name and in its shape, and no other.
    """
    weights = load_weights(path)
    _check_shapes(network, {name: tuple(value.shape) for name, value in weights.items()}, path)
    network.load_state_dict(weights)


def check_fits(network: nn.Module, path: Path) -> None:
    """UsageError as in `put_weights`, from the names and shapes in the file alone: the network may be on the meta
    device, and no memory is taken for weights.
    """
    with reading_weights(path), safe_open(path, "pt") as file:
        shapes = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118 - no mapping
    _check_shapes(network, shapes, path)


def _check_shapes(network: nn.Module, found: Mapping[str, tuple[int, ...]], path: Path) -> None:
    """UsageError where the shapes that were found in a file are not those of the network's weights."""
    own = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    missing = [name for name in own if name not in found]
    foreign = [name for name in found if name not in own]
    other = [f"{name} {shape} for {own[name]}" for name, shape in found.items() if name in own and shape != own[name]]
    faults = [
        f"{len(names)} {what} ({', '.join(names[:MOST_NAMES])}{', ...' if len(names) > MOST_NAMES else ''})"
        for names, what in ((missing, "missing"), (foreign, "unexpected"), (other, "of another shape"))
        if names
    ]
    if faults:
        raise UsageError(f"the weights in {path} are not those of this network: {', '.join(faults)}.")
