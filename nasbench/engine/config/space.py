"""What a space is made with."""

import inspect
from dataclasses import dataclass
from random import Random
from typing import Any

from nasbench.core.arch import sample
from nasbench.core.errors import UsageError
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

    def made(self, name: str) -> SearchSpace:
        """The space with that name, made with these settings. UsageError for settings that it does not take."""
        plain: SearchSpace = spaces.make(name)
        wanted: dict[str, Any] = parse_options(self.space_options, "--space-options")
        if self.layers is not None:
            if not isinstance(plain, AnyDepth):
                cells = "; networks of cells take --cells N" if plain.default_size.skeleton else ""
                raise UsageError(
                    f"--layers is for spaces whose networks have any number of layers, such as nas-rl; space {name!r} "
                    f"has none to choose{cells}. Leave --layers {self.layers} out."
                )
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
