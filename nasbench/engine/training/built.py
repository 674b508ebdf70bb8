"""Networks that are to be trained, built without memory first: what does not fit is answered before work begins."""

from collections.abc import Mapping

from nasbench.core.errors import UsageError
from nasbench.core.recipe import Recipe
from nasbench.core.spec import ModelSpec


def told_of_views(models: Mapping[str, ModelSpec], views: str) -> tuple[str, ...]:
    """What to say of the views that networks are tested with."""
    from nasbench.train.views import sides_of

    if views == "center":
        return ()
    sides = sorted({", ".join(map(str, sides_of(views, spec.pixels))) for spec in models.values()})
    return (f"tested with the views {views!r}: images at {' or '.join(sides)} pixels, probabilities averaged",)


def check_weights(models: Mapping[str, ModelSpec]) -> None:
    """UsageError where a model has no published weights, before any work begins."""
    import zoo
    from zoo.registry import no_weights

    for model, spec in models.items():
        if spec.source != "zoo" or spec.name is None:
            raise UsageError(
                f"--pretrained is for networks of the zoo with published weights (see: nasbench zoo); {model} is none"
            )
        if zoo.entry(spec.name).load_pretrained is None:
            raise no_weights(spec.name)


def dry_build(models: Mapping[str, ModelSpec], recipe: Recipe, views: str, refuses: bool) -> tuple[str, ...]:
    """Builds every network without memory, so that one that does not fit the data, or cannot be shown the views that
    it is to be tested with, is answered now.

    Returns what of the recipe has no effect on which model. UsageError where `refuses` is true and the recipe drops
    paths, of which a model has none: it would be trained without the regularisation that the recipe stands for.
    """
    from nasbench.blank import blank
    from nasbench.evaluators.building import build_network
    from nasbench.nn.regularised import regularised
    from nasbench.train.ignored import ignored_fields, told
    from nasbench.train.views import prepared

    notes: list[str] = []
    for name, spec in models.items():
        try:
            with blank():
                network = build_network(spec)
        except UsageError as error:
            raise UsageError(f"{name}: {error}") from error
        asked = regularised(recipe, spec.size)
        ignored = ignored_fields(network, spec.seen_task, asked)
        sentences = told(name, asked, ignored)
        if refuses and "drop_path" in ignored:
            raise UsageError(
                f"{sentences[0]}. Choose another recipe (see: nasbench list recipes), or one of your own with "
                "drop_path=0: --recipe my_module:MY_RECIPE."
            )
        notes += sentences
        if views != "center":
            prepared(network, spec.seen_task, views, name)
    return tuple(notes)
