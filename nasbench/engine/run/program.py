"""The network as a graph, for a space that writes no model.py: torch.export runs it without the code that built it."""

from pathlib import Path

from nasbench.core.errors import NotWritten, RunFailed
from nasbench.core.spec import ModelSpec
from nasbench.core.writing import files_together

FILE = "model.pt2"


def write_program(folder: Path, spec: ModelSpec, weights: Path) -> str:
    """Writes `model.pt2` with these weights into a folder, checked against the network.

    Returns why the network could not be exported so, or nothing. NotWritten where the disk refuses the file.
    """
    from nasbench.engine.export.formats import ExportJob, write_and_check
    from nasbench.evaluators.building import build_network
    from nasbench.train.checkpoint import put_weights

    network = build_network(spec)
    put_weights(network, weights)
    try:
        with files_together(folder) as part:
            write_and_check("torch-export", ExportJob(network.eval(), spec.seen_task), part / FILE)
    except NotWritten:
        raise
    except RunFailed as error:
        return f"no {folder / FILE} either: {error}"
    return ""
