"""What a strict installation demands of its settings: docs/reference/security.md lists it.

Each demand looks at the environment and tells what is missing, as `SETTING: what to do, and why`. A new one is a
function in `DEMANDS`, or a line of `WORDS`, and a row in the tests.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict

from baken.domain.keys import RSA_BITS
from baken.reach.pinning import leaf
from baken.run import certificate as certificates
from baken.run import configuration
from baken.run.configuration import ConfigurationError
from baken.run.shipper import receiver

Environ = Mapping[str, str]
Demand = Callable[[Environ], Iterator[str]]


class NotStrict(ConfigurationError):
    """Something of a strict installation is missing; the message names all of it, with the remedies."""


def insist(environ: Environ = os.environ) -> None:
    """Raises NotStrict when BAKEN_STRICT is set and something is missing."""
    if found := missing(environ):
        listed = "".join(f"\n  {one}" for one in found)
        raise NotStrict(f"BAKEN_STRICT: nothing starts while this is missing of a strict installation:{listed}")


def missing(environ: Environ = os.environ) -> list[str]:
    """What is missing, a line each; nothing where BAKEN_STRICT is not set. Raises ConfigurationError for that alone."""
    if not demanded(environ):
        return []
    return [said for demand in DEMANDS for said in _heard(demand, environ)]


def demanded(environ: Environ = os.environ) -> bool:
    """Whether this is to be a strict installation. Raises ConfigurationError."""
    return configuration.flag("BAKEN_STRICT", default=False, environ=environ)


def _heard(demand: Demand, environ: Environ) -> list[str]:
    try:
        return list(demand(environ))
    except ConfigurationError as error:
        return [str(error)]


WORDS = (
    ("BAKEN_DEMO", "yes", "no", "everybody can read the demonstration's passwords"),
    ("BAKEN_SECOND_FACTOR", "off", "everyone", "a password alone lets nobody in"),
    ("BAKEN_CLAMAV_FAIL", "closed", "closed", "no file is kept that the scanner has not seen"),
    ("BAKEN_ALLOW_PRIVATE", "yes", "no", "monitors reach no address inside"),
    ("BAKEN_OPENID_PRIVATE", "no", "no", "identity providers are at no address inside"),
    ("BAKEN_DEBUG", "no", "no", "readers see no details of failures"),
)
"""Settings that have to be one word: their name, what they are when unset, that word, and why."""


def words(environ: Environ) -> Iterator[str]:
    for name, unset, wanted, why in WORDS:
        if (environ.get(name) or unset).lower() != wanted:
            yield f"{name}: set it to {wanted}, so that {why}"


def address(environ: Environ) -> Iterator[str]:
    parts = urlsplit(configuration.url(environ))
    if parts.scheme != "https" or not _is_name(parts.hostname or ""):
        yield "BAKEN_URL: set it to https:// and a hostname of its own, so that cookies come by https and to it alone"


def own_certificate(environ: Environ) -> Iterator[str]:
    found = certificates.certificate({**environ, "BAKEN_URL": ""})  # which `address` looks at
    if not found:
        yield "BAKEN_CERTIFICATE: name one, and its key, so that nothing comes in the clear, from a proxy either"
    elif isinstance(key := leaf(found.chain).public_key(), RSAPublicKey) and key.key_size < RSA_BITS:
        yield f"BAKEN_CERTIFICATE: have one made for an elliptic curve, or RSA of {RSA_BITS} bits, so that it is strong"


def limits(environ: Environ) -> Iterator[str]:
    lifted = [name for name, quota in configuration.limits(environ).items() if not quota]
    if lifted:
        yield f"BAKEN_LIMITS: give {', '.join(lifted)} a number above 0, so that nobody asks without end"


def leaked_passwords(environ: Environ) -> Iterator[str]:
    if not configuration.existing("BAKEN_LEAKED_PASSWORDS", environ):
        yield "BAKEN_LEAKED_PASSWORDS: name the file of leaked passwords, so that nobody chooses one of them"


def scanner(environ: Environ) -> Iterator[str]:
    parts = urlsplit(environ.get("BAKEN_CLAMAV") or "")
    if not {"unix": True, "tls": "cert" in parse_qs(parts.query)}.get(parts.scheme):
        yield (
            "BAKEN_CLAMAV: name a scanner by unix:/path or tls://host?cert=/path&key=/path, so that it sees every file "
            "and nobody on the way does"
        )


def databases(environ: Environ) -> Iterator[str]:
    """Without an address it is the embedded one, which then answers at its socket alone.

    What libpq takes from elsewhere goes for both: it would lead to another server, or bring a password along.
    """
    known = {option.envvar.decode() for option in pq.Conninfo.get_defaults() if option.envvar}
    for name in sorted(known & {name for name, value in environ.items() if value}):
        yield f"{name}: leave it out and write what is needed into DATABASE_URL, so that nothing else leads elsewhere"
    for name in ("DATABASE_URL", "DATABASE_OWNER_URL"):
        given = configuration.secret(name, environ)
        if given and (lacks := _lacks(_parts(name, given), environ)):
            yield f"{name}: {' and '.join(lacks)}, so that both sides are sure of each other without a fixed password"


def vault(environ: Environ) -> Iterator[str]:
    if not environ.get("BAKEN_VAULT_ADDR"):
        yield "BAKEN_VAULT_ADDR: name a Vault or OpenBao that keeps the root key, so that no key lies beside the data"
        return
    if urlsplit(environ["BAKEN_VAULT_ADDR"]).scheme != "https":
        yield "BAKEN_VAULT_ADDR: begin it with https, so that nobody else reads the keys"
    if environ.get("BAKEN_VAULT_TOKEN") or not environ.get("BAKEN_VAULT_TOKEN_FILE"):
        yield "BAKEN_VAULT_TOKEN_FILE: have Vault's agent keep a token there that expires, instead of BAKEN_VAULT_TOKEN"


def store(environ: Environ) -> Iterator[str]:
    if not environ.get("BAKEN_S3_BUCKET"):
        return
    if urlsplit(environ.get("BAKEN_S3_ENDPOINT") or "https:").scheme != "https":
        yield "BAKEN_S3_ENDPOINT: begin it with https, so that nobody changes files on the way"
    for name in sorted(name for name, value in environ.items() if value and name.startswith("AWS_ENDPOINT_URL")):
        yield f"{name}: leave it out and name the store in BAKEN_S3_ENDPOINT, so that files and keys go nowhere else"
    for name in ("BAKEN_S3_ACCESS_KEY", "BAKEN_S3_SECRET_KEY", "AWS_ACCESS_KEY_ID"):
        if configuration.secret(name, environ):
            yield f"{name}: leave it out and give the machine a role, or a credential_process, whose keys expire"


def secrets(environ: Environ) -> Iterator[str]:
    """Those that may be set at all, and are more than an address."""
    for name in ("BAKEN_SECRET_KEY", "BAKEN_SECRET_KEY_FALLBACKS", "BAKEN_KEY_PASSPHRASE"):
        if environ.get(name):
            yield f"{name}: have the agent of a vault write it into a file, and name that in {name}_FILE"


def logs(environ: Environ) -> Iterator[str]:
    receiver(environ)
    if "cert" not in parse_qs(urlsplit(environ.get("BAKEN_SYSLOG") or "").query):
        yield "BAKEN_SYSLOG: name a receiver by tls://host?cert=/path&key=/path, so that logs outlive a break-in here"


DEMANDS: tuple[Demand, ...] = (
    words, address, own_certificate, limits, leaked_passwords, scanner, databases, vault, store, secrets, logs,
)  # fmt: skip


def _is_name(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return "." in host
    return False


def _parts(name: str, given: str) -> dict[str, str]:
    try:
        return {key: str(value) for key, value in conninfo_to_dict(given).items()}
    except psycopg.Error as error:
        raise ConfigurationError(f"{name}: {str(error).strip()}") from error


def _lacks(parts: Mapping[str, str], environ: Environ) -> list[str]:
    """What has to change of an address: one at a socket of this machine, or one that is sure of both sides."""
    host = parts.get("hostaddr") or parts.get("host") or "/"
    lacks = []
    if not all(each.startswith("/") for each in host.split(",")):
        lacks += [] if parts.get("sslmode") == "verify-full" else ["add sslmode=verify-full"]
        lacks += [f"add {name}=/path" for name in ("sslrootcert", "sslcert", "sslkey") if not parts.get(name)]
    lacks += [f"leave the {name} out" for name in ("password", "passfile", "service") if parts.get(name)]
    kept = Path(environ.get("HOME") or "~").expanduser() / ".pgpass"
    return [*lacks, f"move {kept} away"] if kept.exists() else lacks
