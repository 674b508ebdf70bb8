"""The networks of ENAS's macro space (Pham et al. 2018, section 2.3), in the two forms of the released code.

The search form: all layers have F filters; a layer is a 1x1 convolution and its operation, then the skips are added to
it and the sum is normalised. The final form, in which a found architecture is trained: filters double where the image
is halved; convolutions come after ReLU and normalisation; the skips and the layer are concatenated, and a 1x1
convolution reduces them to F.

Where the image is halved, every state that later layers read passes through a factorized reduction of its own. The
released code also reduces the states that no later layer reads, whose weights have no influence on the output; its arc
has no such states.
"""

from torch import Tensor, nn

from nasbench.nn.layers import AvgPool, Conv, FactorizedReduction, MaxPool, ReluConvBN, concatenated
from search_spaces.enas_macro.arc import Arc, read_later, stages_of


class ConvBNRelu(nn.Sequential):
    """Convolution, batch normalisation, ReLU: the order in the search form."""

    def __init__(self, channels: int, kernel: int) -> None:
        super().__init__()
        self.conv = Conv(channels, channels, kernel)
        self.bn = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU()


class SeparableBNRelu(nn.Sequential):
    """Depthwise k x k, pointwise, batch normalisation, ReLU."""

    def __init__(self, channels: int, kernel: int) -> None:
        super().__init__()
        self.depthwise = Conv(channels, channels, kernel, groups=channels)
        self.pointwise = Conv(channels, channels)
        self.bn = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU()


class ReluSeparableBN(nn.Sequential):
    """ReLU, depthwise k x k, pointwise, batch normalisation: the order in the final form."""

    def __init__(self, channels: int, kernel: int) -> None:
        super().__init__()
        self.relu = nn.ReLU()
        self.depthwise = Conv(channels, channels, kernel, groups=channels)
        self.pointwise = Conv(channels, channels)
        self.bn = nn.BatchNorm2d(channels)


def pooling(name: str) -> nn.Module:
    """'avg_3x3' or 'max_3x3'."""
    return AvgPool(3) if name == "avg_3x3" else MaxPool(3)


def search_operation(name: str, channels: int) -> nn.Module:
    """A layer's operation in the search form: (B, F, H, W) -> (B, F, H, W)."""
    kernel = int(name[-1])
    if name.startswith("conv"):
        return ConvBNRelu(channels, kernel)
    return SeparableBNRelu(channels, kernel) if name.startswith("sep") else pooling(name)


def final_operation(name: str, channels: int, separable: bool) -> nn.Module:
    """A layer's operation in the final form: (B, F, H, W) -> (B, F, H, W).

    separable  if false, 'sep_3x3' and 'sep_5x5' are dense convolutions too, as in the released code
    """
    kernel = int(name[-1])
    if name.startswith(("avg", "max")):
        return pooling(name)
    if name.startswith("sep") and separable:
        return ReluSeparableBN(channels, kernel)
    return ReluConvBN(channels, channels, kernel)


def search_branch(name: str, channels: int, num_repeats: int) -> nn.Sequential:
    """A 1x1 convolution and the operation, `num_repeats` times: (B, F, H, W) -> (B, F, H, W)."""
    parts: list[nn.Module] = []
    for _ in range(num_repeats):
        parts += [ConvBNRelu(channels, 1), search_operation(name, channels)]
    return nn.Sequential(*parts)


def final_branch(name: str, channels: int, num_repeats: int, separable: bool) -> nn.Sequential:
    """A 1x1 convolution and the operation, `num_repeats` times: (B, F, H, W) -> (B, F, H, W)."""
    parts: list[nn.Module] = []
    for _ in range(num_repeats):
        parts += [ReluConvBN(channels, channels), final_operation(name, channels, separable)]
    return nn.Sequential(*parts)


class AddedLayer(nn.Module):
    """A layer of the search form: the sum of its branch and its skips, normalised; the first layer is its branch.

    The input is the last of the states, all (B, F, H, W); `skips` are positions among them. -> (B, F, H, W)
    """

    skips: list[int]

    def __init__(self, branch: nn.Module, skips: list[int], channels: int, first: bool) -> None:
        super().__init__()
        self.branch, self.skips = branch, skips
        self.norm = nn.Identity() if first else nn.BatchNorm2d(channels)

    def forward(self, states: list[Tensor]) -> Tensor:
        out = self.branch(states[-1])
        for skip in self.skips:
            out = out + states[skip]
        normalised: Tensor = self.norm(out)
        return normalised


class ConcatenatedLayer(nn.Module):
    """A layer of the final form: its skips and its branch, concatenated and reduced to F; the first is its branch.

    The input is the last of the states, all (B, F, H, W); `skips` are positions among them. -> (B, F, H, W)
    """

    skips: list[int]

    def __init__(self, branch: nn.Module, skips: list[int], channels: int, first: bool) -> None:
        super().__init__()
        self.branch, self.skips = branch, skips
        self.squeeze = nn.Identity() if first else ReluConvBN((len(skips) + 1) * channels, channels)

    def forward(self, states: list[Tensor]) -> Tensor:
        parts = [states[skip] for skip in self.skips]
        parts.append(self.branch(states[-1]))
        squeezed: Tensor = self.squeeze(concatenated(parts) if len(parts) > 1 else parts[0])
        return squeezed


class Stage(nn.Module):
    """Layers on images of one size: the states before -> the states that the layers read, and theirs.

    pools   number of a state before -> the layer that brings it to this stage's size
    layers  each makes a state of all states that there are
    """

    positions: list[int]

    def __init__(self, pools: dict[int, nn.Module], positions: list[int], layers: dict[int, nn.Module]) -> None:
        super().__init__()
        self.pools = nn.ModuleDict({str(state): pool for state, pool in pools.items()})
        self.positions = positions
        self.layers = nn.ModuleDict({str(layer): module for layer, module in layers.items()})

    def forward(self, before: list[Tensor]) -> list[Tensor]:  # (B, C, H, W) each -> (B, F, H', W') each
        states: list[Tensor] = []
        for index, pool in enumerate(self.pools.values()):
            states.append(pool(before[self.positions[index]]))
        for layer in self.layers.values():
            states.append(layer(states))
        return states


class MacroNetwork(nn.Module):
    """(B, channels, H, W) -> logits (B, num_classes). Each stage halves the image of the one before."""

    def __init__(self, stages: list[nn.Module], filters: int, last: int, num_classes: int, channels: int) -> None:
        super().__init__()
        self.stem = nn.Sequential(Conv(channels, filters, 3), nn.BatchNorm2d(filters))
        self.stages = nn.ModuleList(stages)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.dropout = nn.Dropout(0.0)
        self.linear = nn.Linear(last, num_classes, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        states = [self.stem(x)]  # (B, F, H, W)
        for stage in self.stages:
            states = stage(states)
        logits: Tensor = self.linear(self.dropout(self.flatten(self.pool(states[-1]))))  # (B, num_classes)
        return logits


def macro(
    arc: Arc,
    form: str,
    num_repeats: int,
    filters: int,
    num_classes: int,
    channels: int,
    separable: bool = True,
) -> MacroNetwork:
    """The network of an arc.

    form         'search' or 'final'
    num_repeats  N, how often a layer applies its operation; 1 in ENAS
    filters      F, the filters of the stem and the first stage
    separable    false: in the final form, separable convolutions are dense, as in the released code
    """
    final = form == "final"
    stages: list[nn.Module] = []
    before, c_in = [0], filters  # numbers of the states before a stage, and their channels
    for index, numbers in enumerate(stages_of(len(arc))):
        width = filters * 2**index if final else filters
        read = read_later(arc, numbers[0] - 1)
        pools: dict[int, nn.Module] = {}
        for state in read:
            pools[state] = FactorizedReduction(c_in, width) if index else nn.Identity()
        states, layers = list(read), dict[int, nn.Module]()
        for number in numbers:
            operation, skips = arc[number - 1]
            at = [states.index(skip) for skip in skips]
            if final:
                branch = final_branch(operation, width, num_repeats, separable)
                layers[number] = ConcatenatedLayer(branch, at, width, first=number == 1)
            else:
                branch = search_branch(operation, width, num_repeats)
                layers[number] = AddedLayer(branch, at, width, first=number == 1)
            states.append(number)
        stages.append(Stage(pools, [before.index(state) for state in read], layers))
        before, c_in = states, width
    return MacroNetwork(stages, filters, c_in, num_classes, channels)
