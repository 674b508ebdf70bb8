"""The supernet of mobile networks: one network of the largest kernels, expansions, widths and depths.

A path takes the centre of a kernel, the first channels of a layer and the first blocks of a stage, as in Once-for-All
(Cai et al. 2020, arXiv:1908.09791), but without its matrices between kernels. Each operator of a block has weights of
its own, and a squeeze-and-excite of its own. Skips and activations have no weights.
"""

from collections.abc import Iterator
from dataclasses import replace

from torch import Tensor, nn

from nasbench.core.arch import Architecture, Choice, check
from nasbench.core.spec import Task
from nasbench.nn.elastic import Cut, ElasticConvBN, ElasticSqueezeExcite
from nasbench.nn.mbconv import OPERATORS, Blueprint, Stage, shortcut
from nasbench.nn.shared_norm import share_norms
from nasbench.nn.supernet import Supernet
from search_spaces.mbconv.blueprint import blueprint_of, choices, sized


class SharedBlock(nn.Module):
    """`mbconv.Block` of all stages with up to the channels of `largest`: (B, C_in, H, W) -> (B, C_out, ...).

    c_in    the largest number of channels that enter it
    stride  of the block, not of the stage
    """

    def __init__(self, largest: Stage, c_in: int, stride: int) -> None:
        super().__init__()
        self.stride = stride
        kernel, c_out = largest.kernel, largest.channels
        hidden = {name: _hidden(replace(largest, operator=name), c_in) for name in OPERATORS}
        self.expand = ElasticConvBN(c_in, hidden["mbconv"], 1)
        self.conv = ElasticConvBN(c_in, c_out, kernel, stride)
        separable = ("mbconv", "sepconv")
        self.depthwise = nn.ModuleDict(
            {name: ElasticConvBN(hidden[name], hidden[name], kernel, stride, depthwise=True) for name in separable}
        )
        self.project = nn.ModuleDict({name: ElasticConvBN(hidden[name], c_out, 1) for name in separable})
        self.se = nn.ModuleDict(
            {name: ElasticSqueezeExcite(hidden[name], _squeezed(largest, c_in)) for name in OPERATORS}
        )

    def parts(self, stage: Stage, c_in: int) -> Iterator[tuple[nn.Module, Cut]]:
        """The layers of the block's body in order, each with the part that `stage` uses, for `c_in` channels."""
        operator, activation = stage.operator, stage.activation
        hidden = _hidden(stage, c_in)
        if operator == "conv":
            yield self.conv, Cut(c_in, hidden, stage.kernel, activation)
        else:
            if hidden != c_in:
                yield self.expand, Cut(c_in, hidden, 1, activation)
            yield self.depthwise[operator], Cut(hidden, hidden, stage.kernel, activation)
        if stage.se_ratio > 0:
            yield self.se[operator], Cut(hidden, _squeezed(stage, c_in), 1, activation)
        if operator != "conv":
            yield self.project[operator], Cut(hidden, stage.channels, 1, activation if operator == "sepconv" else None)

    def forward(self, x: Tensor, stage: Stage) -> Tensor:  # (B, C_in, H, W)
        y = x
        for layer, cut in self.parts(stage, x.shape[1]):
            y = layer(y, cut)
        around = shortcut(stage.skip, x.shape[1], stage.channels, self.stride)
        return y if around is None else around(x) + y  # (B, C_out, ceil(H / stride), ceil(W / stride))


class MbconvSupernet(Supernet):
    """The networks of all architectures, with these multipliers of width and depth; no drop path.

    affine  normalisations have a scale and a shift
    """

    def __init__(self, width: float, depth: float, task: Task, affine: bool = False) -> None:
        super().__init__()
        self.choices, self.width, self.depth, self.task = choices(), width, depth, task
        largest = self._sized(Architecture.of("mbconv", {each.name: _largest(each) for each in self.choices}))
        self.stem_cut = Cut(task.channels, largest.stem, 3)
        self.stem = ElasticConvBN(task.channels, largest.stem, 3, largest.stem_stride)
        stages, c_in = [], largest.stem
        for stage in largest.stages:
            blocks = []
            for repeat in range(stage.repeats):
                blocks.append(SharedBlock(stage, c_in, stage.stride if repeat == 0 else 1))
                c_in = stage.channels
            stages.append(nn.ModuleList(blocks))
        self.stages = nn.ModuleList(stages)
        self.head = ElasticConvBN(c_in, largest.head, 1)
        self.dropout = nn.Dropout(largest.dropout)
        self.classifier = nn.Linear(largest.head, task.num_classes)
        nn.init.uniform_(self.classifier.weight, -(task.num_classes**-0.5), task.num_classes**-0.5)
        nn.init.zeros_(self.classifier.bias)
        share_norms(self, affine)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eps = largest.bn_eps

    def forward(self, x: Tensor, architecture: Architecture) -> Tensor:
        network = self._sized(architecture)
        x = self.stem(x, replace(self.stem_cut, activation=network.activation))
        for _, block, stage in self._blocks(network):
            x = block(x, stage)  # (B, C, H', W')
        x = self.head(x, Cut(x.shape[1], network.head, 1, network.activation))  # (B, head, H', W')
        logits: Tensor = self.classifier(self.dropout(x.mean(dim=(2, 3))))  # (B, num_classes)
        return logits

    def shared(self, architecture: Architecture) -> dict[str, Tensor]:
        network = self._sized(architecture)
        found = {f"stem.{name}": tensor for name, tensor in self.stem.shared(self.stem_cut).items()}
        c_in = network.stem
        for prefix, block, stage in self._blocks(network):
            for index, (layer, cut) in enumerate(block.parts(stage, c_in)):
                assert isinstance(layer, ElasticConvBN | ElasticSqueezeExcite)
                found |= {f"{prefix}.body.{index}.{name}": tensor for name, tensor in layer.shared(cut).items()}
            c_in = stage.channels
        found |= {f"head.{name}": tensor for name, tensor in self.head.shared(Cut(c_in, network.head)).items()}
        return found | {"classifier.weight": self.classifier.weight, "classifier.bias": self.classifier.bias}

    def _blocks(self, network: Blueprint) -> Iterator[tuple[str, SharedBlock, Stage]]:
        """The blocks of a path in order, each with its name in `mbconv.StageNet` and its stage."""
        for index, (blocks, stage) in enumerate(zip(self.stages, network.stages, strict=True)):
            assert isinstance(blocks, nn.ModuleList)
            for repeat in range(stage.repeats):
                block = blocks[repeat]
                assert isinstance(block, SharedBlock)
                yield f"stages.{index}.{repeat}", block, stage

    def _sized(self, architecture: Architecture) -> Blueprint:
        check(architecture, self.choices)
        return sized(blueprint_of(architecture.genes), self.width, self.depth, self.task)


def _largest(decision: Choice) -> str | int | float:
    """The largest option of a number, and any option of a name: names do not change how many weights there are."""
    numbers = [option for option in decision.options if not isinstance(option, str)]
    return max(numbers) if numbers else decision.options[0]


def _hidden(stage: Stage, c_in: int) -> int:
    """The channels inside a block, as in `mbconv.Block`."""
    if stage.operator == "conv":
        return stage.channels
    return max(1, round(c_in * stage.expansion)) if stage.operator == "mbconv" else c_in


def _squeezed(stage: Stage, c_in: int) -> int:
    """The channels inside the squeeze-and-excite of a block, as in `mbconv.Block`."""
    return max(1, int(c_in * stage.se_ratio))
