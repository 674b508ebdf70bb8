"""What a proxy is: a cheap score of a network that is not trained.

A proxy is a function that names what it needs of what is offered (`OFFERED`) and returns a number, of which more is
better. If it returns several numbers, `needs` gives their names; such a proxy has no score of one network alone.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from nasbench.core.errors import UsageError
from nasbench.core.registry import proxies

OFFERED: Mapping[str, str] = {
    "network": "the network at initialisation, on its device and in training mode",
    "images": "float32 (B, C, S, S): the first batch, preprocessed as in training and not augmented",
    "labels": "int64 (B): its labels",
    "batches": "all batches, each (images, labels)",
    "task": "the number of classes, the side in pixels at which images are seen, and their channels",
    "params": "trainable parameters",
    "macs": "multiply-adds of one image",
}
"""What a proxy may name as its parameters."""
IMAGES = ("images", "labels", "batches")
WITHOUT_IMAGES = ("az-nas", "macs", "params", "synflow")
"""Those that come with nasbench and read no images, so that this is known without importing them."""
PARTS: Mapping[str, tuple[str, ...]] = {"az-nas": ("expressivity", "progressivity", "trainability", "macs")}
"""Those that come with nasbench and score one network by several numbers, which are ranked among others."""


@dataclass(frozen=True)
class Needs:
    """`batches` batches of `batch_size` training images; `parts` are the names of what is returned, if it is several
    numbers.
    """

    batch_size: int = 64
    batches: int = 1
    parts: tuple[str, ...] = ()


Function = TypeVar("Function", bound=Callable[..., Any])


def needs(batch_size: int = 64, batches: int = 1, parts: tuple[str, ...] = ()) -> Callable[[Function], Function]:
    """Decorator of a proxy: `@needs(batch_size=128, batches=2)`."""

    def mark(function: Function) -> Function:
        function.needs = Needs(batch_size, batches, parts)  # type: ignore[attr-defined]
        return function

    return mark


def needs_of(function: Callable[..., Any]) -> Needs:
    """What a proxy needs; one batch of 64 images unless it says otherwise."""
    found = getattr(function, "needs", None)
    return found if isinstance(found, Needs) else Needs()


def proxy_named(name: str) -> Callable[..., Any]:
    """The proxy with that name or import path. UsageError where there is none, and for what cannot be called."""
    function = proxies.get(name)
    if isinstance(function, type) or not callable(function):
        raise UsageError(
            f"the proxy {name!r} must be a function that returns a number, such as def my_score(network, images); it "
            f"is {'the class' if isinstance(function, type) else 'a'} {getattr(function, '__name__', type(function))}"
        )
    called: Callable[..., Any] = function
    return called


def reads_images(name: str) -> bool:
    """Whether a proxy reads images of the data set. Those that come with nasbench are not imported for that."""
    if proxies.is_built_in(name):
        return name not in WITHOUT_IMAGES
    try:
        named = inspect.signature(proxy_named(name)).parameters
    except (TypeError, ValueError):
        return False
    return any(each in named for each in IMAGES)


def parts_of(name: str) -> tuple[str, ...]:
    """The numbers of which a proxy makes a score in a population; none for a proxy that scores a network by itself."""
    return PARTS.get(name, ()) if proxies.is_built_in(name) else needs_of(proxy_named(name)).parts


def metric_of(name: str) -> str:
    """What a proxy's value is called among the metrics: its name, or the last part of its import path."""
    return name.rpartition(":")[2]
