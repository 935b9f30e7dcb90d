"""How files are kept here: how large they may be, where they go, and who looks for viruses in them."""

import os
from collections.abc import Callable
from typing import Any

from baken.reach.clamav import Clamd, Scan
from baken.run import configuration
from baken.run.configuration import ConfigurationError

LARGEST = 10_240
"""No limit can be set above this, in MB."""


def limit() -> int:
    """The size of the largest file that is taken, in MB. Raises ConfigurationError."""
    value = os.environ.get("BAKEN_FILE_LIMIT") or "25"
    if not value.isdigit() or not 0 < int(value) <= LARGEST:
        raise ConfigurationError(f"BAKEN_FILE_LIMIT: {value!r} is no size; give whole MB from 1 to {LARGEST}")
    return int(value)


def chosen() -> str:
    """Where new files go. Raises ConfigurationError."""
    value = os.environ.get("BAKEN_FILES") or "postgres"
    if value not in {"postgres", "s3"}:
        raise ConfigurationError(f"BAKEN_FILES: {value!r} is neither postgres nor s3")
    if value == "s3" and not os.environ.get("BAKEN_S3_BUCKET"):
        raise ConfigurationError("BAKEN_S3_BUCKET: name the bucket that files go to, or leave BAKEN_FILES out")
    return value


def storages() -> dict[str, Any]:
    """The object store as Django's setting has it; none when no bucket is named. Raises ConfigurationError."""
    environ = os.environ
    if not environ.get("BAKEN_S3_BUCKET"):
        return {}
    try:
        import storages.backends.s3  # noqa: F401  (only looked for)
        from boto3.s3.transfer import TransferConfig
        from botocore.config import Config
    except ImportError:
        raise ConfigurationError(
            "BAKEN_S3_BUCKET: an object store needs more libraries; install requirements/s3.txt beside run.txt"
        ) from None
    endpoint, strict = environ.get("BAKEN_S3_ENDPOINT"), configuration.flag("BAKEN_STRICT", default=False)
    config = Config(
        ignore_configured_endpoint_urls=strict or None,  # which a file of AWS's own settings may name, http too
        connect_timeout=5, read_timeout=30, retries={"total_max_attempts": 3, "mode": "standard"},
        signature_version="s3v4", s3={"addressing_style": "path" if endpoint else "auto"},
        request_checksum_calculation="when_required", response_checksum_validation="when_required",
    )  # fmt: skip
    options = {
        "bucket_name": environ["BAKEN_S3_BUCKET"],
        "endpoint_url": endpoint or None,
        "region_name": environ.get("BAKEN_S3_REGION") or None,
        "access_key": configuration.secret("BAKEN_S3_ACCESS_KEY") or None,
        "secret_key": configuration.secret("BAKEN_S3_SECRET_KEY") or None,
        "client_config": config,
        "default_acl": None,
        "object_parameters": {"ContentType": "application/octet-stream"},
        "transfer_config": TransferConfig(use_threads=False),
    }
    return {"files": {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}}


def scanner() -> Callable[[], Scan | None]:
    """What begins a virus scan; None from it when there is no scanner. Raises ConfigurationError."""
    address = os.environ.get("BAKEN_CLAMAV")
    if not address:
        return lambda: None
    try:
        return Clamd(address).begin
    except ValueError as error:
        raise ConfigurationError(f"BAKEN_CLAMAV: {error}") from error


def scanner_may_fail() -> bool:
    """Whether files are taken unseen while the scanner does not answer. Raises ConfigurationError."""
    value = os.environ.get("BAKEN_CLAMAV_FAIL") or "closed"
    if value not in {"open", "closed"}:
        raise ConfigurationError(f"BAKEN_CLAMAV_FAIL: {value!r} is neither open nor closed")
    return value == "open"
