"""How images are shown to a network that starts from weights, published or one's own: as those weights saw them."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from nasbench.core.preprocessing import Preprocessing, Seen, read_preprocessing
from nasbench.engine.config import Data, ModelOverrides
from nasbench.engine.parts.models import resolve

if TYPE_CHECKING:
    from nasbench.train.source import DataSource


def published_preprocessing(model: str) -> Preprocessing | None:
    """What the published weights of a MODEL were trained on; None where it has none, or none that say so."""
    import zoo
    from zoo.published import PublishedWeights

    spec = resolve(model, ModelOverrides())
    if spec.source != "zoo" or spec.name is None:
        return None
    weights = zoo.entry(spec.name).load_pretrained
    return weights.preprocessing() if isinstance(weights, PublishedWeights) else None


def as_weights_saw(model: str, data: Data) -> tuple[Data, "DataSource", tuple[str, ...]]:
    """The data, at the size of the published weights unless one is asked for; its source, with the mean, deviation,
    interpolation and crop of the weights; and what to say of it.

    Data sets of small images keep their own size: they are not enlarged unless asked for.
    """
    from zoo.registry import SMALL_IMAGE

    found = published_preprocessing(model)
    if found is None:
        return data, data.source, ()
    own = data.source.task().image_size
    if data.image_size is None and own > SMALL_IMAGE:
        data = replace(data, image_size=found.image_size)
    seen, pixels = found.seen, data.image_size or own
    told = [_told(f"the published weights of {model}", seen)]
    if pixels != found.image_size:
        told.append(f"those weights were trained at {found.image_size} pixels; images are seen at {pixels}")
    return data, replace(data.source, shown_as=seen), tuple(told)


def as_file_saw(weights: Path, data: Data) -> tuple["DataSource | None", tuple[str, ...]]:
    """The source of the data with the mean, deviation, interpolation and crop in the record beside a file of weights,
    and what to say of it. None where there is no record, or where the data set shows images in that way itself.
    """
    record = read_preprocessing(weights.parent)
    if record is None:
        return None, ()
    seen, own = record.seen, data.source.preprocessing().seen
    if seen == own or len(seen.mean) != len(own.mean):
        return None, ()
    return replace(data.source, shown_as=seen), (_told(f"the weights in {weights}", seen),)


def _told(whose: str, seen: Seen) -> str:
    mean, std = (", ".join(f"{value:g}" for value in values) for values in (seen.mean, seen.std))
    return (
        f"images are shown as {whose} saw them: mean {mean}, std {std}, {seen.interpolation}, "
        f"the centre {100 * seen.crop_share:.3g} % of photographs"
    )
