"""The noun that travels the whole way: where a model came from, its genes or its name, its size, and the task it is
built for.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from nasbench.core.arch import Architecture
from nasbench.core.errors import UsageError, unknown
from nasbench.core.trust import Named
from nasbench.core.typed import check_range, checked_fields, shown

SKELETONS = ("", "cifar", "imagenet", "final")
ROUNDINGS = ("", "nearest", "tinynet")
"""How a scaled network's channels and repeats are rounded: as EfficientNet's, as pycls's, as TinyNet's."""
SOURCES = "'zoo', 'space:NAME' or 'import'"


@dataclass(frozen=True)
class Task:
    """What a network is built for: number of classes, image side in pixels, input channels.

    `stem` is the form of the first layers of a network that has two: 'cifar' for small images, 'imagenet' for large
    ones. Empty: the network selects it by the image size. Identities and texts leave it out while it is empty.
    """

    num_classes: int = 10
    image_size: int = 32
    channels: int = 3
    stem: str = ""

    def __repr__(self) -> str:
        stem = f", stem={self.stem!r}" if self.stem else ""
        sizes = f"num_classes={self.num_classes}, image_size={self.image_size}, channels={self.channels}"
        return f"Task({sizes}{stem})"

    def is_small(self, largest: int) -> bool:
        """Whether a network takes its form for small images: as `stem` says, else up to `largest` pixels."""
        return self.stem == "cifar" if self.stem else self.image_size <= largest


def task_record(task: Task) -> dict[str, object]:
    """A task as JSON values, without a stem that is empty."""
    return {name: value for name, value in vars(task).items() if name != "stem" or value}


@dataclass(frozen=True)
class Size:
    """What compound scaling multiplies.

    For cell spaces depth is N (normal cells a stack), width is F (filters of the first stack), and `skeleton` is
    'cifar' or 'imagenet', or 'final' for the space enas-macro, whose found networks are trained in another form than
    they are searched in. For other models depth and width are multipliers and `skeleton` is empty. `resolution` is the
    side in pixels at which images are seen; None is the task's own.

    rounding        how multiplied channels and repeats become whole (`nasbench.nn.rounding`); empty: as EfficientNet's
    dropout         of every dropout layer; None: the network's own, and what a recipe says
    drop_path       probability of dropping the last block's path (1 - survival); None: as a recipe says
    own_resolution  the resolution is the network's own, even where it is also the task's image size

    Records and identities leave these four out while they have their defaults.
    """

    depth: float = 1.0
    width: float = 1.0
    resolution: int | None = None
    skeleton: str = ""
    aux_head: bool = False
    rounding: str = ""
    dropout: float | None = None
    drop_path: float | None = None
    own_resolution: bool = False

    @property
    def is_scaled(self) -> bool:
        """Whether it asks for another depth or width than the published network's."""
        return (self.depth, self.width) != (1, 1)


ADDED: Mapping[str, object] = {"rounding": "", "dropout": None, "drop_path": None, "own_resolution": False}
"""The fields of a size that records leave out while they have these values."""


def size_record(size: Size) -> dict[str, object]:
    """A size as JSON values, without the later fields that have their defaults."""
    return {name: value for name, value in vars(size).items() if name not in ADDED or value != ADDED[name]}


def pixels_of(size: Size, task: Task) -> int:
    """The side in pixels at which a network sees images: the size's own resolution, or else the task's image size."""
    return size.resolution or task.image_size


def child_size(default: Size, resolution: int | None, cells: int | None, filters: int | None) -> Size:
    """The size of a space's networks: its default with what is given. UsageError for cells where there are none."""
    if default.skeleton:
        return replace(default, depth=cells or default.depth, width=filters or default.width, resolution=resolution)
    if cells or filters:
        raise UsageError("--cells and --filters are for spaces of cells, and this space is none")
    return replace(default, resolution=resolution)


@dataclass(frozen=True)
class ModelSpec:
    """A network before it is built: size, task, an architecture or a name, and the source that both are of.

    `source` is 'zoo', 'space:NAME', or 'import' for a network of the user's own, whose name is its import path.
    """

    source: str
    size: Size
    task: Task
    architecture: Architecture | None = None
    name: str | None = None

    def __post_init__(self) -> None:
        if (self.architecture is None) == (self.name is None):
            raise UsageError("a model has either an architecture or a name, and not both")

    @property
    def pixels(self) -> int:
        """The side in pixels at which it sees images. `task.image_size` is the base's own, which sets its form."""
        return pixels_of(self.size, self.task)

    @property
    def seen_task(self) -> Task:
        """The task at the resolution at which images are seen."""
        return replace(self.task, image_size=self.pixels)

    @cached_property
    def key(self) -> str:
        """16 hexadecimal digits that depend on the specification alone."""
        return hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()[:16]

    def to_json(self) -> dict[str, object]:
        return {
            "source": self.source,
            "size": size_record(self.size),
            "task": task_record(self.task),
            "architecture": self.architecture.to_json() if self.architecture else None,
            "name": self.name,
        }

    @classmethod
    def from_json(cls, record: Mapping[str, object]) -> "ModelSpec":
        """The specification in a record that may hold more. UsageError for a field of a wrong type or out of range."""
        missing = [name for name in ("source", "size", "task") if name not in record]
        if missing:
            raise UsageError(
                f"not a model specification (source, size, task, and architecture or name): no {', '.join(missing)}"
            )
        given = {name: record[name] for name in ("source", "size", "task", "architecture", "name") if name in record}
        given["size"], given["task"] = size_of_record(record["size"]), task_of_record(record["task"])
        if isinstance(record.get("architecture"), Mapping):
            given["architecture"] = Architecture.from_json(record["architecture"])  # type: ignore[arg-type]
        spec = cls(**checked_fields(cls, given, "the model specification"))
        _check_source(spec)
        return spec

    @property
    def import_paths(self) -> tuple[Named, ...]:
        """What building it would import by a path of somebody's own: a space, or a network. Mostly nothing."""
        if self.source == "import":
            return (Named("a network by an import path", str(self.name), f"{shown(self.name)} in place of this MODEL"),)
        return named_space(self.source)


def named_space(source: str) -> tuple[Named, ...]:
    """The space of a source, where it is named by an import path."""
    space = source.removeprefix("space:")
    return (Named("a space by an import path", space, f"--space {shown(space)}"),) if ":" in space else ()


def _check_source(spec: ModelSpec) -> None:
    """UsageError for a source that is none, and for what cannot be of it."""
    of_space = spec.source.startswith("space:") and spec.source != "space:"
    if spec.source not in ("zoo", "import") and not of_space:
        raise UsageError(f"the source of a model is {SOURCES}; got {shown(spec.source)}")
    if not of_space and spec.name is None:
        raise UsageError(f"a model of the source {spec.source!r} has a name, and no architecture")


RANGES: Mapping[str, tuple[float, float]] = {
    "depth": (1e-6, 1_000),
    "width": (1e-6, 1_000_000),
    "resolution": (1, 8_192),
    "num_classes": (1, 10_000_000),
    "image_size": (1, 8_192),
    "channels": (1, 1_024),
    "dropout": (0, 1),
    "drop_path": (0, 1),
}
"""What a specification in a file may ask for: more would only stop the machine that builds it."""


def size_of_record(record: object) -> Size:
    """The size in a record. UsageError for a field of a wrong type or out of range."""
    given = checked_fields(Size, record, "the size of a model")
    for name in ("depth", "width", "resolution", "dropout", "drop_path"):
        if given.get(name) is not None:
            check_range(f"the field {name!r} of the size of a model", given[name], *RANGES[name])
    for name in ("dropout", "drop_path"):
        if given.get(name) == 1:
            raise UsageError(f"the field {name!r} of the size of a model is below 1, which would leave nothing; got 1")
    if given.get("rounding", "") not in ROUNDINGS:
        raise unknown("rounding of a scaled model", str(given["rounding"]), ROUNDINGS)
    if given.get("skeleton", "") not in SKELETONS:
        raise UsageError(
            f"the skeleton of a model is one of {', '.join(map(repr, SKELETONS))}; got {shown(given['skeleton'])}"
        )
    return Size(**given)


def task_of_record(record: object) -> Task:
    """The task in a record. UsageError for a field of a wrong type or out of range."""
    given = checked_fields(Task, record, "the task of a model")
    for name in ("num_classes", "image_size", "channels"):
        if name in given:
            check_range(f"the field {name!r} of the task of a model", given[name], *RANGES[name])
    return Task(**given)


@dataclass(frozen=True)
class Result:
    """A published number: metric ('top1_error', 'cifar10_error', ... in percent), value, its source, and how it was
    verified.

    `tag` is P (the paper's own text), R (an official or widely trusted repository), C (counted by building the
    network), S (quoted second-hand) or M (from memory, not verified: marked in tables, never asserted).
    """

    metric: str
    value: float
    source: str
    tag: str


@dataclass(frozen=True)
class ModelCard:
    """A row of the comparison, and what the golden tests assert.

    `task` is the published form; `params` are its trainable parameters, exact, and `macs` its multiply-adds. `verified`
    is the tag of the counts (C: counted by building; empty: not verified, left out of tests and marked on plots).
    `origin` says whose code builds it ('own', 'torchvision', 'timm'), `note` how it differs from others of its name.
    """

    name: str
    family: str
    paper: str
    year: int
    task: Task
    params: int | None = None
    macs: int | None = None
    results: tuple[Result, ...] = ()
    verified: str = ""
    origin: str = "own"
    note: str = ""
