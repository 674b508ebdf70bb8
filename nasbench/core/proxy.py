"""What a proxy is: a cheap score of a network that is not trained.

A proxy is a function that names what it needs of what is offered (`OFFERED`) and returns a number, of which more is
better. If it returns several numbers, `needs` gives their names, and says which is the score. Without a score among
them, one network has none: the numbers are ranked among those of other networks.
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
PARTS: Mapping[str, tuple[str, ...]] = {
    "az-nas": ("expressivity", "progressivity", "trainability", "macs"),
    "synflow": ("synflow", "log_synflow"),
}
"""Those that come with nasbench and return several numbers."""
SCORES: Mapping[str, str] = {"synflow": "log_synflow"}
"""Which of these numbers is the score; none for a proxy whose numbers are ranked among those of other networks."""


@dataclass(frozen=True)
class Needs:
    """`batches` batches of `batch_size` training images; `parts` are the names of what is returned, if it is several
    numbers, and `score` the one that scores a network by itself.
    """

    batch_size: int = 64
    batches: int = 1
    parts: tuple[str, ...] = ()
    score: str | None = None


Function = TypeVar("Function", bound=Callable[..., Any])


def needs(
    batch_size: int = 64, batches: int = 1, parts: tuple[str, ...] = (), score: str | None = None
) -> Callable[[Function], Function]:
    """Decorator of a proxy: `@needs(batch_size=128, batches=2)`. UsageError for a score that is none of the parts."""
    if score is not None and score not in parts:
        raise UsageError(
            f"the score of a proxy is one of its parts ({', '.join(parts) or 'it has none'}); got {score!r}"
        )

    def mark(function: Function) -> Function:
        function.needs = Needs(batch_size, batches, parts, score)  # type: ignore[attr-defined]
        return function

    return mark


def needs_of(function: Callable[..., Any]) -> Needs:
    """What a proxy needs; one batch of 64 images unless it says otherwise."""
    found = getattr(function, "needs", None)
    return found if isinstance(found, Needs) else Needs()


def proxy_named(name: str, flag: str | None = None) -> Callable[..., Any]:
    """The proxy with that name or import path. UsageError where there is none, and for what cannot be called. `flag` is
    where it was given, if not --evaluator.
    """
    function = proxies.get(name, flag)
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


def ranked_parts(name: str) -> tuple[str, ...]:
    """The numbers of which a proxy makes a score in a population; none for a proxy that scores a network by itself."""
    if proxies.is_built_in(name):
        return () if name in SCORES else PARTS.get(name, ())
    needed = needs_of(proxy_named(name))
    return () if needed.score is not None else needed.parts


def metric_of(name: str) -> str:
    """What a proxy's score is called among the metrics: its name, the last part of its import path, or one of its
    parts.
    """
    known = SCORES.get(name) if proxies.is_built_in(name) else needs_of(proxy_named(name)).score
    return known or name.rpartition(":")[2]
