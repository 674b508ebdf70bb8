"""Searched networks from timm: NASNet-A large and PNASNet-5 large (Zoph et al. 2018; Liu et al. 2018).

For published cells of the search spaces at any size, use `space:SPACE:PUBLISHED`.
"""

from functools import partial

from nasbench.core.spec import ModelCard, Result
from zoo.forms import large_only
from zoo.library import imagenet_at, timm_weights
from zoo.registry import fixed, register
from zoo.third_party import from_timm

TASK = imagenet_at(331)


def _register(
    name: str, family: str, paper: str, instead: str, params: int, macs: int, results: tuple[Result, ...]
) -> None:
    card = ModelCard(
        name=name,
        family=family,
        paper=paper,
        year=2017,
        task=TASK,
        params=params,
        macs=macs,
        results=results,
        verified="C",
        origin="timm",
        note="large images only",
    )
    scaling = fixed(f"timm builds it at one size; {instead} scales")
    register(card, timm_weights(f"{name}.tf_in1k"), scaling)(large_only(card, partial(from_timm, name), instead))


_register(
    "nasnetalarge",
    "nasnet",
    "Zoph et al. 2018, arXiv:1707.07012",
    "space:nasnet:nasnet-a",
    88_753_150,
    23_783_414_658,
    (
        Result("top1_error", 17.3, "Zoph et al. 2018, table 2", "P"),
        Result("top5_error", 3.8, "Zoph et al. 2018, table 2", "P"),
        Result("top1_error", 17.36, "timm nasnetalarge.tf_in1k", "R"),
    ),
)
_register(
    "pnasnet5large",
    "pnasnet",
    "Liu et al. 2018, arXiv:1712.00559",
    "space:nasnet:nasnet-a",
    86_057_668,
    24_937_395_792,
    (
        Result("top1_error", 17.1, "Tan and Le 2019, table 2", "P"),
        Result("top5_error", 3.8, "Tan and Le 2019, table 2", "P"),
        Result("top1_error", 17.19, "timm pnasnet5large.tf_in1k", "R"),
    ),
)
