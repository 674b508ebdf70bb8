"""Architectures as points in a grid of named choices, and the operators every search needs, written once.

The geometry of a space is data (`Choice`, `Range`); `sample`, `mutate`, `neighbours` and `encode` are free functions
over it.
"""

import hashlib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from random import Random

from nasbench.core.errors import UsageError
from nasbench.core.typed import fits, shown

Gene = str | int | float


@dataclass(frozen=True)
class Choice:
    """One categorical decision: a name and its options, at least one, all different."""

    name: str
    options: tuple[Gene, ...]

    def __post_init__(self) -> None:
        if not self.options or len(set(self.options)) != len(self.options):
            raise UsageError(
                f"choice {self.name!r} needs options that are all different, at least one; got {self.options!r}"
            )


@dataclass(frozen=True)
class Range:
    """One continuous decision in [low, high]."""

    name: str
    low: float
    high: float

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise UsageError(f"range {self.name!r} needs low < high; got [{self.low}, {self.high}]")


Decision = Choice | Range


@dataclass(frozen=True)
class Architecture:
    """A point in a search space: an option for each of its decisions. Frozen, hashable, JSON both ways."""

    space: str
    items: tuple[tuple[str, Gene], ...]

    @classmethod
    def of(cls, space: str, genes: Mapping[str, Gene]) -> "Architecture":
        return cls(space, tuple(genes.items()))

    @property
    def genes(self) -> Mapping[str, Gene]:
        """Decision -> option, in the order of the space's decisions. Made anew each time: a log holds many thousands
        of architectures, and a mapping takes five times the memory of `items`.
        """
        return dict(self.items)

    @cached_property
    def key(self) -> str:
        """16 hexadecimal digits that depend on the space and the genes alone. The key of a canonical form identifies a
        network.
        """
        text = json.dumps([self.space, sorted(self.items)], separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def to_json(self) -> dict[str, object]:
        return {"space": self.space, "genes": dict(self.items)}

    @classmethod
    def from_json(cls, record: Mapping[str, object]) -> "Architecture":
        """UsageError for what is no architecture, and for an option that is neither a text nor a number."""
        space, genes = record.get("space"), record.get("genes")
        if not isinstance(space, str) or not isinstance(genes, Mapping):
            raise UsageError(
                f"an architecture is {{'space': name, 'genes': {{decision: option}}}}; got {shown(dict(record))}"
            )
        for name, option in genes.items():
            if not isinstance(option, str) and not fits(option, Gene):
                raise UsageError(f"the option of decision {name!r} must be a text or a number; got {shown(option)}")
        items = (item if isinstance(item[1], float) else _kept_once(*item) for item in genes.items())
        return cls(sys.intern(space), tuple(items))


@lru_cache(maxsize=2**16)
def _kept_once(name: str, gene: str | int) -> tuple[str, Gene]:
    """A decision and its option: one object for all the architectures of a log that decide the same."""
    return name, gene


def check(architecture: Architecture, choices: Sequence[Decision]) -> None:
    """Raises UsageError unless `architecture` has exactly one valid option for each decision."""
    genes = architecture.genes
    names = {decision.name: None for decision in choices}
    if genes.keys() != names.keys():
        missing = [name for name in names if name not in genes]
        extra = [name for name in genes if name not in names]
        raise UsageError(
            f"not an architecture of {architecture.space!r}: missing decisions {missing[:5]}, unknown decisions "
            f"{extra[:5]}; the space has {len(names)} decisions"
        )
    for decision in choices:
        gene = genes[decision.name]
        if isinstance(decision, Choice) and gene not in decision.options:
            raise UsageError(
                f"decision {decision.name!r} has no option {gene!r}; options: {', '.join(map(str, decision.options))}"
            )
        if isinstance(decision, Range) and not (
            isinstance(gene, int | float) and decision.low <= gene <= decision.high
        ):
            raise UsageError(f"decision {decision.name!r} must lie in [{decision.low}, {decision.high}]; got {gene!r}")


def sample(space: str, choices: Sequence[Decision], rng: Random) -> Architecture:
    """A point drawn uniformly, decision by decision."""
    return Architecture(space, tuple((decision.name, _draw(decision, rng)) for decision in choices))


def mutate(architecture: Architecture, choices: Sequence[Decision], rng: Random) -> Architecture:
    """`architecture` with one decision, drawn uniformly among those with an alternative, set to another option."""
    movable = [decision for decision in choices if isinstance(decision, Range) or len(decision.options) > 1]
    if not movable:
        raise UsageError(f"space {architecture.space!r} has no decision with two options: there is nothing to mutate")
    decision = rng.choice(movable)
    if isinstance(decision, Range):
        return _with(architecture, decision.name, rng.uniform(decision.low, decision.high))
    gene = architecture.genes[decision.name]
    others = [option for option in decision.options if option != gene]
    return _with(architecture, decision.name, rng.choice(others))


def neighbours(architecture: Architecture, choices: Sequence[Decision]) -> Iterator[Architecture]:
    """Every architecture that differs in exactly one categorical decision."""
    genes = architecture.genes
    for decision in choices:
        if isinstance(decision, Choice):
            for option in decision.options:
                if option != genes[decision.name]:
                    yield _with(architecture, decision.name, option)


def encode(architecture: Architecture, choices: Sequence[Decision]) -> list[float]:
    """One-hot over each categorical decision, [0, 1] over each continuous one; the decisions' encodings one after
    another.
    """
    code: list[float] = []
    genes = architecture.genes
    for decision in choices:
        gene = genes[decision.name]
        if isinstance(decision, Range):
            code.append((float(gene) - decision.low) / (decision.high - decision.low))
        else:
            code.extend(1.0 if gene == option else 0.0 for option in decision.options)
    return code


def _draw(decision: Decision, rng: Random) -> Gene:
    if isinstance(decision, Range):
        return rng.uniform(decision.low, decision.high)
    return rng.choice(decision.options)


def _with(architecture: Architecture, name: str, gene: Gene) -> Architecture:
    return Architecture(
        architecture.space, tuple((key, gene if key == name else value) for key, value in architecture.items)
    )
