"""Fine-tuning: which parts of a network are frozen, and which learn slowly (Yosinski et al. 2014, arXiv:1411.1792).

A linear probe trains only the head, partial fine-tuning also the later stages, full fine-tuning everything.
"""

from dataclasses import dataclass

from torch import nn

from nasbench.core.errors import UsageError

FORMS = "none, all-but-head, or stages:K with K at least 1"


@dataclass(frozen=True)
class Freezing:
    """What is frozen and what learns slowly.

    what        none, all-but-head, or stages:K for the first K of `stages_of`
    pretrained  names of the parameters that come from an earlier training; except for the head's, they learn slowly
    """

    what: str = "none"
    pretrained: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.what not in ("none", "all-but-head"):
            kind, _, count = self.what.partition(":")
            if kind != "stages" or not count.isdigit() or int(count) < 1:
                raise UsageError(f"--freeze takes {FORMS}; got {self.what!r}")

    def identity(self, slow_body: bool) -> dict[str, object]:
        """What distinguishes two fine-tunings that start from the same weights. `slow_body`: there are such weights."""
        return {"what": self.what, "slow_body": slow_body}

    def freeze(self, model: nn.Module) -> None:
        """Stops the gradients of the frozen parts. UsageError if there is no head, or no stage would learn."""
        thawed = self._thawed(model)
        for name, parameter in model.named_parameters():
            if not name.startswith(thawed):
                parameter.requires_grad_(False)

    def hold(self, model: nn.Module) -> None:
        """Puts the frozen parts in evaluation mode, so that their statistics stay and their dropout is off.

        Call it after each `model.train()`.
        """
        thawed = self._thawed(model)
        for name, module in model.named_modules():
            if not any(True for _ in module.children()) and not f"{name}.".startswith(thawed):
                module.eval()

    def slow(self, model: nn.Module) -> frozenset[str]:
        """The names of the parameters that learn slowly."""
        if not self.pretrained:
            return frozenset()
        head = {id(parameter) for parameter in head_of(model)[1].parameters()}
        known = set(self.pretrained)
        return frozenset(
            name for name, parameter in model.named_parameters() if name in known and id(parameter) not in head
        )

    def stuck(self, model: nn.Module) -> list[str]:
        """The names of the parameters that are frozen at their random initialisation, since none was carried over."""
        thawed, known = self._thawed(model), set(self.pretrained)
        return [name for name, _ in model.named_parameters() if not name.startswith(thawed) and name not in known]

    def _thawed(self, model: nn.Module) -> tuple[str, ...]:
        """Prefixes of the names of all parameters that learn.

        A parameter that belongs to no stage, such as a position embedding, is frozen together with the first stage.
        """
        if self.what == "none":
            return ("",)
        head = head_of(model)[0] + "."
        if self.what == "all-but-head":
            return (head,)
        count, stages = int(self.what.partition(":")[2]), stages_of(model)
        if count >= len(stages):
            raise UsageError(
                f"--freeze stages:{count}: the network has {len(stages)} stages before its head; "
                "freeze fewer, or all-but-head"
            )
        return (head, *(f"{stage}." for stage in stages[count:]))


NOTHING = Freezing()


def head_of(model: nn.Module) -> tuple[str, nn.Module]:
    """(name, module) of the classifier, which is the last linear layer. UsageError if there is no linear layer."""
    linear = [(name, module) for name, module in model.named_modules() if isinstance(module, nn.Linear)]
    if not linear:
        raise UsageError(
            f"{type(model).__name__} has no linear classifier at its end, so there is no head to train alone; "
            "use --freeze none"
        )
    return linear[-1]


def stages_of(model: nn.Module) -> list[str]:
    """Names of the parts of the body, in order: the network's children.

    A child that holds more than half of all weights, or the head, is replaced by its own children.
    """
    head, _ = head_of(model)
    parts: list[str] = []
    half = sum(parameter.numel() for parameter in model.parameters()) / 2

    def walk(prefix: str, module: nn.Module) -> None:
        for name, child in module.named_children():
            path, size = prefix + name, sum(parameter.numel() for parameter in child.parameters())
            if path == head or size == 0:
                continue
            if head.startswith(path + ".") or (size > half and any(True for _ in child.children())):
                walk(path + ".", child)
            else:
                parts.append(path)

    walk("", model)
    return parts
