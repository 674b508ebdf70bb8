"""The supernet of the space: every edge of every cell holds all operations, and each cell has weights of its own."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from nasbench.core.arch import Architecture, check
from nasbench.core.spec import Task
from nasbench.nn.shared_norm import share_norms, shared_state
from nasbench.nn.supernet import Supernet
from search_spaces.nasbench201.network import Network, Reduction, operation
from search_spaces.nasbench201.notation import EDGES, NUM_NODES, Cell, cell_of, choices


class SharedCell(nn.Module):
    """`network.Cell` with all `operations` on each edge, of which a path takes one: (B, C, H, W) -> (B, C, H, W)."""

    def __init__(self, operations: Sequence[str], channels: int) -> None:
        super().__init__()
        self.edges = nn.ModuleDict(
            {
                f"{source}_{target}": nn.ModuleDict({name: operation(name, channels) for name in operations})
                for source, target in EDGES
            }
        )

    def operation(self, edge: tuple[int, int], name: str) -> nn.Module:
        """The operation of that name on an edge."""
        options = self.edges[f"{edge[0]}_{edge[1]}"]
        assert isinstance(options, nn.ModuleDict)
        return options[name]

    def forward(self, x: Tensor, cell: Cell) -> Tensor:  # (B, C, H, W)
        nodes = [x]
        for target in range(1, NUM_NODES):
            chosen = [(source, cell[source, target]) for source in range(target)]
            incoming = [
                self.operation((source, target), name)(nodes[source]) for source, name in chosen if name != "none"
            ]
            if len(incoming) > 1:
                nodes.append(torch.stack(incoming).sum(dim=0))  # (B, C, H, W)
            else:
                nodes.append(incoming[0] if incoming else torch.zeros_like(x))
        return nodes[-1]


class NasBench201Supernet(Supernet):
    """The networks of all cells with these `operations`. `num_cells` is N; `filters` is C, that of the first stage.

    affine  normalisations have a scale and a shift
    """

    def __init__(
        self, operations: Sequence[str], num_cells: int, filters: int, task: Task, affine: bool = False
    ) -> None:
        super().__init__()
        self.choices = choices(operations)
        frame = Network({}, 0, filters, task.num_classes, task.channels)  # without cells
        self.stem = frame.stem
        body: list[nn.Module] = []
        for stage in range(3):
            if stage:
                body.append(Reduction(filters * 2 ** (stage - 1), filters * 2**stage))
            body += [SharedCell(operations, filters * 2**stage) for _ in range(num_cells)]
        self.body = nn.ModuleList(body)
        self.last, self.pool, self.flatten = frame.last, frame.pool, frame.flatten
        self.classifier = frame.classifier
        share_norms(self, affine)

    def forward(self, x: Tensor, architecture: Architecture) -> Tensor:
        cell = self._cell(architecture)
        x = self.stem(x)  # (B, C, H, W)
        for part in self.body:
            x = part(x, cell) if isinstance(part, SharedCell) else part(x)
        logits: Tensor = self.classifier(self.flatten(self.pool(self.last(x))))  # (B, num_classes)
        return logits

    def shared(self, architecture: Architecture) -> dict[str, Tensor]:
        cell = self._cell(architecture)
        layers = {"stem": self.stem, "last": self.last, "classifier": self.classifier}
        for index, part in enumerate(self.body):
            if isinstance(part, SharedCell):
                for edge, name in cell.items():
                    layers[f"body.{index}.edges.{edge[0]}_{edge[1]}"] = part.operation(edge, name)
            else:
                layers[f"body.{index}"] = part
        return {
            name: tensor for prefix, layer in layers.items() for name, tensor in shared_state(prefix, layer).items()
        }

    def _cell(self, architecture: Architecture) -> Cell:
        check(architecture, self.choices)
        return cell_of(architecture.genes)
