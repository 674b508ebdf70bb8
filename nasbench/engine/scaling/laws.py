"""The laws that `nasbench scale` knows by name, and what a base is by a row of a law's table."""

from dataclasses import replace

from nasbench.core.blame import blame
from nasbench.core.compound import Multipliers
from nasbench.core.errors import UsageError
from nasbench.core.law import Ladder, Law, PowerLaw, Rung, checked_law
from nasbench.core.registry import laws
from nasbench.core.spec import ROUNDINGS, ModelSpec, Size
from nasbench.engine.config import ScaleConfig
from nasbench.engine.config.record import labels_of
from nasbench.engine.parts.scaled import compound_scale

DEFAULT = "compound"


def names_of_laws(config: ScaleConfig) -> list[str]:
    """The laws that --law names, divided by commas; the compound one where it names none."""
    return (
        labels_of([config.law], "--law", "names of laws, divided by commas (see: nasbench list laws)")
        if (config.law is not None)
        else [DEFAULT]
    )


def law_named(name: str) -> Law | Ladder:
    """The law of that name, or at that import path. UsageError where there is none."""
    found = checked_law(name, laws.get(name))
    rounding = getattr(found, "rounding", "")
    if rounding not in ROUNDINGS:
        raise UsageError(f"the law {name!r} has the rounding {rounding!r}; known: {', '.join(map(repr, ROUNDINGS))}")
    return found


def rounded(base: ModelSpec, law: Law | Ladder) -> ModelSpec:
    """The base, which scales with the law's rounding from now on."""
    return replace(base, size=replace(base.size, rounding=getattr(law, "rounding", "")))


def multipliers_at(name: str, law: Law, phi: float) -> Multipliers:
    """The law's multipliers at a phi. UsageError for a law of the user's own that fails or answers anything else."""
    if isinstance(law, PowerLaw):
        return law.at(phi)
    with blame(f"the law {name!r}", f"at({phi:g})", UsageError, "Mend it there."):
        found = law.at(phi)
    if not isinstance(found, Multipliers):
        raise UsageError(f"at() of the law {name!r} must return nasbench.core.compound.Multipliers; got {found!r}")
    return found


def of_rung(base: ModelSpec, law: Ladder, rung: Rung) -> ModelSpec:
    """The network of a row: the zoo's own of that row, or the base by the row's multipliers."""
    multipliers = law.multipliers(rung)
    if not rung.network:
        return compound_scale(rounded(base, law), multipliers)
    pixels = max(1, round(base.pixels * multipliers.resolution))
    return replace(base, name=rung.network, size=Size(resolution=pixels))


def base_named(config: ScaleConfig, law: Law | Ladder) -> str:
    """The MODEL to start from: --base, or the law's own where --base is not given. UsageError where rows are networks
    that no other base can be scaled to.
    """
    if not isinstance(law, Ladder) or config.base == law.base:
        return config.base
    if config.base == ScaleConfig().base:
        return law.base
    if law.of_networks:
        raise UsageError(
            f"--law {config.law} is a table of networks of their own, from {law.base} on; got --base {config.base}. "
            "Leave --base out, or take a law that scales any base (see: nasbench list laws)."
        )
    return config.base
