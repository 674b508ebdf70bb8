"""What `nasbench scale` was asked for: coefficients and dimensions, checked before any work."""

from collections.abc import Callable
from math import log2
from pathlib import Path
from typing import Any

from nasbench.core.compound import PUBLISHED, Coefficients, Multipliers, power
from nasbench.core.errors import UsageError
from nasbench.core.json_file import read_object
from nasbench.core.law import Ladder, PowerLaw
from nasbench.core.typed import check_types
from nasbench.engine.config import Costs, ScaleConfig
from nasbench.engine.config.record import flag
from nasbench.engine.scaling.budgets import READERS
from nasbench.engine.scaling.laws import DEFAULT, law_named, names_of_laws

COEFFICIENTS: dict[str, Any] = {
    **dict.fromkeys(("alpha", "beta", "gamma"), float),
    **dict.fromkeys(("base", "dataset", "recipe", "law"), str | None),
}
"""Fields of best/coefficients.json."""
PRODUCT_RANGE = (1.8, 2.2)
"""alpha * beta**2 * gamma**2 is about 2; the published coefficients have 1.920."""
SEARCHES = ("strategy", "tolerance", "trials", "to_the_end", "front_runners", "latency_model")
TRAINS = ("dataset", "recipe", "epochs", "seeds", "workers")
BUDGETS = tuple(READERS)
WAYS = ("--phi", *map(flag, BUDGETS), "--published", "--depth, --width and --resolution")
MEMORY = ("memory_batch", "memory_of")
LATENCY = ("latency_batch", "latency_on", "latency_threads", "latency_table", "latency_model", "latency_samples")
"""Settings that a budget of memory, and one of latency, heed."""


def check_request(config: ScaleConfig) -> None:
    """UsageError for flags that contradict each other or that nothing would heed, and for numbers out of range."""
    outright = any(value is not None for value in (config.depth, config.width, config.resolution))
    budgets = (getattr(config, name) is not None for name in BUDGETS)
    chosen = (config.phi is not None, *budgets, config.published is not None, outright)
    if sum(chosen) > 1:
        asked = [way for way, given in zip(WAYS, chosen, strict=True) if given]
        raise UsageError(f"{' and '.join(asked)} each say how far to scale; give one of them")
    if outright or config.published:
        way = "--published" if config.published else "a multiplier outright"
        given = [
            f"--{name}" for name in ("alpha", "beta", "gamma", "coefficients") if getattr(config, name) is not None
        ]
        given += ["--dims"] * (config.dims != "compound")
        if given:
            raise UsageError(
                f"{' and '.join(given)} are for --phi and budgets such as --target-macs; {way} says all there is. "
                "Leave one of them out."
            )
    check_law(config)
    if config.published and config.law in (None, DEFAULT) and config.base != ScaleConfig().base:
        raise UsageError(
            f"--published scales {ScaleConfig().base} by its published table; got --base {config.base}. Leave --base "
            "out, or scale this base by the table's multipliers: --law efficientnet --published b3."
        )
    if config.coefficients is not None and any(
        value is not None for value in (config.alpha, config.beta, config.gamma)
    ):
        raise UsageError(
            "--coefficients RUN gives alpha, beta and gamma; leave --alpha, --beta and --gamma out, or give them alone"
        )
    if config.train and config.classes is not None:
        raise UsageError("--classes is the data set's own with --train; leave it out")
    if not config.train and (config.place.run or config.place.resume):
        raise UsageError("--run and --resume are for what trains: add --train or --search")
    _refuse_unheeded(config)
    if not outright and not config.published and config.law in (None, DEFAULT):
        coefficients_of(config)


def check_law(config: ScaleConfig) -> None:
    """UsageError for a law that there is not, for flags that only another law heeds, and for settings out of range."""
    (name,) = names_of_laws(config)
    law = law_named(name)
    if config.growths is not None:
        raise UsageError("--growths is for several laws side by side, such as --law dWr,compound; leave it out")
    for given, what in ((config.dropout, "--dropout"), (config.drop_path, "--drop-path")):
        if given is not None and given >= 1:
            raise UsageError(f"{what} takes a number from 0 on, below 1; got {given:g}")
    if name != DEFAULT:
        wrong = [f"--{each}" for each in ("alpha", "beta", "gamma") if getattr(config, each) is not None]
        wrong += ["--dims"] * (config.dims != "compound")
        if wrong:
            raise UsageError(f"{' and '.join(wrong)} cannot go with --law {name}, which says it itself. Leave it out.")
    if isinstance(law, Ladder):
        outright = ("phi", "depth", "width", "resolution", "coefficients")
        wrong = [flag(each) for each in outright if getattr(config, each) is not None]
        if wrong:
            rows = ", ".join(rung.name for rung in law.rungs)
            raise UsageError(
                f"{' and '.join(wrong)} cannot go with --law {name}, which is a table: give a row of it, --published "
                f"NAME ({rows}), or --target-macs"
            )


def check_comparison(config: ScaleConfig) -> None:
    """UsageError for flags that say how far one law scales, and for what several laws side by side do not do."""
    says = ("phi", *BUDGETS, "published", "depth", "width", "resolution", "alpha", "beta", "gamma", "coefficients")
    given = [flag(name) for name in (*says, "dropout", "drop_path") if getattr(config, name) is not None]
    given += ["--dims"] * (config.dims != "compound") + ["--train"] * config.train + ["--search"] * config.search
    if given:
        raise UsageError(
            f"{' and '.join(given)} cannot go with several laws, which are counted side by side (--growths says how "
            "far). Name one law, or leave it out."
        )
    for name in names_of_laws(config):
        law_named(name)
    _refuse_unheeded(config)


def check_search(config: ScaleConfig) -> None:
    """UsageError for flags that say what a search is to find out."""
    says = ("phi", "alpha", "beta", "gamma", "coefficients", "depth", "width", "resolution", "published")
    given = [flag(name) for name in says if getattr(config, name) is not None]
    given += ["--dims"] * (config.dims != "compound") + ["--train"] * config.train
    if given:
        raise UsageError(
            f"--search finds alpha, beta and gamma at phi = 1, or at a budget such as --target-params; "
            f"{' and '.join(given)} cannot go with it. Leave it out."
        )
    if config.classes is not None:
        raise UsageError("--classes is the data set's own with --search; leave it out")
    for name in ("growths", "out", "dropout", "drop_path"):
        if getattr(config, name) is not None:
            raise UsageError(f"{flag(name)} cannot go with --search; leave it out")
    costs, plain = config.costs.flat(), Costs().flat()
    for names, budget in ((MEMORY, "target_memory"), (LATENCY, "target_latency")):
        for name in names:
            if costs[name] != plain[name] and getattr(config, budget) is None:
                raise UsageError(f"{flag(name)} is for a budget: add {flag(budget)}, or leave {flag(name)} out")
    (law_name,) = names_of_laws(config)
    law = law_named(law_name)
    if not isinstance(law, PowerLaw):
        raise UsageError(
            f"--search finds the exponents of a power law, and {law_name!r} is none. Take compound, dWr or dwr, or a "
            "nasbench.core.law.PowerLaw of your own."
        )
    if len(law.free) < 2:
        grows = " and ".join(law.free) or "nothing"
        raise UsageError(
            f"--search has nothing to find for --law {law_name}: {grows} alone grows. Take compound or dwr."
        )
    if config.strategy == "grid" and (law_name != DEFAULT):
        raise UsageError(f"the grid is of --law {DEFAULT}; with --law {law_name} take --strategy tpe or random")


def _refuse_unheeded(config: ScaleConfig) -> None:
    """UsageError for flags that nothing would heed: those of a search, or of a training, where there is none."""
    asked, plain = config.flat(), ScaleConfig().flat()
    for names, what, way in (
        (SEARCHES, "searches", "--search"),
        (() if config.target_memory else MEMORY, "has a budget of memory", "--target-memory"),
        (() if config.target_latency else LATENCY, "has a budget of latency", "--target-latency"),
        (() if config.train else TRAINS, "trains", "--train or --search"),
    ):
        given = [flag(name) for name in names if asked[name] != plain[name]]
        if given:
            verb, them = ("is", "it") if len(given) == 1 else ("are", "them")
            raise UsageError(f"{' and '.join(given)} {verb} for what {what}: add {way}, or leave {them} out")


def coefficients_of(config: ScaleConfig) -> Coefficients:
    """Those of --coefficients, else those of the flags, else the published ones. UsageError for a
    product far from 2.
    """
    if config.coefficients is not None:
        found = read_coefficients(Path(config.coefficients))
    else:
        asked = (config.alpha, config.beta, config.gamma)
        published = (PUBLISHED.alpha, PUBLISHED.beta, PUBLISHED.gamma)
        found = Coefficients(*(own if own is not None else other for own, other in zip(asked, published, strict=True)))
    low, high = PRODUCT_RANGE
    if not low <= found.product <= high:
        near = nearest_on_surface(found)
        raise UsageError(
            f"alpha * beta**2 * gamma**2 = {found.product:.4g} with alpha {found.alpha:g}, beta {found.beta:g}, gamma "
            f"{found.gamma:g}, and should be about 2 ({low} to {high}), so that multiply-adds double with each phi. "
            f"The nearest with the same balance: --alpha {near.alpha:.4g} --beta {near.beta:.4g} --gamma "
            f"{near.gamma:.4g}. For any product give the multipliers outright: --depth D --width W --resolution R."
        )
    return found


def nearest_on_surface(coefficients: Coefficients) -> Coefficients:
    """The same balance of the three at a product of 2; the published one where nothing grows."""
    if coefficients.product <= 1:
        return nearest_on_surface(PUBLISHED)
    power = 1 / log2(coefficients.product)
    return Coefficients(coefficients.alpha**power, coefficients.beta**power, coefficients.gamma**power)


def read_coefficients(run: Path) -> Coefficients:
    """The coefficients that a search left in its run directory. UsageError where there are none."""
    return read_found(run)[0]


def read_found(run: Path) -> tuple[Coefficients, dict[str, Any]]:
    """The coefficients, and what they were found for: `base`, `dataset`, `recipe`, as far as the file tells. UsageError
    as above.
    """
    file = run / "best" / "coefficients.json" if run.is_dir() else run
    hint = "--coefficients takes the run directory of a finished nasbench scale --search"
    if not run.exists():
        raise UsageError(f"no such directory: {run}. {hint}.")
    if not file.is_file():
        raise UsageError(f"{run} has no best/coefficients.json. {hint}.")
    record = read_object(file, "record of coefficients")
    try:
        check_types(COEFFICIENTS, record, "the record of coefficients")
        found = Coefficients(*(float(record[name]) for name in ("alpha", "beta", "gamma")))
    except KeyError as error:
        raise UsageError(f"{file} holds no alpha, beta and gamma ({error!r}). {hint}.") from error
    except UsageError as error:
        raise UsageError(f"{file}: {error}") from error
    told = {"run": str(run), **{name: record.get(name) for name in ("base", "dataset", "recipe")}}
    return found, {**told, "law": record["law"]} if record.get("law") else told


def along(coefficients: Coefficients, dims: str) -> Callable[[float], Multipliers]:
    """phi -> multipliers. One dimension alone takes the whole growth by the law, product**phi: width and resolution its
    root.
    """
    if dims == "compound":
        return coefficients.at
    product = coefficients.product
    return {
        "depth": lambda phi: Multipliers(depth=power(product, phi)),
        "width": lambda phi: Multipliers(width=power(product, phi / 2)),
        "resolution": lambda phi: Multipliers(resolution=power(product, phi / 2)),
    }[dims]
