"""What scaling, and the search for its coefficients, are asked for."""

from dataclasses import dataclass
from typing import Any, Literal

from nasbench.engine.config.costs import Costs
from nasbench.engine.config.record import Record, counted, free, number
from nasbench.engine.config.shared import Data, Place, Seeds, Tracking, Training, Workers
from nasbench.engine.config.trust import ModelTrust
from nasbench.engine.config.whole import Whole

SCALE_SEARCH: dict[str, Any] = {"seeds": 3}
"""What --search sets: explicit flags win."""


@dataclass(frozen=True)
class ScaleConfig(Record):
    """Scales a model in depth, width and resolution by one number phi, and counts what that costs.

    Example: nasbench scale --phi 3
    """

    phi: float | None = number(None, takes="a number, such as 3, 0.5 or -1")
    """How far to scale; multiply-adds about double with each whole phi. Fractional and negative too (else 1)."""
    base: str = "efficientnet_b0"
    """What to scale: a zoo network that scales, space:SPACE:PUBLISHED, an architecture.json, or a run directory (its
    best).
    """
    alpha: float | None = number(None, above=0)
    """Depth at phi = 1 (else the published 1.2)."""
    beta: float | None = number(None, above=0)
    """Width at phi = 1 (else the published 1.1)."""
    gamma: float | None = number(None, above=0)
    """Resolution at phi = 1 (else the published 1.15)."""
    coefficients: str | None = None
    """The run directory of a finished nasbench scale --search, whose alpha, beta and gamma to take."""
    dims: Literal["compound", "depth", "width", "resolution"] = "compound"
    """compound: all three; or one alone, which takes the whole growth in multiply-adds."""
    depth: float | None = number(None, above=0)
    """Instead of phi: the depth multiplier outright (else 1)."""
    width: float | None = number(None, above=0)
    """Instead of phi: the width multiplier outright (else 1)."""
    resolution: float | None = number(None, above=0)
    """Instead of phi: the resolution multiplier outright (else 1)."""
    target_macs: str | None = counted()
    """Instead of phi: the largest model of at most so many multiply-adds, such as 1G."""
    target_params: str | None = counted()
    """Instead of phi: the largest model of at most so many parameters, such as 10M."""
    target_memory: str | None = None
    """Instead of phi: the largest model whose peak memory is at most this, such as 6G, counted at --memory-batch."""
    target_latency: str | None = None
    """Instead of phi: the largest model whose inference takes at most this on this machine, such as 20ms."""
    costs: Costs = Costs()
    published: str | None = None
    """Instead of phi: a row of the law's table; without --law a published EfficientNet, b0 to b7."""
    classes: int | None = number(None, low=2)
    """Number of classes of base and scaled model (else the base's own)."""
    stack: str | None = None
    """N@P of a base of cells: N normal cells a stack, P channels before the classifier."""
    skeleton: Literal["cifar", "imagenet", "final"] | None = None
    """Of a base of cells (else cifar up to 64 pixels, imagenet above). final: of space enas-macro, the form in which
    found networks are trained.
    """
    law: str | None = None
    """By which law to scale (see: nasbench list laws): a power law, such as dWr, or a published table, such as tinynet,
    with a row of it (--published) or a budget (else compound). Several, divided by commas, are compared in a table.
    """
    growths: str | None = None
    """--law with several: the budgets, as multiples of the base's multiply-adds (else 1,2,4,8)."""
    out: str | None = free(None)
    """Write the scaled model to this .json file, a MODEL for every command; of several laws, the plot (.svg, .png)."""
    dropout: float | None = number(None, low=0, takes="a number from 0 on, below 1")
    """Dropout of the scaled model (else by phi as published, 0.2 to 0.5, in networks of mobile blocks)."""
    drop_path: float | None = number(None, low=0, takes="a number from 0 on, below 1")
    """Probability of dropping the last block's path (else as published, 0.2, in networks of mobile blocks)."""
    train: bool = False
    """Train the scaled model beside its base, under one recipe on the data set."""
    search: bool = False
    """Instead of scaling: search alpha, beta and gamma for this base, data set and recipe, as a search with a run
    directory.
    """
    strategy: Literal["tpe", "grid", "random"] = "tpe"
    """--search: tpe and random on the surface where the product is 2, or the paper's grid in steps of 0.05."""
    tolerance: float = number(0.1, low=0)
    """--search --strategy grid: by how much the product of a point of the grid may differ from 2."""
    trials: int | None = number(None, low=1)
    """--search: lines of any status that the search may spend (else 30, or the whole grid)."""
    to_the_end: bool = False
    """--search: train every candidate for all epochs (else, from 3 epochs on, bad ones are stopped early: ASHA)."""
    front_runners: int | None = number(None, low=0)
    """--search: so many of the best candidates are trained again under --seeds seeds, beside what they have to beat
    (else 3; 0: none).
    """
    data: Data = Data()
    training: Training = Training()
    repeats: Seeds = Seeds()
    workers: Workers = Workers()
    tracking: Tracking = Tracking()
    place: Place = Place()
    trusts: ModelTrust = ModelTrust()

    @property
    def whole(self) -> Whole:
        """How whole trainings are run: `scale --train` has no flags for that."""
        return Whole()

    @property
    def views(self) -> Literal["center"]:
        """How each test image is shown."""
        return "center"
