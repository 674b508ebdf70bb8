"""Every command as a function. What a flag is on the command line is a keyword here; results show themselves.

Each function raises UsageError for bad input, RunFailed where nothing succeeded, and Interrupted on Ctrl-C or SIGTERM;
a run is gone on with by `run=DIR, resume=True`. Import paths that stand in a file are followed where this user began
the run there, where they are given again, or with `trust=True`.
"""

from collections.abc import Iterator, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal, Unpack, overload

from nasbench.api.configured import by_path, configured
from nasbench.api.keyword_groups import Part, Text
from nasbench.api.keywords import (
    CompareKeywords,
    ExportKeywords,
    FeaturesKeywords,
    FidelityKeywords,
    ProfileKeywords,
    RaceKeywords,
    ScaleKeywords,
    SearchKeywords,
    SupernetKeywords,
    TrainKeywords,
    TransferKeywords,
)
from nasbench.api.signature import keywords_of
from nasbench.core.errors import UsageError
from nasbench.core.protocols import Tracker
from nasbench.core.trust import trusting
from nasbench.engine.config import (
    CompareConfig,
    ExportConfig,
    FeaturesConfig,
    FidelityConfig,
    ModelOverrides,
    RaceConfig,
    ScaleConfig,
    SearchConfig,
    SupernetConfig,
    TrainConfig,
    TransferConfig,
)
from nasbench.engine.opened.run_trial import RunTrial
from nasbench.engine.parts.networks import check_model

if TYPE_CHECKING:
    from nasbench.engine.export.command import ExportResult
    from nasbench.engine.fidelity.command import FidelityResult
    from nasbench.engine.models.features.command import FeaturesResult
    from nasbench.engine.models.predict import Prediction, Unreadable
    from nasbench.engine.models.profile import ProfiledModel
    from nasbench.engine.race.command import RaceResult
    from nasbench.engine.scaling.result import ScaleResult
    from nasbench.engine.scaling.search import ScaleSearchResult
    from nasbench.engine.search.command import SearchResult
    from nasbench.engine.search.dry_run import DryRun
    from nasbench.engine.search.supernet.command import SupernetResult
    from nasbench.engine.training.advice import Advice
    from nasbench.engine.training.compare import CompareResult
    from nasbench.engine.training.train import TrainResult
    from nasbench.engine.training.transfer import TransferResult
    from nasbench.engine.training.ways import WaysResult


@overload
def search(
    *, trackers: Sequence[Tracker] | None = None, live: Literal[False] = False, **options: Unpack[SearchKeywords]
) -> "SearchResult": ...


@overload
def search(
    *, trackers: Sequence[Tracker] | None = None, live: Literal[True], **options: Unpack[SearchKeywords]
) -> Iterator[RunTrial]: ...


@keywords_of(SearchConfig)
def search(
    *, trackers: Sequence[Tracker] | None = None, live: bool = False, **options: Unpack[SearchKeywords]
) -> "SearchResult | Iterator[RunTrial]":
    """Searches a space, as `nasbench search` does. Parts may be given as the objects themselves.

    `trackers` replace the console and W&B. With `live`, it is an iterator over the trials as they finish; a loop that
    is left stops the search, which `resume` goes on with.
    """
    from nasbench.api.live import trials_of
    from nasbench.engine.search.asked import search_as_asked
    from nasbench.trackers.guard import guarded

    with _trusting(SearchConfig, options):
        config = configured(SearchConfig, options)
        if trackers is not None and not isinstance(trackers, Sequence):
            raise UsageError(f"trackers takes a list of trackers; got {trackers!r}")
        heard = None if trackers is None else [guarded(each) for each in trackers]
        if live:
            return trials_of(config, heard)
        return search_as_asked(config, argv=("nasbench.search",), trackers=heard)


@keywords_of(SearchConfig)
def dry_run(**options: Unpack[SearchKeywords]) -> "DryRun":
    """How large the children of a search would be, and how long it would take here. Nothing is written."""
    from nasbench.engine.search.dry_run import run_dry

    with _trusting(SearchConfig, options):
        return run_dry(configured(SearchConfig, options))


@keywords_of(ScaleConfig)
def scale(**options: Unpack[ScaleKeywords]) -> "ScaleResult | ScaleSearchResult":
    """Scales a model, as `nasbench scale` does; with `search=True` it searches coefficients, and returns those."""
    from nasbench.engine.scaling.command import run_scale
    from nasbench.engine.scaling.search import run_scale_search

    with _trusting(ScaleConfig, options):
        config = configured(ScaleConfig, options)
        return (run_scale_search if config.search else run_scale)(config, argv=("nasbench.scale",))


@keywords_of(TrainConfig)
def train(model: Text | Part = "", **options: Unpack[TrainKeywords]) -> "TrainResult":
    """Trains a model under a recipe, over one or more seeds, as `nasbench train` does."""
    from nasbench.engine.training.train import train as run_train

    with _trusting(TrainConfig, {"model": model, **options}):
        config = configured(TrainConfig, {**_given(model=model), **options})
        _check_model(config.network)
        return run_train(config, argv=("nasbench.train",))


@keywords_of(TransferConfig)
def transfer(model: Text | Part = "", **options: Unpack[TransferKeywords]) -> "TransferResult | WaysResult | Advice":
    """Builds a network at the size of another data set and trains it there, as `nasbench transfer` does.

    With `advise=True` nothing is trained, and what the rule says is returned; with `auto=True` the three ways are.
    """
    from nasbench.engine.training.transfer import advise
    from nasbench.engine.training.transfer import transfer as run_transfer

    with _trusting(TransferConfig, {"model": model, **options}):
        config = configured(TransferConfig, {**_given(model=model), **options})
        _check_model(config.network)
        if config.advise:
            return advise(config)
        result = run_transfer(config, argv=("nasbench.transfer",))
    assert result is not None, "a process of torchrun that does not lead; start those from the command line"
    return result


@keywords_of(CompareConfig)
def compare(models: "Sequence[Text | Part]" = (), **options: Unpack[CompareKeywords]) -> "CompareResult":
    """Compares models under one recipe and several seeds, as `nasbench compare` does."""
    from nasbench.engine.training.compare import compare as run_compare

    with _trusting(CompareConfig, {"models": models, **options}):
        config = configured(CompareConfig, {**_given(models=models), **options})
        for model in config.models:
            check_model(model)
        return run_compare(config, argv=("nasbench.compare",))


@keywords_of(RaceConfig)
def race(**options: Unpack[RaceKeywords]) -> "RaceResult":
    """Races strategies over a table of known results, as `nasbench race` does."""
    from nasbench.engine.race.command import run_race

    with _trusting(RaceConfig, options):
        return run_race(configured(RaceConfig, options), argv=("nasbench.race",))


@keywords_of(FidelityConfig)
def fidelity(**options: Unpack[FidelityKeywords]) -> "FidelityResult":
    """Ranks cheap scores against the truth, as `nasbench fidelity` does."""
    from nasbench.engine.fidelity.command import run_fidelity

    with _trusting(FidelityConfig, options):
        return run_fidelity(configured(FidelityConfig, options), argv=("nasbench.fidelity",))


@keywords_of(SupernetConfig)
def supernet(**options: Unpack[SupernetKeywords]) -> "SupernetResult":
    """Trains shared weights for a space, as `nasbench supernet` does."""
    from nasbench.engine.search.supernet.command import train_supernet

    with _trusting(SupernetConfig, options):
        result = train_supernet(configured(SupernetConfig, options), argv=("nasbench.supernet",))
    assert result is not None, "a process of torchrun that does not lead; start those from the command line"
    return result


@keywords_of(ExportConfig)
def export(model: Text | Part, **options: Unpack[ExportKeywords]) -> "ExportResult":
    """Writes a model in forms that need nothing of nasbench, each checked, as `nasbench export` does."""
    from nasbench.engine.export.command import export as run_export

    with _trusting(ExportConfig, {"model": model, **options}):
        config = configured(ExportConfig, {"model": model, **options})
        config.stored.bring_model(config.model, config.trial)
        check_model(config.network)
        return run_export(config)


@keywords_of(FeaturesConfig)
def features(model: Text | Part, **options: Unpack[FeaturesKeywords]) -> "FeaturesResult":
    """Shows what layers of a trained network make of images, as `nasbench features` does; the outputs of a layer are in
    `.features`, accuracies by stage in `.stages`.
    """
    from nasbench.engine.models.features.command import features as run_features

    with _trusting(FeaturesConfig, {"model": model, **options}):
        config = configured(FeaturesConfig, {"model": model, **options})
        config.stored.bring_model(config.model, config.trial)
        check_model(config.network)
        return run_features(config)


@keywords_of(ModelOverrides)
def profile(model: Text | Part, **options: Unpack[ProfileKeywords]) -> "ProfiledModel":
    """Counts a model by layer, as `nasbench profile` does: `.counts` has params, macs, activation_bytes and layers."""
    from nasbench.engine.models.profile import profile_model

    with trusting([model], False):
        named = str(by_path(ExportConfig, {"model": model})["model"])
        check_model(named)
        form = ModelOverrides.of(**options)
        form.check()
        return profile_model(named, form)


def predict(
    model: Text,
    images: Sequence[Text] | Text,
    *,
    top: int = 5,
    pretrained: bool = False,
    device: str = "auto",
    views: Literal["center", "10", "multiscale", "dense"] = "center",
    trust: bool = False,
) -> "list[Prediction | Unreadable]":
    """Classifies images with a trained network, as `nasbench predict` does: one entry an image.

    An image that cannot be read has an entry of its own kind, `Unreadable`, with the reason.
    """
    from nasbench.engine.models.predict import predict as run_predict

    several = [images] if isinstance(images, str | PathLike) else list(images)
    with trusting([model], trust):
        named = str(model)
        check_model(named)
        return list(run_predict(named, [str(image) for image in several], top, pretrained, device, views))


def _given(**arguments: Any) -> dict[str, Any]:
    """The arguments that were given: a run that is resumed needs none."""
    return {name: value for name, value in arguments.items() if value not in ("", ())}


def _check_model(model: str) -> None:
    if not model:
        raise UsageError("give a model first, such as zoo:resnet20, a run directory, or a class")
    check_model(model)


def _trusting(kind: type[Any], options: Any) -> Any:
    """What the caller typed is trusted while the command runs; what files name, with trust=True alone."""
    return trusting(by_path(kind, options).values(), bool(options.get("trust")))
