"""Text of users as people see it, in a terminal, a picture or a page.

Options, classes, columns, names and paths are whatever a user calls them. They are shown as they are, never obeyed:
a terminal's escape sequence is shown as `\\x1b[31m`, a line feed in a name as `\\n`, a character that turns the
direction of writing round as `\\u202e`; what an encoding lacks is written in ASCII, or as its escape.
"""

import html
import sys
import unicodedata
from contextlib import nullcontext, suppress
from typing import IO

JOINERS = "\u200c\u200d\u200b\ufe0e\ufe0f"
"""Invisible characters that belong to words and emoji: they stay."""
ASCII = {
    "±": "+-",
    "×": "x",
    "·": "-",
    "…": "...",
    "–": "-",
    "—": "-",
    "²": "^2",
    "³": "^3",
    "→": "->",
    "←": "<-",
    "≤": "<=",
    "≥": ">=",
    "τ": "tau",
    "α": "alpha",
    "β": "beta",
    "γ": "gamma",
    "φ": "phi",
    "ρ": "rho",
    "‘": "'",
    "’": "'",
    "“": '"',
    "”": '"',
    "•": "*",
    "µ": "u",
    "\u00a0": " ",
    "─": "-",
    "━": "-",
    "│": "|",
    "┃": "|",
    **dict.fromkeys("╭╮╰╯┌┐└┘├┤┬┴┼╷╵╶╴", "+"),
}
"""Characters of messages and tables in ASCII, for a terminal or a file that has no others."""


def text_of(value: object) -> str:
    """str(value); where an object of a user's own raises at that, its type and that it did."""
    try:
        return str(value)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return f"(a {type(value).__name__} whose text cannot be had: {type(error).__name__} in its __str__)"


def shown(text: object) -> str:
    """One line in which every character can be seen: what would move the cursor or the text is shown as its escape."""
    line = text_of(text)
    return line if line.isprintable() else "".join(each if _plain(each) else _escaped(each) for each in line)


def shown_lines(text: object) -> str:
    """The same for a text of several lines."""
    return "\n".join(shown(line) for line in text_of(text).split("\n"))


def shortened(text: object, most: int = 40) -> str:
    """One line of at most `most` characters: a longer one has an ellipsis in its middle, as its ends tell most."""
    line = shown(text)
    if len(line) <= most:
        return line
    front = (most - 1) // 2
    return f"{line[:front]}…{line[len(line) - (most - 1 - front) :]}"


def quoted(text: object, most: int = 200) -> str:
    """The text in quotation marks, as a message names it; a long one is shortened."""
    return shortened(repr(str(text)), most)


def sentence(text: object) -> str:
    """The text as a sentence that another may follow: with a full stop at its end, and not two where it has one."""
    line = text_of(text).rstrip()
    return line if line.endswith((".", "!", "?")) else f"{line}."


def escape(text: object) -> str:
    """Text for a page of HTML or a drawing in SVG: neither its markup nor its control characters are obeyed."""
    return html.escape(shown_lines(text))


def say(text: object, stream: IO[str] | None = None) -> None:
    """Prints a text for people (standard error unless told otherwise), whatever the encoding of the stream.

    What standard error does not take (its disk is full, its reader has gone) is not said: no work stops for that.
    """
    stream = stream or sys.stderr
    if stream is None:  # it was closed before this process began; print would take standard output instead
        return
    with suppress(OSError) if stream is sys.stderr else nullcontext():
        print(encodable(shown_lines(text), stream), file=stream, flush=True)


def encodable(text: str, stream: IO[str]) -> str:
    """The text with what the stream's encoding lacks written in ASCII."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return "".join(_encodable(character, encoding) for character in text)
    return text


def in_ascii(error: UnicodeError) -> tuple[str, int]:
    """The same as an error handler, for `codecs.register_error`."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_ascii, error.object[error.start : error.end])), error.end


def _plain(character: str) -> bool:
    return character.isprintable() or character in JOINERS or character == "\u00a0"


def _escaped(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


def _encodable(character: str, encoding: str) -> str:
    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        return _ascii(character)
    return character


def _ascii(character: str) -> str:
    near = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode("ascii")
    return ASCII.get(character) or (near if near.strip() else _escaped(character))
