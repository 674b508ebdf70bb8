"""The command line: one file a command; parses, prints, exits. Nothing heavy is imported before a command runs."""

import importlib
import os
import sys
from collections.abc import Sequence

from nasbench.core.errors import RunFailed, UsageError, unknown

COMMANDS = {
    "search": "searches a space; ends with the best architectures and where they lie",
    "scale": "scales a model in depth, width and resolution by phi, or to a MACs budget",
    "train": "trains one model under a recipe, over one or more seeds",
    "transfer": "builds a network at the size of another data set, and trains it there",
    "compare": "one recipe, several seeds: found models beside baselines and random cells, with a verdict",
    "race": "several strategies, many seeds each, on a table of known results: curves, a table, who wins",
    "zoo": "lists the hand-designed networks, shows a card, draws the field's charts",
    "profile": "per-layer table of a model: output shape, params, MACs, memory, receptive field",
    "export": "stand-alone model.py, weights, ONNX, torch.export: each checked against the network",
    "report": "rebuilds the report of a run from its log",
    "list": "what there is: spaces, strategies, recipes, data sets, plug-ins included",
}

EXIT_DONE, EXIT_FAILED, EXIT_USAGE, EXIT_INTERRUPTED = 0, 1, 2, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit status: 0 done, 1 failed, 2 bad usage or input, 130 interrupted."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(_usage())
        return EXIT_DONE
    if arguments[0] == "--version":
        from importlib.metadata import version

        print(f"nasbench {version('nasbench')}")
        return EXIT_DONE
    os.environ.setdefault(
        "OMP_WAIT_POLICY", "PASSIVE"
    )  # threads that spin at barriers starve each other on a busy machine
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())  # import paths of plug-ins start where the user stands
    try:
        if arguments[0] not in COMMANDS:
            raise unknown("command", arguments[0], COMMANDS, "See: nasbench --help")
        module = {"list": "listing"}.get(arguments[0], arguments[0])  # a module named list would hide the built-in here
        importlib.import_module(f"nasbench.cli.{module}").run(arguments[1:])
    except UsageError as error:
        return _complain(str(error), EXIT_USAGE)
    except RunFailed as error:
        return _complain(str(error), EXIT_FAILED)
    except KeyboardInterrupt as interrupt:
        return _complain(str(interrupt) or "interrupted", EXIT_INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return EXIT_DONE


def _complain(message: str, status: int) -> int:
    print(f"nasbench: {message}", file=sys.stderr)
    return status


def _usage() -> str:
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {text}" for name, text in COMMANDS.items()]
    return "\n".join(
        [
            "usage: nasbench COMMAND [--help] …",
            "",
            "Neural architecture search and model scaling.",
            "",
            *lines,
            "",
            "Example: nasbench search --space nasnet --dataset digits --recipe quick --trials 24",
        ]
    )
