"""Networks of the layer-wise space (Zoph and Le 2017, section 4.1): convolutions that read the outputs of any earlier
layers, concatenated.

A layer is a convolution without bias, batch normalisation and ReLU. The paper names the three and not their order;
this is the usual one. Padding is TensorFlow's SAME, so that a layer without a stride keeps the size. Outputs of
different sizes are padded with zeros to the largest height and the largest width among them. The paper does not say
on which sides: here the smaller one lies in the middle, and if the difference is odd, the additional row or column of
zeros comes after it. The head is a mean over the image and a linear layer, which give the 4.2 million parameters that
the paper has.
"""

from torch import Tensor, nn
from torch.nn import functional

from nasbench.nn.layers import BatchNormOfAny, Conv, MaxPool, concatenated
from search_spaces.nas_rl.layers import Layer


class ConvLayer(nn.Sequential):
    """Convolution, batch normalisation, ReLU: (B, C_in, H, W) -> (B, filters, ceil(H / stride), ceil(W / stride))."""

    def __init__(self, c_in: int, filters: int, kernel: tuple[int, int], stride: tuple[int, int]) -> None:
        super().__init__()
        self.conv = Conv(c_in, filters, kernel, stride)
        self.bn = BatchNormOfAny(filters)
        self.relu = nn.ReLU()


class Network(nn.Module):
    """(B, channels, H, W) -> logits (B, num_classes). `outputs` are the layers that the classifier reads."""

    def __init__(self, layers: tuple[Layer, ...], outputs: tuple[int, ...], num_classes: int, channels: int) -> None:
        super().__init__()
        self.inputs, self.outputs = tuple(layer.inputs for layer in layers), outputs
        widths = [channels]  # of the image, and of each layer
        self.layers = nn.ModuleDict()
        for number, layer in enumerate(layers, start=1):
            c_in = sum(widths[source] for source in layer.inputs)
            if layer.filters:
                self.layers[str(number)] = ConvLayer(c_in, layer.filters, layer.kernel, layer.stride)
            else:
                self.layers[str(number)] = MaxPool(layer.kernel[0], layer.stride[0])
            widths.append(layer.filters or c_in)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.classifier = nn.Linear(sum(widths[number] for number in outputs), num_classes)

    def forward(self, x: Tensor) -> Tensor:  # (B, channels, H, W)
        states = [x]
        for inputs, layer in zip(self.inputs, self.layers.values(), strict=True):
            states.append(layer(joined([states[source] for source in inputs])))  # (B, filters, H', W')
        features = joined([states[number] for number in self.outputs])  # (B, C, H', W')
        logits: Tensor = self.classifier(self.flatten(self.pool(features)))  # (B, num_classes)
        return logits


def joined(parts: list[Tensor]) -> Tensor:  # (B, C, H, W) each -> (B, sum of C, largest H, largest W)
    """Concatenates along the channels; smaller parts are padded with zeros, in the middle of the largest size."""
    if len(parts) == 1:
        return parts[0]
    rows, columns = max(part.shape[2] for part in parts), max(part.shape[3] for part in parts)
    return concatenated([_padded(part, rows - part.shape[2], columns - part.shape[3]) for part in parts])


def _padded(part: Tensor, rows: int, columns: int) -> Tensor:  # (B, C, H, W) -> (B, C, H + rows, W + columns)
    if rows == 0 and columns == 0:
        return part
    top, left = rows // 2, columns // 2
    return functional.pad(part, (left, columns - left, top, rows - top))
