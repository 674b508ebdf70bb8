"""Where a run is kept besides its directory: file:///PATH, s3://BUCKET/PREFIX or gs://BUCKET/PREFIX, as text.

Credentials are no part of it: it stands in run.json and in messages. The libraries look for them where they always do
(environment variables, ~/.aws, the machine's own role).
"""

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from nasbench.core.errors import UsageError, unknown

SCHEMES = {"file": "file:///PATH", "s3": "s3://BUCKET/PREFIX", "gs": "gs://BUCKET/PREFIX"}
SETTINGS = ("endpoint_override", "region", "scheme")
"""What a URL may say after its '?': where the server is. Nothing of it is secret."""
FLAG = "--storage"
BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
TRAINED = "trained"
"""Below the storage: where finished trainings are kept, for all runs."""


@dataclass(frozen=True)
class Address:
    """A place in an object store.

    Attributes:
        scheme: file, s3 or gs.
        bucket: the bucket's name; empty for file.
        path: what follows it, without a '/' at its end; absolute for file.
        settings: (name, value) of what the URL said after its '?'.
    """

    scheme: str
    bucket: str
    path: str
    settings: tuple[tuple[str, str], ...] = ()

    @classmethod
    def read(cls, text: str) -> "Address":
        """UsageError for an unknown scheme, a missing bucket or path, for parts of a URL that nothing would heed, and
        for credentials, which are not repeated.
        """
        scheme, mark, _ = text.partition("://")
        if not mark:
            raise UsageError(f"{FLAG} takes {_forms()}; got {_shown(text)!r}")
        if scheme not in SCHEMES:
            raise unknown(f"kind of {FLAG}", scheme, SCHEMES, f"{FLAG} takes {_forms()}.")
        if not text.isprintable():
            raise UsageError(f"{FLAG} has a character that cannot be printed; got {_shown(text)!r}")
        if "#" in text:
            raise UsageError(f"{FLAG} has a '#', at which a URL ends: write %23 for it; got {_shown(text)!r}")
        try:
            parts = urlsplit(text)
        except ValueError as error:  # a bracket that is not closed
            raise UsageError(f"{FLAG} takes {SCHEMES[scheme]}; got {_shown(text)!r}, which is no URL") from error
        if "@" in parts.netloc:
            raise UsageError(
                f"{FLAG} takes no credentials, as it is written into run.json. Put them where the store's own tools "
                "look for them: environment variables, or their file in your home directory."
            )
        settings = tuple(parse_qsl(parts.query, keep_blank_values=True))
        for name, value in settings:
            if name not in SETTINGS:
                raise UsageError(
                    f"{FLAG} takes {', '.join(SETTINGS)} after the '?', and nothing secret; it has {name!r}"
                )
            if "@" in value:
                raise UsageError(f"{FLAG} takes no credentials, and its {name} has an '@'")
            _check_setting(scheme, name, value)
        if len(dict(settings)) < len(settings):
            raise UsageError(f"{FLAG} names a setting twice after its '?'; got {text!r}. Keep one.")
        path = unquote(parts.path).rstrip("/")
        if not path.isprintable():
            raise UsageError(f"{FLAG} has a character that cannot be printed; got {text!r}")
        if scheme == "file" and (parts.netloc or not path):
            raise UsageError(f"{FLAG} takes {SCHEMES[scheme]}, with three slashes; got {text!r}")
        if scheme != "file" and not parts.netloc:
            raise UsageError(f"{FLAG} takes {SCHEMES[scheme]}; {text!r} names no bucket")
        if scheme != "file":
            _check_object(parts.netloc, path.strip("/"), text)
        return cls(scheme, parts.netloc, path if scheme == "file" else path.strip("/"), settings)

    def below(self, name: str) -> "Address":
        """The place of that name under this one."""
        path = f"{self.path}/{name}" if self.path else name
        return Address(self.scheme, self.bucket, path, self.settings)

    @property
    def root(self) -> str:
        """The place as the store's library names it."""
        return "/".join(filter(None, (self.bucket, self.path)))

    @property
    def url(self) -> str:
        """The text that `read` reads back to this."""
        settings = "&".join(f"{name}={quote(value)}" for name, value in self.settings)
        return self.shown + (f"?{settings}" if settings else "")

    @property
    def shown(self) -> str:
        """The same for people, without settings."""
        return f"{self.scheme}://{quote(self.root, safe='/ ')}"


def is_address(place: str) -> bool:
    """Whether a place is a URL of an object store, and no path of this machine."""
    return place.partition("://")[0] in SCHEMES and "://" in place


def run_address(storage: str, directory: Path) -> Address:
    """Where the run of a directory is kept: under its name. UsageError where it has none, where trainings have that
    name in the storage, and where the directory and its place in the storage lie in one another.
    """
    name = directory.absolute().name if directory.name not in ("", "..") else directory.resolve().name
    if not name:
        raise UsageError(f"{FLAG} keeps a run under the name of its directory, and {directory} has none; give --run")
    if name == TRAINED:
        raise UsageError(
            f"{FLAG} keeps finished trainings under the name {TRAINED!r}, so no run can have it: choose another --run"
        )
    address = Address.read(storage).below(name)
    if address.scheme == "file":
        here, there = directory.resolve(), Path(address.path).resolve()
        if here.is_relative_to(there) or there.is_relative_to(here):
            raise UsageError(
                f"{FLAG} keeps the run in {there}, under the name of its directory, and that cannot lie in the run "
                f"directory {here}, nor the reverse. Choose another {FLAG}."
            )
    return address


def _check_setting(scheme: str, name: str, value: str) -> None:
    """UsageError for a setting that the library would not heed, or could not read."""
    if scheme == "file" or (scheme == "gs" and name == "region"):
        raise UsageError(f"{name} after the '?' of {FLAG} has no effect on {SCHEMES[scheme]}. Leave it out.")
    if not value:
        raise UsageError(f"{name} after the '?' of {FLAG} is empty. Give it a value, or leave it out.")
    if name == "scheme" and value not in ("http", "https"):
        raise unknown(f"scheme of {FLAG}", value, ("http", "https"), "It is how the server is spoken to.")


def _check_object(bucket: str, path: str, text: str) -> None:
    """UsageError for names that an object store does not take."""
    if not BUCKET.fullmatch(bucket):
        raise UsageError(
            f"{FLAG}: a bucket's name has letters, digits, '.', '-' and '_'; got {bucket!r} in {text!r}. Another "
            "server is named after a '?': ?endpoint_override=http://HOST:PORT"
        )
    if path and any(part in ("", ".", "..") for part in path.split("/")):
        raise UsageError(f"{FLAG}: a prefix has no empty part and neither '.' nor '..'; got {text!r}")


def _forms() -> str:
    *most, last = SCHEMES.values()
    return f"{', '.join(most)} or {last}"


def _shown(text: str) -> str:
    return text.rpartition("@")[2]
