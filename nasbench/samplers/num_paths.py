"""The number of paths of a step, an option of every sampler."""

from nasbench.core.errors import UsageError

MOST = 10_000
"""More paths than this in one update are a mistake."""


def checked_num_paths(num_paths: object, sampler: str, least: int) -> int:
    """The number itself. UsageError unless it is a whole number from `least` to MOST."""
    what = f"option 'num_paths' of the sampler {sampler!r}"
    if not isinstance(num_paths, int) or isinstance(num_paths, bool):
        raise UsageError(f"{what} must be a whole number; got {num_paths!r}. The least is {least}.")
    if not least <= num_paths <= MOST:
        near = least if num_paths < least else MOST
        raise UsageError(f"{what} must be from {least} to {MOST:,}; got {num_paths:,}. The nearest is {near}.")
    return num_paths
