"""One certificate that is known beforehand, and no other: how this installation knows its own web process.

It is reached at an address of the machine, which its certificate need not name. So whoever signed it and whatever name
it bears is not looked at: it has to be the very certificate of the file, and to be in force.
"""

import base64
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization


def leaf(chain: Path) -> x509.Certificate:
    """The server's own certificate, the first of a PEM file. Raises OSError, and ValueError for a file without any."""
    return x509.load_pem_x509_certificates(chain.read_bytes())[0]


def pem(certificate: x509.Certificate) -> bytes:
    """A certificate as PEM."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def public_key_pin(certificate: x509.Certificate) -> str:
    """The digest of its public key, as libcurl compares it."""
    key = certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    digest = hashes.Hash(hashes.SHA256())
    digest.update(key)
    return f"sha256//{base64.b64encode(digest.finalize()).decode()}"


def pinned(chain: Path) -> ssl.SSLContext:
    """What connects to that certificate alone. Raises as `leaf`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False  # nobody else has the key of the one that is trusted
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # it is trusted itself, not who signed it
    context.load_verify_locations(cadata=pem(leaf(chain)).decode())
    return context
