"""What a command was asked to do: frozen records, saved flat in run.json, parsed by the command line, built from
Python.
"""

from nasbench.engine.config.costs import Costs
from nasbench.engine.config.export import ExportConfig
from nasbench.engine.config.features import FeaturesConfig
from nasbench.engine.config.fidelity import FidelityConfig
from nasbench.engine.config.goals import Goals
from nasbench.engine.config.presets import PRESETS
from nasbench.engine.config.race import RaceConfig
from nasbench.engine.config.record import Record
from nasbench.engine.config.scale import SCALE_SEARCH, ScaleConfig
from nasbench.engine.config.search import SearchConfig
from nasbench.engine.config.shared import Data, ModelOverrides, Place, Seeds, Table, Tracking, Training, Workers
from nasbench.engine.config.space import SpaceForm
from nasbench.engine.config.stored import Stored
from nasbench.engine.config.supernet import SupernetConfig
from nasbench.engine.config.training import CompareConfig, TrainConfig, TransferConfig
from nasbench.engine.config.trust import ModelTrust, Trusting
from nasbench.engine.config.whole import Whole

RUNS: dict[str, type[Record]] = {
    "search": SearchConfig,
    "scale": ScaleConfig,
    "train": TrainConfig,
    "transfer": TransferConfig,
    "compare": CompareConfig,
    "race": RaceConfig,
    "fidelity": FidelityConfig,
    "supernet": SupernetConfig,
}
"""Command that makes a run -> its configuration, which run.json holds as `config`."""

__all__ = [
    "PRESETS",
    "RUNS",
    "SCALE_SEARCH",
    "CompareConfig",
    "Costs",
    "Data",
    "ExportConfig",
    "FeaturesConfig",
    "FidelityConfig",
    "Goals",
    "ModelOverrides",
    "ModelTrust",
    "Place",
    "RaceConfig",
    "Record",
    "ScaleConfig",
    "SearchConfig",
    "Seeds",
    "SpaceForm",
    "Stored",
    "SupernetConfig",
    "Table",
    "Tracking",
    "TrainConfig",
    "Training",
    "TransferConfig",
    "Trusting",
    "Whole",
    "Workers",
]
