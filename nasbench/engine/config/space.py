"""What a space is made with."""

import inspect
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from nasbench.core.arch import sample
from nasbench.core.errors import UsageError
from nasbench.core.growth import Growth
from nasbench.core.options import parse_options
from nasbench.core.protocols import AnyDepth, SearchSpace
from nasbench.core.registry import spaces
from nasbench.engine.config.record import Record, number, options


@dataclass(frozen=True)
class SpaceForm(Record):
    """The settings of a space. They narrow what is proposed; an architecture is read without them."""

    layers: int | None = number(None, low=1)
    """Layers of each network, for spaces of any number of layers (nas-rl: else 6)."""
    space_options: tuple[str, ...] = options()
    """The space's own settings, as KEY=VALUE: nas-rl's stride=predicted, pools=3,5."""

    def made(self, name: str, growth: "Deepening | None" = None, trials: int = 1) -> SearchSpace:
        """The space with that name, made with these settings. UsageError for settings that it does not take.

        With `growth`, it is that of the first networks; its options may name layers that only the deeper ones of
        `trials` have.
        """
        if growth is not None and growth.grow_layers:
            return self._growing(name, growth, trials)
        plain: SearchSpace = spaces.make(name)
        wanted: dict[str, Any] = parse_options(self.space_options, "--space-options")
        if self.layers is not None:
            if not isinstance(plain, AnyDepth):
                raise _no_depth(plain, name, f"--layers {self.layers}")
            if "layers" in wanted:
                raise UsageError("--layers N and --space-options layers=N are the same: give one of the two")
            wanted["layers"] = self.layers
        if not wanted:
            return plain
        part = spaces.get(name)
        if not isinstance(part, type) and not inspect.isroutine(part):
            raise UsageError(
                f"space {name!r} is an object that is made already, so it takes no options; leave --space-options out, "
                "or register its class"
            )
        space: SearchSpace = spaces.make(name, options=wanted)
        drawn = sample(space.name, space.choices, Random(0))
        try:
            plain.canonical(drawn)
        except UsageError as error:
            raise UsageError(
                f"space {name!r}, made without options, does not read what it draws with {wanted}: {error}. Whoever "
                "opens an architecture.json makes the space without options, so they may only narrow its choices."
            ) from error
        return space

    def _growing(self, name: str, growth: "Deepening", trials: int) -> SearchSpace:
        plain: SearchSpace = spaces.make(name)
        if not isinstance(plain, AnyDepth):
            raise _no_depth(plain, name, f"--grow-layers {growth.grow_layers}")
        options: dict[str, Any] = parse_options(self.space_options, "--space-options")
        given = options.get("layers", plain.layers)
        first = self.layers or (given if isinstance(given, int) else plain.layers)
        layers = Growth(first, int(growth.grow_layers or 0), int(growth.grow_every or 1)).layers(trials)
        rest = tuple(word for word in self.space_options if word.partition("=")[0].strip() != "layers")
        try:
            deepest = replace(self, layers=layers, space_options=rest).made(name)
        except UsageError as error:
            raise UsageError(
                f"with --grow-layers {growth.grow_layers} and --grow-every {growth.grow_every}, the networks of "
                f"{trials} trials have {first} to {layers} layers: {error}"
            ) from error
        assert isinstance(deepest, AnyDepth), deepest
        return deepest.with_layers(first)


@dataclass(frozen=True)
class Deepening(Record):
    """How networks get deeper in the course of a search."""

    grow_layers: int | None = number(None, low=0)
    """For spaces of any number of layers: networks get this many layers deeper after each --grow-every trials (0: they
    do not).
    """
    grow_every: int | None = number(None, low=1)
    """After so many trials they get deeper."""

    def check(self) -> None:
        super().check()
        if self.grow_layers and self.grow_every is None:
            raise UsageError(
                f"--grow-layers {self.grow_layers} says how many layers are added, and needs --grow-every K, after how "
                "many trials; the first published search added 2 after each 1600"
            )
        if self.grow_every is not None and self.grow_layers is None:
            raise UsageError(f"--grow-every {self.grow_every} needs --grow-layers N, how many layers are added")

    def schedule(self, space: SearchSpace) -> Growth | None:
        """The schedule of a search that begins in that space; None where all networks are alike in depth."""
        if not self.grow_layers or self.grow_every is None or not isinstance(space, AnyDepth):
            return None
        return Growth(space.layers, self.grow_layers, self.grow_every)


def _no_depth(space: SearchSpace, name: str, given: str) -> UsageError:
    cells = "; networks of cells take --cells N" if space.default_size.skeleton else ""
    return UsageError(
        f"{given.split()[0]} is for spaces whose networks have any number of layers, such as nas-rl; space {name!r} "
        f"has none to choose{cells}. Leave {given} out."
    )
