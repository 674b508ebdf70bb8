"""A folder as an export leaves it, for tests of what reads one."""

import json
from pathlib import Path

import torch

from nasbench.core.preprocessing import write_preprocessing
from nasbench.core.spec import ModelSpec, Size, Task
from nasbench.engine.parts.models import build
from nasbench.train.checkpoint import save_weights
from nasbench.train.datasets import resolve_dataset


def exported(folder: Path, name: str) -> Path:
    """The folder, with the weights of a network of the zoo that was never trained, for digits."""
    spec = ModelSpec("zoo", Size(), Task(10, 8, 1), name=name)
    torch.manual_seed(0)
    save_weights(folder / "weights.safetensors", build(spec))
    (folder / "architecture.json").write_text(json.dumps(spec.to_json()))
    write_preprocessing(folder, resolve_dataset("digits").load(None, None, False).preprocessing())
    return folder
