"""An authority of a test, and the three files that Ray's TLS takes, signed by it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import NameOID

Key = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


class Authority:
    """Signs certificates; its own, and those that it signs, lie in `folder`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority of a test")])
        self.file = folder / "ca.crt"
        self._write(self.file, self._certificate("authority of a test", self._key, (), 100))

    def variables(
        self, name: str, *hosts: str, days: int = 1, more: Sequence[x509.ExtensionType] = (), key: Key | None = None
    ) -> dict[str, str]:
        """Ray's variables for a new certificate of addresses, which is valid for so many `days` from now on, and has
        `more` extensions; its key is of the curve P-256 unless it is given.
        """
        key = ec.generate_private_key(ec.SECP256R1()) if key is None else key
        certificate, private = self._folder / f"{name}.crt", self._folder / f"{name}.key"
        self._write(certificate, self._certificate(name, key, hosts, days, more))
        pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
        private.touch(0o600)
        private.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
        files = {"RAY_TLS_SERVER_CERT": certificate, "RAY_TLS_SERVER_KEY": private, "RAY_TLS_CA_CERT": self.file}
        return {"RAY_USE_TLS": "1", **{variable: str(file) for variable, file in files.items()}}

    def _certificate(
        self, name: str, key: Key, hosts: Sequence[str], days: int, more: Sequence[x509.ExtensionType] = ()
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        built = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=2))
            .not_valid_after(now + timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=name == "authority of a test", path_length=None), critical=True)
        )
        for extension in more:
            built = built.add_extension(extension, critical=False)
        if hosts and not any(isinstance(each, x509.SubjectAlternativeName) for each in more):
            names = x509.SubjectAlternativeName(
                [x509.DNSName("localhost"), *(x509.IPAddress(ip_address(host)) for host in hosts)]
            )
            built = built.add_extension(names, critical=False)
        return built.sign(self._key, hashes.SHA256())

    @staticmethod
    def _write(file: Path, certificate: x509.Certificate) -> None:
        file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
