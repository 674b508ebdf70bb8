"""Where a run is kept besides its directory: file:///PATH, s3://BUCKET/PREFIX or gs://BUCKET/PREFIX, as text.

Credentials are no part of it: it stands in run.json and in messages. The libraries look for them where they always do
(environment variables, ~/.aws, the machine's own role).
"""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from nasbench.core.errors import UsageError, unknown

SCHEMES = {"file": "file:///PATH", "s3": "s3://BUCKET/PREFIX", "gs": "gs://BUCKET/PREFIX"}
SETTINGS = ("endpoint_override", "region", "scheme")
"""What a URL may say after its '?': where the server is. Nothing of it is secret."""
FLAG = "--storage"


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
        """UsageError for an unknown scheme, a missing bucket or path, and for credentials, which are not repeated."""
        scheme, mark, _ = text.partition("://")
        if not mark:
            raise UsageError(f"{FLAG} takes {_forms()}; got {_shown(text)!r}")
        if scheme not in SCHEMES:
            raise unknown(f"kind of {FLAG}", scheme, SCHEMES, f"{FLAG} takes {_forms()}.")
        parts = urlsplit(text)
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
        path = unquote(parts.path).rstrip("/")
        if scheme == "file" and (parts.netloc or not path):
            raise UsageError(f"{FLAG} takes {SCHEMES[scheme]}, with three slashes; got {text!r}")
        if scheme != "file" and not parts.netloc:
            raise UsageError(f"{FLAG} takes {SCHEMES[scheme]}; {text!r} names no bucket")
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
    """Where the run of a directory is kept: under its name. UsageError where it has none."""
    name = directory.absolute().name if directory.name not in ("", "..") else directory.resolve().name
    if not name:
        raise UsageError(f"{FLAG} keeps a run under the name of its directory, and {directory} has none; give --run")
    return Address.read(storage).below(name)


def _forms() -> str:
    *most, last = SCHEMES.values()
    return f"{', '.join(most)} or {last}"


def _shown(text: str) -> str:
    return text.rpartition("@")[2]
