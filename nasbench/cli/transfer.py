"""`nasbench transfer`."""

import json
import sys
from collections.abc import Sequence

from nasbench.cli.dry_run import print_dry_run
from nasbench.cli.parse import parse_run
from nasbench.engine.config import TransferConfig


def run(argv: Sequence[str]) -> None:
    """Parses, trains, prints."""
    config = parse_run(TransferConfig, "transfer", argv, positional="model")
    if config.dry_run:
        print_dry_run(config)
        return
    from nasbench.engine.training.transfer import transfer

    result = transfer(config, argv=("nasbench", "transfer", *argv))
    if result is None:
        return
    record = result.to_json()
    for trial in result.trained.of(config.network):
        if names := result.left_out(trial):
            few = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
            text = f"left out {len(names):,} files that cannot be read: {few} (all in result.json)"
            print(f"nasbench: seed {trial.seed}: {text}", file=sys.stderr)
    if config.place.json:
        print(json.dumps(record))
        return
    size, task = result.spec.size, result.spec.task
    form = f"{size.skeleton} skeleton, N = {size.depth:g}, F = {size.width:g}, " if size.skeleton else ""
    print(f"{config.network}: {form}{task.image_size} px, {record['params']:,} params, {record['macs']:,} MACs")
    deviation = f" ± {100 * record['std']:.2f}" if record["std"] is not None else ""
    if record["carried_params"]:
        print(f"started from {record['carried_params']:,} parameters of another training")
    print(
        f"top-1 {100 * record['top1']:.2f}{deviation} %, top-5 {100 * record['top5']:.2f} % on the test split, "
        f"{record['seconds']:.0f} s"
    )
    for trial in result.trained.of(config.network):
        print(f"seed {trial.seed}: {result.trained.folder(trial)}")
