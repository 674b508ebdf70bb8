"""Profiling a MODEL in the form asked for."""

import torch

from nasbench.core.spec import ModelSpec
from nasbench.engine.config import Form
from nasbench.engine.models import build, resolve
from nasbench.profile import Profile, profile


def profile_model(model: str, form: Form) -> tuple[ModelSpec, Profile]:
    """The specification that `model` names and its counts. Nothing is computed: the network is built without memory."""
    spec = resolve(model, form)
    with torch.device("meta"):
        network = build(spec)
    return spec, profile(network, spec.task)
