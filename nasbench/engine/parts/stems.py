"""The two forms of a network: a stem for small images, as on CIFAR, and one for large images, as on ImageNet."""

from dataclasses import replace

from nasbench.blank import blank
from nasbench.core.errors import UsageError
from nasbench.core.spec import ModelSpec
from nasbench.evaluators.building import build_network

STEMS = ("cifar", "imagenet")


def stem_of(spec: ModelSpec) -> str | None:
    """The stem of the network, of STEMS; None where the network has one form only, at this image size."""
    if spec.size.skeleton:
        return None
    forms = {stem: _form(replace(spec, task=replace(spec.task, stem=stem))) for stem in STEMS}
    if len(set(forms.values())) < len(STEMS):
        return None
    mine = forms[spec.task.stem] if spec.task.stem else _form(spec)
    return next((stem for stem, form in forms.items() if form == mine), None)


def check_stem(spec: ModelSpec) -> None:
    """UsageError where the specification asks for a stem and the network does not have two forms."""
    if not spec.task.stem:
        return
    if spec.size.skeleton:
        raise UsageError(
            f"--stem {spec.task.stem} is for networks of the zoo and of stages; for networks of cells give "
            f"--skeleton {spec.task.stem}"
        )
    if stem_of(spec) is None:
        raise UsageError(
            f"--stem {spec.task.stem}: {spec.name or spec.source!r} has one form only, at {spec.pixels} pixels. "
            "Leave --stem out."
        )


def _form(spec: ModelSpec) -> str | None:
    """A text that is equal for equal networks; None where the network does not exist in this form."""
    try:
        with blank():
            network = build_network(spec)
    except UsageError:
        return None
    shapes = [f"{name} {tuple(tensor.shape)}" for name, tensor in network.state_dict().items()]
    return "\n".join([str(network), *shapes])
