"""Profiling a MODEL in the form asked for."""

from pathlib import Path

from nasbench.blank import blank
from nasbench.core.errors import UsageError
from nasbench.core.spec import ModelSpec
from nasbench.engine.config import ModelOverrides
from nasbench.engine.parts.models import build, resolve
from nasbench.profile import Profile, profile


def profile_model(model: str, form: ModelOverrides) -> tuple[ModelSpec, Profile]:
    """The specification that `model` names and its counts. Nothing is computed: the network is built without memory."""
    spec = resolve(model, form)
    with blank():
        network = build(spec)
    return spec, profile(network, spec.seen_task)


def check_csv(path: Path) -> None:
    """UsageError where the table cannot be written."""
    if path.is_dir():
        raise UsageError(
            f"--csv takes a file; {str(path)!r} is a directory. Write a name in it: {str(path / 'profile.csv')!r}"
        )
    if not path.parent.is_dir():
        raise UsageError(f"no directory {str(path.parent)!r} for --csv {str(path)!r}; make it first")
