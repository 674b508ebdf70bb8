"""What a command prints on standard output: lines for people, or one JSON object."""

import codecs
import json
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from math import isfinite
from typing import Any, TextIO

from nasbench.core.shown import in_ascii, say

ANY_ENCODING = "nasbench.in_ascii"


class Leaving(SystemExit):
    """How the reader of flags ends a command: after --help, or with an error that it has printed."""


def tell(text: object) -> None:
    """A line for people."""
    say(text, sys.stdout)


def tell_json(record: Mapping[str, Any]) -> None:
    """The record as one JSON object in ASCII. JSON has no infinite number and no NaN: they become null."""
    print(json.dumps(_finite(record), allow_nan=False))


def any_encoding() -> None:
    """Makes standard output and error write what their encoding lacks in ASCII, whoever prints: no command fails."""
    codecs.register_error(ANY_ENCODING, in_ascii)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=ANY_ENCODING)


def refusal(stream: TextIO | None) -> OSError | None:
    """Why a stream does not take what was printed; None where it does. What was refused before is refused again."""
    try:
        if stream is not None:
            stream.flush()
    except OSError as error:
        return error
    except ValueError:  # it is closed
        return None
    return None


def silence(stream: TextIO | None) -> None:
    """Sends what a stream still holds, and whatever is printed from now on, nowhere."""
    with suppress(OSError, ValueError):  # not every stream is a file
        if stream is not None:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _finite(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not isfinite(value) else value
