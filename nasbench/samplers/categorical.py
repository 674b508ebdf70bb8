"""Spaces whose decisions are all between options."""

from nasbench.core.arch import Choice
from nasbench.core.errors import UsageError
from nasbench.core.protocols import SearchSpace


def categorical(space: SearchSpace, sampler: str) -> list[Choice]:
    """The decisions of a space. UsageError for one that is continuous."""
    found = [decision for decision in space.choices if isinstance(decision, Choice)]
    if len(found) < len(space.choices):
        continuous = next(decision.name for decision in space.choices if not isinstance(decision, Choice))
        raise UsageError(
            f"sampler {sampler!r} needs decisions between options; decision {continuous!r} of space {space.name!r} is "
            "continuous. Use the sampler uniform."
        )
    return found
