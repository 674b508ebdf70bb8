"""The arc of ENAS's released script for the macro space, and its card."""

from dataclasses import dataclass

from nasbench.core.spec import ModelCard, Size, Task
from search_spaces.enas_macro.arc import Arc, read


@dataclass(frozen=True)
class Published:
    """A published network, in the final form."""

    arc: Arc
    size: Size
    card: ModelCard


RELEASED = read(
    """
0
3 0
0 1 0
2 0 0 1
2 0 0 0 0
3 1 1 0 1 0
2 0 0 0 0 0 1
2 0 1 1 0 1 1 1
1 0 1 1 1 0 1 0 1
0 0 0 0 0 0 0 0 0 0
2 0 0 0 0 0 1 0 0 0 0
0 1 0 0 1 1 0 0 0 0 1 1
2 0 1 0 0 0 0 0 1 0 1 1 0
1 0 0 1 0 0 0 1 1 1 0 1 0 1
0 1 1 0 1 0 1 0 0 0 0 0 1 0 0
2 0 0 1 0 0 0 0 0 0 0 1 0 1 0 1
2 0 1 0 0 0 1 0 0 1 1 1 1 0 0 1 0
2 0 0 0 0 1 0 1 0 1 0 0 1 0 1 0 0 1
3 0 1 1 0 1 0 0 0 0 0 1 0 1 0 1 0 0 0
3 0 1 1 0 0 0 0 0 0 0 0 0 1 1 0 0 0 0 1
0 1 0 0 1 0 1 1 0 0 0 1 0 0 0 0 0 1 1 0 0
3 0 1 0 1 1 0 0 1 0 1 1 0 1 1 0 1 0 0 1 0 0
0 1 0 1 0 1 0 0 0 0 0 0 0 0 1 0 1 0 0 1 0 0 0
0 1 1 0 0 0 1 1 1 0 1 0 0 0 1 0 1 0 0 1 1 0 0 0
"""
)

PUBLISHED: dict[str, Published] = {
    "released": Published(
        RELEASED,
        Size(1, 96, skeleton="final"),
        ModelCard(
            name="released",
            family="enas",
            paper="Pham, Guan, Zoph, Le and Dean, ICML 2018, arXiv:1802.03268",
            year=2018,
            task=Task(),
            params=42_559_392,
            macs=5_646_094_080,
            verified="C",
            note="The 24 layers of the released script. As its code does, separable convolutions are dense ones here. "
            "It is not a network of the paper, whose macro networks (12 layers; 21.3M and 38.0M parameters; 4.23 % "
            "and 3.87 % error) were not released.",
        ),
    )
}
