"""The command line: one file a command; parses, prints, exits. Nothing heavy is imported before a command runs."""

import atexit
import importlib
import os
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Sequence
from contextlib import suppress
from errno import EACCES, EISDIR, ELOOP, ENAMETOOLONG, ENOTDIR, EPERM, EROFS
from pathlib import Path
from types import TracebackType
from typing import NoReturn, TextIO

from nasbench.cli.output import Leaving, any_encoding, refusal, silence, tell
from nasbench.core.blame import in_one_line, raised_by_user
from nasbench.core.errors import Interrupted, RunFailed, TrialFailed, UsageError, unknown
from nasbench.core.importing import start_from
from nasbench.core.not_written import OF_THE_DISK, not_written, words
from nasbench.core.shown import quoted, say, sentence
from nasbench.core.stop_signals import EXIT_INTERRUPTED, WISHES
from nasbench.core.trust import trusting

COMMANDS = {
    "search": "searches a space; ends with the best architectures and where they lie",
    "scale": "scales a model in depth, width and resolution by phi, or to a MACs budget",
    "train": "trains one model under a recipe, over one or more seeds",
    "transfer": "builds a network at the size of another data set, and trains it there",
    "compare": "one recipe, several seeds: found models beside baselines and random cells, with a verdict",
    "race": "several strategies, many seeds each, on a table of known results: curves, a table, who wins",
    "fidelity": "ranks cheap scores (proxies, short trainings) against the truth: correlation, pick, cost",
    "supernet": "trains shared weights for a space, with which a search scores architectures in seconds",
    "zoo": "lists the hand-designed networks, shows a card, draws the field's charts",
    "profile": "per-layer table of a model: output shape, params, MACs, memory, receptive field",
    "export": "stand-alone model.py, weights, ONNX, torch.export: each checked against the network",
    "predict": "classifies images with a trained network, shown to it as in its training",
    "features": "what layers of a trained network see: their outputs, probes at every stage, filters, pictures",
    "report": "rebuilds the report of a run from its log, or sets searches side by side",
    "dashboard": "the W&B workspace and report of runs; without a key, dashboard.json beside them",
    "watch": "serves the report of a run on this machine, drawn anew as the run goes on",
    "doctor": "what this machine and a cluster can do, and what to mend",
    "list": "what there is: spaces, strategies, recipes, data sets, plug-ins included",
    "completion": "a script by which bash, zsh or fish completes commands, flags and names",
}

UNUSABLE_PATHS = (ENAMETOOLONG, EACCES, EPERM, EROFS, ENOTDIR, EISDIR, ELOOP)
"""Faults of a path that was given, not of the machine."""
TRACEBACK = "NASBENCH_TRACEBACK"
"""An environment variable: if it is set, an error is shown with its traceback, as the author of a part may want it."""
EXIT_DONE, EXIT_FAILED, EXIT_USAGE = 0, 1, 2
ENDED: list[int] = []
"""The status of this process, once it is known."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit status: 0 done, 1 failed, 2 bad usage or input, 130 interrupted."""
    if argv is not None or threading.current_thread() is not threading.main_thread():
        return _told(list(sys.argv[1:] if argv is None else argv))
    # The process is this command's own: a second Ctrl-C may end it, and Python's own end needs no traceback.
    sys.excepthook, warnings.showwarning = _tell_bug, _tell_warning
    atexit.register(_end_quietly)  # before any library registers its own: it runs after them
    WISHES.owned = True
    with WISHES.heard_by(_interrupt):
        ENDED.append(_told(sys.argv[1:]))
    if WISHES.abrupt:
        _leave()
    signal.signal(signal.SIGINT, _leave)
    return ENDED[0]


def _told(arguments: list[str]) -> int:
    """The same, once all that was printed has been taken by whoever reads it, or it is told that it was not."""
    stop: Leaving | None = None
    try:
        try:
            status = _run(arguments)
        except Leaving as raised:  # a help was shown, or bad usage told
            stop, status = raised, EXIT_DONE
        if (refused := refusal(sys.stdout)) is not None:  # now, where it can be told
            raise refused
    except BrokenPipeError:  # the reader of the output, such as head, has seen enough
        stop, status = None, EXIT_DONE
    except OSError as error:
        if error.errno not in OF_THE_DISK:
            raise
        reason, first = words(Path(), error)
        told = f"standard output cannot be written: {reason}. {first} What was printed is cut short."
        stop, status = None, _complain(told, EXIT_FAILED)
    for stream in (sys.stdout, sys.stderr):
        if refusal(stream) is not None:
            silence(stream)  # or Python tries again at its end, and changes the status
    if stop is not None:
        raise stop
    return status


def _run(arguments: list[str]) -> int:
    """The same; what the output refuses is raised."""
    any_encoding()
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(_usage())
        return EXIT_DONE
    if arguments[0] == "--version":
        from importlib.metadata import version

        tell(f"nasbench {version('nasbench')}")
        return EXIT_DONE
    # Threads that spin at barriers starve each other on a busy machine.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    start_from(os.getcwd())
    try:
        _command(arguments[0], arguments[1:])
    except BrokenPipeError:
        raise
    except UsageError as error:
        return _complain(str(error), EXIT_USAGE)
    except (RunFailed, TrialFailed) as error:
        return _complain(str(error), EXIT_FAILED)
    except KeyboardInterrupt as interrupt:
        return _interrupted(interrupt)
    except Leaving:  # what the reader of the flags says
        raise
    except BaseException as error:
        if WISHES.asked:  # it came in the middle of something that made another error of it
            return _interrupted(error)
        where = raised_by_user(error)
        if where is not None:  # a part of the user's own: SystemExit too, with which it would end in silence
            return _complain(f"{where} raised {sentence(in_one_line(error))} Mend it there.", EXIT_USAGE)
        if not isinstance(error, Exception):  # of a library that the user's part calls, or of an installed one
            return _complain(f"something ended the command: {sentence(in_one_line(error))}", EXIT_FAILED)
        if not isinstance(error, OSError) or error.filename is None:  # what files refuse has their names
            raise
        if error.errno in OF_THE_DISK:
            return _complain(str(not_written(Path(os.fsdecode(error.filename)), error)), EXIT_FAILED)
        if error.errno not in UNUSABLE_PATHS:
            raise
        return _complain(f"{quoted(error.filename)} cannot be used: {error.strerror}", EXIT_USAGE)
    return EXIT_DONE


def _command(name: str, arguments: Sequence[str]) -> None:
    if name not in COMMANDS:
        raise unknown("command", name, COMMANDS, "See: nasbench --help")
    module = {"list": "listing"}.get(name, name)  # a module named list would hide the built-in here
    with trusting(arguments, "--trust" in arguments):
        importlib.import_module(f"nasbench.cli.{module}").run(arguments)


def _interrupted(interrupt: BaseException) -> int:
    """Says how to go on. It is known from the first interruption; another may have come while that was cleaned up."""
    told: BaseException | None = interrupt
    while told is not None and not (isinstance(told, Interrupted) and len(str(told).split()) > 1):
        told = told.__cause__ or told.__context__
    return _complain(str(told or "interrupted"), EXIT_INTERRUPTED)


def _interrupt(name: str) -> NoReturn:
    raise KeyboardInterrupt(name)


def _leave(*_: object) -> None:
    """What Ctrl-C does while Python ends: nothing is left to save."""
    with suppress(Exception):
        sys.stdout.flush()
    os._exit(ENDED[0])


def _end_quietly() -> None:
    """The last thing before Python ends: it would put back the handler that dies of the signal, without a status. After
    an interrupt that came while a module was imported, it may even send itself one.
    """
    if ENDED and ENDED[0] == EXIT_INTERRUPTED:
        _leave()
    if signal.getsignal(signal.SIGINT) is _leave:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def _complain(message: str, status: int) -> int:
    if os.environ.get(TRACEBACK):
        say(traceback.format_exc().rstrip())
    say(f"nasbench: {message}")
    return status


def _tell_bug(kind: type[BaseException], error: BaseException, lines: TracebackType | None) -> None:
    """Prints the traceback of what nobody caught; what of its text a terminal would obey is shown."""
    say("".join(traceback.format_exception(kind, error, lines)).rstrip())


def _tell_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """The same for a warning."""
    say(warnings.formatwarning(message, category, filename, lineno, line).rstrip(), file)


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
            "Flags of a command: nasbench COMMAND --help. Completion: source <(nasbench completion bash)",
        ]
    )
