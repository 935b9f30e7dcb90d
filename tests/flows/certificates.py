"""A certificate authority of the test's own, and what it signs."""

import datetime
import ipaddress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
START = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
END = START + datetime.timedelta(days=36_500)


@dataclass(frozen=True)
class Pair:
    """PEM files: a certificate with who signed it, and its key."""

    chain: Path
    key: Path


class Authority:
    """Signs for names in `folder`; its own certificate is `authority.pem` there, or of another `name`."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        self._folder, self._key = folder, ec.generate_private_key(ec.SECP256R1())
        self._name = _named(name)
        rules = x509.BasicConstraints(ca=True, path_length=0)
        builder = _builder(self._name, self._name, self._key).add_extension(rules, critical=True)
        self._certificate = builder.sign(self._key, hashes.SHA256())
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(self._certificate.public_bytes(serialization.Encoding.PEM))

    def sign(self, name: str, file: str = "", key: Key | None = None) -> Pair:
        """A certificate and key for a host name, an address, or the role of a database."""
        key = key or ec.generate_private_key(ec.SECP256R1())
        builder = _builder(_named(name), self._name, key)
        builder = builder.add_extension(x509.SubjectAlternativeName([_general(name)]), critical=False)
        certificate = builder.sign(self._key, hashes.SHA256())
        made = Pair(self._folder / f"{file or name}.pem", self._folder / f"{file or name}.key")
        chain = [certificate, self._certificate]
        made.chain.write_bytes(b"".join(one.public_bytes(serialization.Encoding.PEM) for one in chain))
        made.key.touch(mode=0o600)
        made.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return made


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name.replace("_", "-"))


def _builder(subject: x509.Name, issuer: x509.Name, key: Key) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
    return builder.not_valid_before(START).not_valid_after(END)
