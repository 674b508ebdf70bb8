"""The supernet of ENAS's macro space: every layer holds all six operations, each with a 1x1 convolution of its own.

Where the image is halved, every state has a factorized reduction of its own. The path of an architecture is its network
in the search form. In the released code a search always runs the last operation, max pooling, whatever was drawn,
because its branches are closures over one variable; here the operation that was drawn is run, and it alone.
"""

from collections.abc import Sequence

from torch import Tensor, nn

from nasbench.core.arch import Architecture, check
from nasbench.nn.layers import FactorizedReduction
from nasbench.nn.shared_norm import share_norms, shared_state
from nasbench.nn.supernet import Supernet
from search_spaces.enas_macro.arc import OPERATIONS, Arc, arc_of, choices, read_later, stages_of
from search_spaces.enas_macro.network import MacroNetwork, search_branch


class SharedLayer(nn.Module):
    """`network.AddedLayer` of any operation and skips."""

    def __init__(self, channels: int, num_repeats: int, first: bool) -> None:
        super().__init__()
        self.branches = nn.ModuleDict({name: search_branch(name, channels, num_repeats) for name in OPERATIONS})
        self.norm = nn.Identity() if first else nn.BatchNorm2d(channels)

    def forward(self, x: Tensor, operation: str, skips: Sequence[Tensor]) -> Tensor:  # all (B, F, H, W)
        out: Tensor = self.branches[operation](x)
        for skip in skips:
            out = out + skip
        normalised: Tensor = self.norm(out)
        return normalised

    def shared(self, prefix: str, operation: str) -> dict[str, Tensor]:
        """Name in the network -> tensor, for a layer with that operation."""
        branch = shared_state(f"{prefix}.branch", self.branches[operation])
        return branch | shared_state(f"{prefix}.norm", self.norm)


class EnasMacroSupernet(Supernet):
    """The networks of `network.macro` in the search form, of all arcs of `num_layers` layers.

    The other arguments are those of `network.macro`. `affine`: normalisations have a scale and a shift.
    """

    def __init__(
        self,
        num_layers: int,
        num_repeats: int,
        filters: int,
        num_classes: int,
        channels: int,
        affine: bool = False,
    ) -> None:
        super().__init__()
        self.choices = choices(num_layers)
        frame = MacroNetwork([], filters, filters, num_classes, channels)  # without layers
        self.stem, self.pool, self.flatten = frame.stem, frame.pool, frame.flatten
        self.dropout, self.linear = frame.dropout, frame.linear
        self.stages = stages_of(num_layers)
        self.pools = nn.ModuleList(  # from the second stage on, for each state before the stage
            nn.ModuleList(FactorizedReduction(filters, filters) for _ in range(numbers[0]))
            for numbers in self.stages[1:]
        )
        self.layers = nn.ModuleList(
            SharedLayer(filters, num_repeats, first=number == 1) for number in range(1, num_layers + 1)
        )
        share_norms(self, affine)

    def forward(self, x: Tensor, architecture: Architecture) -> Tensor:
        arc = self._arc(architecture)
        states = {0: self.stem(x)}  # number -> (B, F, H, W)
        for index, numbers in enumerate(self.stages):
            if index:
                states = {state: self._pool(index, state)(states[state]) for state in read_later(arc, numbers[0] - 1)}
            for number in numbers:
                operation, skips = arc[number - 1]
                added = [states[skip] for skip in skips]
                states[number] = self.layers[number - 1](states[number - 1], operation, added)
        logits: Tensor = self.linear(self.dropout(self.flatten(self.pool(states[len(arc)]))))  # (B, num_classes)
        return logits

    def shared(self, architecture: Architecture) -> dict[str, Tensor]:
        arc = self._arc(architecture)
        found = shared_state("stem", self.stem) | shared_state("linear", self.linear)
        for index, numbers in enumerate(self.stages):
            if index:
                for state in read_later(arc, numbers[0] - 1):
                    found |= shared_state(f"stages.{index}.pools.{state}", self._pool(index, state))
            for number in numbers:
                layer = self.layers[number - 1]
                assert isinstance(layer, SharedLayer)
                found |= layer.shared(f"stages.{index}.layers.{number}", arc[number - 1][0])
        return found

    def _pool(self, stage: int, state: int) -> nn.Module:
        """The layer that brings a state to the size of a stage, from the second stage on."""
        pools = self.pools[stage - 1]
        assert isinstance(pools, nn.ModuleList)
        return pools[state]

    def _arc(self, architecture: Architecture) -> Arc:
        check(architecture, self.choices)
        return arc_of(architecture)
