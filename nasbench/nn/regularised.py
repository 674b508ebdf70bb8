"""Dropout and stochastic depth that a network's own size asks for: compound scaling sets them by how far it scales.

What a size asks for goes before what a recipe says, since it is a part of the network.
"""

from dataclasses import replace

from torch import nn

from nasbench.core.recipe import Recipe
from nasbench.core.spec import Size
from nasbench.nn.drop_path import DropPath, set_drop_path
from nasbench.nn.mbconv import Blueprint


def regularise(network: nn.Module, size: Size) -> nn.Module:
    """Sets the dropout and the drop path of `size` in the layers of the network, as far as it asks for any."""
    if size.dropout is not None:
        for module in network.modules():
            if isinstance(module, nn.Dropout):
                module.p = size.dropout
    if size.drop_path is not None:
        set_drop_path(network, size.drop_path)
    return network


def regularised(recipe: Recipe, size: Size) -> Recipe:
    """The recipe with the dropout and the drop path of `size`, as far as it asks for any.

    Its drop path is constant in time (Huang et al. 2016, arXiv:1603.09382), and grows with the depth alone.
    """
    if size.dropout is not None:
        recipe = replace(recipe, dropout=size.dropout)
    if size.drop_path is not None:
        recipe = replace(recipe, drop_path=size.drop_path, drop_path_schedule="constant")
    return recipe


def dropping(blueprint: Blueprint, size: Size) -> Blueprint:
    """The blueprint with the dropout of `size`, if it asks for any."""
    return blueprint if size.dropout is None else replace(blueprint, dropout=size.dropout)


def takes(network: nn.Module) -> tuple[bool, bool]:
    """Whether the network has a dropout layer, and whether it has a layer that drops paths."""
    modules = list(network.modules())
    return any(isinstance(each, nn.Dropout) for each in modules), any(isinstance(each, DropPath) for each in modules)
