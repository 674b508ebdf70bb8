"""The network as a graph, for a space that writes no model.py: torch.export runs it without the code that built it."""

from pathlib import Path

from nasbench.core.errors import RunFailed
from nasbench.core.part_file import part_of
from nasbench.core.spec import ModelSpec

FILE = "model.pt2"


def write_program(folder: Path, spec: ModelSpec, weights: Path) -> str:
    """Writes `model.pt2` with these weights into a folder, checked against the network.

    Returns why it could not be written, or nothing.
    """
    from nasbench.engine.export.formats import ExportJob, write_and_check
    from nasbench.evaluators.building import build_network
    from nasbench.train.checkpoint import load_weights

    network = build_network(spec)
    network.load_state_dict(load_weights(weights))
    part = part_of(folder / FILE, keep_ending=True)  # torch.export warns of a name that ends otherwise
    try:
        write_and_check("torch-export", ExportJob(network.eval(), spec.seen_task), part)
        part.replace(folder / FILE)
    except RunFailed as error:
        return f"no {folder / FILE} either: {error}"
    finally:
        part.unlink(missing_ok=True)
    return ""
