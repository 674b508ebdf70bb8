"""Tasks, input channels, and published weights of torchvision and timm: functions shared by several families."""

import hashlib
import re
import sys
import urllib.error
from collections.abc import Mapping
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn

from nasbench.core.errors import RunFailed, UsageError
from nasbench.core.not_written import of_a_download
from nasbench.core.shown import sentence
from nasbench.core.spec import Task
from zoo.published import of_timm, of_torchvision
from zoo.registry import SMALL_IMAGE, Loader

IMAGENET = Task(num_classes=1000, image_size=224, channels=3)
"""The published task of most networks."""


def is_small(task: Task) -> bool:
    """Whether a network for large images uses its small stem, as on CIFAR."""
    return task.is_small(SMALL_IMAGE)


def imagenet_at(image_size: int) -> Task:
    """ImageNet with images of `image_size` pixels."""
    return replace(IMAGENET, image_size=image_size)


def input_channels(network: nn.Module, channels: int) -> nn.Module:
    """Replaces the first convolution of the network (in order of registration) by one with `channels` inputs, if its
    number differs. Returns the network.
    """
    name, first = next((name, module) for name, module in network.named_modules() if isinstance(module, nn.Conv2d))
    if first.in_channels != channels:
        assert first.padding_mode == "zeros", first
        replacement = nn.Conv2d(
            channels,
            first.out_channels,
            first.kernel_size,  # type: ignore[arg-type]
            first.stride,  # type: ignore[arg-type]
            first.padding,  # type: ignore[arg-type]
            bias=first.bias is not None,
        )
        parent, _, child = name.rpartition(".")
        setattr(network.get_submodule(parent), child, replacement)
    return network


def load_in_order(network: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Copies a state dict whose tensors are in the order of the network's own. Their names may differ."""
    own = network.state_dict()
    if len(own) != len(state):
        raise UsageError(
            f"the published weights have {len(state)} tensors, the network has {len(own)}: their layers differ"
        )
    _check_shapes(own, dict(zip(own, state.values(), strict=True)))
    network.load_state_dict(dict(zip(own, state.values(), strict=True)))


def load_by_name(network: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Copies a state dict by the names of its tensors."""
    own = network.state_dict()
    if set(own) != set(state):
        odd = sorted(set(own) ^ set(state))
        raise UsageError(f"the published weights and the network differ in {', '.join(odd[:3])}: their layers differ")
    _check_shapes(own, state)
    network.load_state_dict(state)


def _check_shapes(own: Mapping[str, Tensor], state: Mapping[str, Tensor]) -> None:
    for name, tensor in own.items():
        if tensor.shape != state[name].shape:
            raise UsageError(
                f"the published weights of {name} have shape {tuple(state[name].shape)}, "
                f"the network's {tuple(tensor.shape)}: weights load at the published image size"
            )


def torchvision_state(enum: str) -> Mapping[str, Tensor]:
    """Published weights, such as 'MobileNet_V2_Weights.IMAGENET1K_V1', from torch's cache or a download.

    Their hash is checked. Raises RunFailed if they cannot be downloaded, or if the hash is wrong.
    """
    import torchvision.models

    family, _, member = enum.partition(".")
    weights = getattr(torchvision.models, family)[member]
    _check_cached(weights.url)
    try:
        with redirect_stdout(sys.stderr):  # torch says where it downloads from; standard output may be JSON
            state: Mapping[str, Tensor] = weights.get_state_dict(progress=False, check_hash=True)
    except (urllib.error.URLError, ConnectionError, TimeoutError) as error:
        raise RunFailed(f"cannot fetch {weights.url}: {sentence(error)} Weights need the network, once") from error
    except OSError as error:
        if (full := of_a_download(Path(torch.hub.get_dir()), error)) is not None:
            raise full from error
        raise
    except RuntimeError as error:  # torch.hub raises this for a wrong hash
        raise RunFailed(f"the file from {weights.url} is not what was published: {error}") from error
    return state


def _check_cached(url: str) -> None:
    """Raises RunFailed if the cached file does not have the hash in its name. torch checks only new downloads."""
    path = Path(torch.hub.get_dir(), "checkpoints", url.rpartition("/")[2])
    named = re.search(r"-([0-9a-f]{8,})\.", path.name)
    if path.exists() and named:
        found = _sha256(path)
        if not found.startswith(named[1]):
            raise RunFailed(f"{path} has SHA-256 {found}, its name says {named[1]}: delete it and try again")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def timm_state(tag: str) -> Mapping[str, Tensor]:
    """Published weights, such as 'gmlp_s16_224.ra3_in1k', from the hub's cache, which needs no network, or a download.

    Their SHA-256 is checked. Raises RunFailed if they cannot be downloaded or read, or if the hash is wrong.
    """
    from safetensors.torch import load_file

    cached = _in_hub_cache(tag)
    path, published = _fetched(tag) if cached is None else (cached, _hash_in_cache(cached))
    found = _sha256(path)
    if published is not None and found != published:
        raise RunFailed(f"{path} has SHA-256 {found}, the hub says {published}: delete it and try again")
    try:
        state: Mapping[str, Tensor] = load_file(path)
    except Exception as error:  # whatever safetensors raises for a file that is none of its own
        raise RunFailed(f"{path} cannot be read: {sentence(error)} Delete it and try again") from error
    return state


HUB_FILE = "model.safetensors"


def _fetched(tag: str) -> tuple[Path, str | None]:
    """The downloaded file, and its hash as the hub tells it."""
    from huggingface_hub import constants, get_hf_file_metadata, hf_hub_download, hf_hub_url

    try:
        published = get_hf_file_metadata(hf_hub_url(f"timm/{tag}", HUB_FILE)).etag
        return Path(hf_hub_download(f"timm/{tag}", HUB_FILE)), published
    except Exception as error:  # the hub's client also raises the errors of its HTTP library
        if (full := of_a_download(Path(constants.HF_HUB_CACHE), error)) is not None:
            raise full from error
        raise RunFailed(
            f"cannot fetch the weights timm/{tag}: {sentence(error)} Weights need the network, once"
        ) from error


def _in_hub_cache(tag: str) -> Path | None:
    """The file in the hub's cache, of whatever revision was fetched last; None if it was never fetched."""
    from huggingface_hub import constants, try_to_load_from_cache

    found = try_to_load_from_cache(f"timm/{tag}", HUB_FILE)
    if isinstance(found, str):
        return Path(found)
    snapshots = Path(constants.HF_HUB_CACHE, f"models--timm--{tag}", "snapshots")
    files = sorted(snapshots.glob(f"*/{HUB_FILE}"), key=lambda file: file.stat().st_mtime)
    return files[-1] if files else None


def _hash_in_cache(path: Path) -> str | None:
    """The hash that the hub told when the file was fetched: the cache names its content by it.

    None for a file that was put there in another way: nothing without the network says what its hash should be.
    """
    name = path.resolve().name
    return name if re.fullmatch("[0-9a-f]{64}", name) else None


def torchvision_weights(enum: str) -> Loader:
    """A loader of torchvision's weights by the names of their tensors."""
    return of_torchvision(enum, lambda network: load_by_name(network, torchvision_state(enum)))


def timm_weights(tag: str) -> Loader:
    """A loader of timm's weights by the names of their tensors."""
    return of_timm(tag, lambda network: load_by_name(network, timm_state(tag)))
