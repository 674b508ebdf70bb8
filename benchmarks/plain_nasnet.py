"""The networks of the NASNet space, CIFAR skeleton, written down plainly: what the fast definitions are held against.

Each formula of Zoph et al. 2018 is one call of PyTorch, in the order in which the paper has it, on the weights by name:
nothing is shared, fused, reordered or laid out for speed, and nothing of `nasbench.nn` is used. Dropout and drop path
are off.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

SEPARABLE = {"sep_3x3": 3, "sep_5x5": 5, "sep_7x7": 7}
STACKED = {"conv_1x3_3x1": 3, "conv_1x7_7x1": 7}
DENSE = {"identity": 1, "conv_1x1": 1, "conv_3x3": 1, "dil_3x3": 2}  # the dilation


class PlainNetwork:
    """Called with images (B, C, H, W), gives logits (B, classes), normalising by the batch's statistics, as in
    training.

    `weights` is a state_dict of the space's network, copied; `arguments` are those that build it (`sizes.arguments`).
    """

    def __init__(self, weights: Mapping[str, Tensor], arguments: Mapping[str, Any]) -> None:
        self.weights = {name: tensor.detach().clone().contiguous() for name, tensor in weights.items()}
        for name in self.names():
            self.weights[name].requires_grad_()
        self._normal, self._reduce = arguments["normal"], arguments["reduce"]
        n, f = arguments["num_cells"], arguments["filters"]
        self._plan = [(False, f)] * n + [(True, 2 * f)] + [(False, 2 * f)] * n + [(True, 4 * f)] + [(False, 4 * f)] * n

    def names(self) -> list[str]:
        """Of the parameters; the other weights are running statistics."""
        return [
            name for name in self.weights if not name.endswith(("running_mean", "running_var", "num_batches_tracked"))
        ]

    def parameters(self) -> list[Tensor]:
        return [self.weights[name] for name in self.names()]

    def __call__(self, x: Tensor) -> Tensor:
        h = h_prev = self._norm("stem.1", self._conv("stem.0", x))
        for index, (reduces, filters) in enumerate(self._plan):
            h, h_prev = self._cell(f"cells.{index}", h, h_prev, reduces, filters), h
        features = functional.relu(h).mean(dim=(2, 3))  # (B, C)
        return functional.linear(
            features, self.weights["classifier.linear.weight"], self.weights["classifier.linear.bias"]
        )

    def _cell(self, name: str, h: Tensor, h_prev: Tensor, reduces: bool, filters: int) -> Tensor:
        if h_prev.shape[2] != h.shape[2]:
            prev = self._factorized(f"{name}.calibrate_prev", functional.relu(h_prev))
        elif f"{name}.calibrate_prev.conv.weight" in self.weights:
            prev = self._relu_conv_norm(f"{name}.calibrate_prev", h_prev)
        else:
            prev = h_prev
        states = [self._relu_conv_norm(f"{name}.calibrate", h), prev]
        blocks, outputs = self._reduce if reduces else self._normal
        for index, (first, second, op_1, op_2, combine) in enumerate(blocks):
            sides = []
            for side, state, operation in (("left", first, op_1), ("right", second, op_2)):
                stride = 2 if reduces and state < 2 else 1
                sides.append(
                    self._operation(f"{name}.blocks.{index}.{side}", operation, states[state], filters, stride)
                )
            if combine == "add":
                states.append(sides[0] + sides[1])
            else:
                states.append(self._relu_conv_norm(f"{name}.blocks.{index}.squeeze", torch.cat(sides, dim=1)))
        return torch.cat(
            [
                self._fit(f"{name}.fits.{i}", states[state], filters, reduces and state < 2)
                for i, state in enumerate(outputs)
            ],
            1,
        )

    def _fit(self, name: str, x: Tensor, filters: int, halve: bool) -> Tensor:
        if halve:
            return self._factorized(name, x)
        return x if x.shape[1] == filters else self._norm(f"{name}.bn", self._conv(f"{name}.conv", x))

    def _operation(self, name: str, operation: str, x: Tensor, filters: int, stride: int) -> Tensor:
        if operation == "identity" and stride == 1 and x.shape[1] == filters:
            return x
        inner = name if operation == "identity" else f"{name}.0"
        if operation in DENSE:
            return self._relu_conv_norm(inner, x, (stride, stride), DENSE[operation])
        if operation in STACKED:
            x = self._relu_conv_norm(f"{inner}.row", x, (1, stride))
            return self._relu_conv_norm(f"{inner}.column", x, (stride, 1))
        if operation in SEPARABLE:
            for time, step in ((1, stride), (2, 1)):
                x = self._conv(f"{inner}.depthwise_{time}", functional.relu(x), (step, step), groups=x.shape[1])
                x = self._norm(f"{inner}.bn_{time}", self._conv(f"{inner}.pointwise_{time}", x))
            return x
        kind, size = operation.split("_")
        x = self._pool(kind, x, int(size[0]), stride)
        return x if x.shape[1] == filters else self._norm(f"{inner}.1.bn", self._conv(f"{inner}.1.conv", x))

    def _relu_conv_norm(self, name: str, x: Tensor, stride: tuple[int, int] = (1, 1), dilation: int = 1) -> Tensor:
        return self._norm(f"{name}.bn", self._conv(f"{name}.conv", functional.relu(x), stride, dilation))

    def _conv(
        self, name: str, x: Tensor, stride: tuple[int, int] = (1, 1), dilation: int = 1, groups: int = 1
    ) -> Tensor:
        weight = self.weights[f"{name}.weight"]
        rows = same(x.shape[2], weight.shape[2], stride[0], dilation)
        columns = same(x.shape[3], weight.shape[3], stride[1], dilation)
        if rows[0] == rows[1] and columns[0] == columns[1]:
            return functional.conv2d(x, weight, None, stride, (rows[0], columns[0]), dilation, groups)
        return functional.conv2d(functional.pad(x, (*columns, *rows)), weight, None, stride, 0, dilation, groups)

    def _norm(self, name: str, x: Tensor) -> Tensor:
        weights = self.weights
        weights[f"{name}.num_batches_tracked"] += 1
        statistics = weights[f"{name}.running_mean"], weights[f"{name}.running_var"]
        return functional.batch_norm(x, *statistics, weights[f"{name}.weight"], weights[f"{name}.bias"], training=True)

    def _pool(self, kind: str, x: Tensor, size: int, stride: int) -> Tensor:
        rows, columns = same(x.shape[2], size, stride), same(x.shape[3], size, stride)
        if kind == "avg":  # the mean over the pixels of the image; ceil_mode adds the missing pixel after it
            odd = rows[0] != rows[1] or columns[0] != columns[1]
            return functional.avg_pool2d(x, size, stride, (rows[0], columns[0]), ceil_mode=odd, count_include_pad=False)
        if rows[0] == rows[1] and columns[0] == columns[1]:
            return functional.max_pool2d(x, size, stride, (rows[0], columns[0]))
        return functional.max_pool2d(functional.pad(x, (*columns, *rows), value=float("-inf")), size, stride)

    def _factorized(self, name: str, x: Tensor) -> Tensor:
        shifted = functional.pad(x, (0, 1, 0, 1))[:, :, 1:, 1:]
        paths = [self._conv(f"{name}.path_1", x, (2, 2)), self._conv(f"{name}.path_2", shifted, (2, 2))]
        return self._norm(f"{name}.bn", torch.cat(paths, dim=1))


def same(size: int, kernel: int, stride: int, dilation: int = 1) -> tuple[int, int]:
    """TensorFlow's SAME padding of a side: pixels before and after, the odd one after."""
    total = max((-(-size // stride) - 1) * stride + (kernel - 1) * dilation + 1 - size, 0)
    return total // 2, total - total // 2


def plain(network: nn.Module, arguments: Mapping[str, Any]) -> PlainNetwork:
    """The plain form of a network of the space, with copies of its weights."""
    return PlainNetwork(network.state_dict(), arguments)
