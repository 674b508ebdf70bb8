"""A network as one file of Python that imports torch alone."""

from nasbench.core.errors import UsageError
from nasbench.core.protocols import StandAlone
from nasbench.core.registry import spaces
from nasbench.core.spec import ModelSpec


def source_of(spec: ModelSpec) -> str:
    """The text of a stand-alone model.py. UsageError where the network comes from a library, or its space writes
    none.
    """
    if spec.source == "zoo":
        from zoo.source import source

        return source(str(spec.name), spec.size, spec.task)
    space = spaces.make(spec.source.removeprefix("space:"))
    if not isinstance(space, StandAlone):
        raise UsageError(f"space {space.name!r} writes no model.py: it has no method source(). Leave that format out.")
    return space.source(spec)
