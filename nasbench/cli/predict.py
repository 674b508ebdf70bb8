"""`nasbench predict`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal

import tyro

from nasbench.cli.output import tell, tell_json
from nasbench.cli.parse import parse
from nasbench.core.errors import UsageError
from nasbench.core.shown import say
from nasbench.core.trial_of_run import at_trial
from nasbench.engine.config import ModelTrust, Stored
from nasbench.engine.config.record import Record, number
from nasbench.engine.parts.networks import check_model


@dataclass(frozen=True)
class PredictConfig(Record):
    """Classifies images with a trained network, shown to it as in its training.

    Example: nasbench predict RUN cat.jpg photos/ --top 3
    """

    model: Annotated[str, tyro.conf.Positional] = ""
    """A run directory (its best), the folder of a training or of an export, or zoo:NAME with --pretrained."""
    images: Annotated[tuple[str, ...], tyro.conf.Positional] = ()
    """Image files, and folders of them."""
    trial: str | None = None
    """Of a MODEL that is a run directory, the trial with this number, or with this key in its report (else its best).
    """
    top: int = number(5, low=1)
    """This many classes of each image, the most probable first."""
    pretrained: bool = False
    """The published weights of a network of the zoo, with the 1,000 classes of ImageNet (fetched, checked by hash)."""
    views: Literal["center", "10", "multiscale", "dense"] = "center"
    """How each image is shown: center, 10 (corners, centre, mirrored), multiscale (10 at four sizes), or dense (the
    whole image, fully convolutional); class probabilities are averaged.
    """
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where the network computes."""
    stored: Stored = field(default_factory=Stored)
    trusts: ModelTrust = field(default_factory=ModelTrust)
    json: bool = False
    """One JSON object on standard output; everything for people on standard error."""


def run(argv: Sequence[str]) -> None:
    """Parses, classifies, prints: a line an image, or with --json one object at the end.

    An image that cannot be read is told at the end; UsageError where it was named itself, or none could be read.
    """
    config = parse(PredictConfig, "predict", argv)
    config.check()
    if not config.model:
        raise UsageError("nasbench predict needs a model and images first. See: nasbench predict --help")
    if not config.images:
        raise UsageError("nasbench predict needs images after the model: files, or folders of them")
    config.stored.bring_model(config.model, config.trial)
    model = at_trial(config.model, config.trial)
    check_model(model)
    from nasbench.engine.models.predict import Prediction, Unreadable, predict

    read: list[Prediction] = []
    unreadable: list[Unreadable] = []
    for found in predict(model, config.images, config.top, config.pretrained, config.device, config.views):
        if isinstance(found, Unreadable):
            unreadable += [found] if found not in unreadable else []  # by its name and in its folder: told once
            continue
        read.append(found)
        if not config.json:
            classes = ", ".join(f"{name} {100 * share:.1f} %" for name, share in found.classes)
            tell(f"{found.file}: {classes}")
    if config.json:
        images, left_out = [each.to_json() for each in read], [each.to_json() for each in unreadable]
        tell_json({"images": images, "unreadable": left_out})
    told = "\n".join(each.error for each in unreadable)
    if unreadable and (not read or any(each.named for each in unreadable)):
        raise UsageError(told)
    if unreadable:
        say(told)
