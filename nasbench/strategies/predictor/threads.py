"""Linear algebra on one thread: the steps are small, and results do not depend on the number of threads."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from threadpoolctl import ThreadpoolController


@lru_cache(maxsize=1)
def _blas() -> ThreadpoolController:
    return ThreadpoolController()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Runs numpy's linear algebra on one thread, and restores the number of threads afterwards."""
    with _blas().limit(limits=1, user_api="blas"):
        yield
