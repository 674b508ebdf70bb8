"""A module that is a function too: `nasbench.train(...)` trains, and `nasbench.train.data` is a module as before."""

import importlib
import sys
from inspect import Signature, signature
from types import ModuleType
from typing import Any


class CallableModule(ModuleType):
    """A module that calls the function that `CALLED` names, module:NAME. It is imported when it is asked for."""

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        return _function(self)(*arguments, **keywords)

    @property
    def __signature__(self) -> Signature:
        return signature(_function(self))


def make_callable(module: str, function: str) -> None:
    """Makes the module of that name callable."""
    made = sys.modules[module]
    made.__class__ = CallableModule
    made.__dict__["CALLED"] = function


def _function(module: ModuleType) -> Any:
    home, _, name = str(module.__dict__["CALLED"]).partition(":")
    return getattr(importlib.import_module(home), name)
