"""Dropout and stochastic depth of a scaled network: they follow phi as published for EfficientNet, unless given.

Dropout grows linearly from 0.2 at B0 to 0.5 at B7 (Tan and Le 2019, arXiv:1905.11946, section 5.2; the released table
has the same numbers with one digit); stochastic depth keeps the last block with a probability of 0.8 at all sizes. That
was published for networks of mobile blocks, so other networks keep what they have unless a flag asks for more.
"""

from dataclasses import replace
from math import log

from nasbench.core.compound import PUBLISHED, Multipliers
from nasbench.core.errors import UsageError
from nasbench.core.spec import ModelSpec
from nasbench.engine.config import ScaleConfig

DROPOUT_AT_B0, DROPOUT_AT_B7, LEVELS = 0.2, 0.5, 7
SURVIVAL = 0.8


def published_dropout(phi: float) -> float:
    """0.2 + 0.3 * phi / 7, from 0.2 to 0.5."""
    grown = DROPOUT_AT_B0 + (DROPOUT_AT_B7 - DROPOUT_AT_B0) * phi / LEVELS
    return round(min(DROPOUT_AT_B7, max(DROPOUT_AT_B0, grown)), 6)


def phi_of(multipliers: Multipliers) -> float:
    """The phi at which the published coefficients come to as much work as the multipliers do, by the law."""
    return log(multipliers.product) / log(PUBLISHED.product)


def with_regularisation(
    config: ScaleConfig, scaled: ModelSpec, multipliers: Multipliers, phi: float | None, published: float | None = None
) -> ModelSpec:
    """The specification with its dropout and its drop path. `published` is the dropout of a row of a table.

    UsageError for a flag that no layer of the network would heed.
    """
    from nasbench.blank import blank
    from nasbench.evaluators.building import build_network
    from nasbench.nn.mbconv import StageNet
    from nasbench.nn.regularised import takes

    with blank():
        network = build_network(scaled)
    has_dropout, has_paths = takes(network)
    for given, has, flag, layer in (
        (config.dropout, has_dropout, "--dropout", "dropout layer"),
        (config.drop_path, has_paths, "--drop-path", "layer that drops paths"),
    ):
        if given is not None and not has:
            raise UsageError(f"{flag} {given:g}: {scaled.name or scaled.source} has no {layer}. Leave {flag} out.")
    follows = isinstance(network, StageNet)
    dropout, drop_path = config.dropout, config.drop_path
    if dropout is None and has_dropout:
        by_phi = published_dropout(phi_of(multipliers) if phi is None else phi) if follows else None
        dropout = by_phi if published is None else published
    if drop_path is None and has_paths and follows:
        drop_path = round(1 - SURVIVAL, 6)
    return replace(scaled, size=replace(scaled.size, dropout=dropout, drop_path=drop_path))
