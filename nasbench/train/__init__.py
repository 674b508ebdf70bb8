"""One trainer, its data sets and its recipes."""

from nasbench.core.callable_module import make_callable

make_callable(__name__, "nasbench.api.commands:train")
