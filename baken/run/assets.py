"""The files that pages are made of: collected under names that hold their digest, served from memory.

A name with a digest never changes its content, so a browser may keep it for ever; any other name is asked for again
every time, which costs one answer without a body.
"""

import gzip
import hashlib
import mimetypes
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage, staticfiles_storage

Scope = Mapping[str, Any]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Application = Callable[[Any, Any, Any], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

FOR_EVER = b"public, max-age=31536000, immutable"
ASK_AGAIN = b"no-cache"
TEXT = ("text/", "application/javascript", "application/json", "application/manifest+json", "image/svg+xml")


class HashedFiles(ManifestStaticFilesStorage):
    """Names with digests once the files are collected; plain names before that, as in tests."""

    def stored_name(self, name: str) -> str:
        return super().stored_name(name) if self.hashed_files else name


@dataclass(frozen=True, slots=True)
class Asset:
    """One file: its bytes, the same compressed (None when that does not help), and the headers it goes with."""

    content: bytes
    compressed: bytes | None
    etag: bytes
    headers: Headers


class Assets:
    """An ASGI application that answers `/static/…` itself and hands everything else on."""

    def __init__(self, folder: Path, prefix: str, application: Application) -> None:
        hashed = set(getattr(staticfiles_storage, "hashed_files", {}).values())
        self._assets = {prefix + name: _asset(path, name in hashed) for name, path in _files(folder)}
        self._prefix = prefix
        self._application = application

    async def __call__(self, scope: Scope, receive: Any, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(self._prefix):
            await self._answer(scope, send)
        else:
            await self._application(scope, receive, send)

    async def _answer(self, scope: Scope, send: Send) -> None:
        asset = self._assets.get(scope["path"])
        if asset is None:
            headers = [(b"content-type", b"text/plain; charset=utf-8"), *_strict()]
            await _send(send, 404, headers, b"There is no such file.")
        elif scope["method"] not in {"GET", "HEAD"}:
            await _send(send, 405, [(b"allow", b"GET, HEAD"), *_strict()], b"")
        else:
            asked = dict(scope["headers"])
            if asked.get(b"if-none-match") == asset.etag:
                await _send(send, 304, asset.headers, b"")
            else:
                body, headers = _encoded(asset, asked.get(b"accept-encoding", b""))
                await _send(send, 200, headers, b"" if scope["method"] == "HEAD" else body)


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != "staticfiles.json":
            yield path.relative_to(folder).as_posix(), path


def _asset(path: Path, hashed: bool) -> Asset:
    content = path.read_bytes()
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    if path.suffix in {".js", ".mjs"}:
        kind = "text/javascript"
    squeezed = gzip.compress(content, mtime=0) if kind.startswith(TEXT) else content
    etag = b'"' + hashlib.sha256(content).hexdigest()[:32].encode() + b'"'
    headers = [
        (b"content-type", f"{kind}; charset=utf-8".encode() if kind.startswith("text/") else kind.encode()),
        (b"cache-control", FOR_EVER if hashed else ASK_AGAIN),
        (b"etag", etag),
        (b"vary", b"accept-encoding"),
        *_strict(),
    ]
    return Asset(content, squeezed if len(squeezed) < len(content) else None, etag, headers)


def _strict() -> Headers:
    """What every answer tells a browser: it is what it says, of this site alone, and by https from now on."""
    by_https = [(b"strict-transport-security", f"max-age={settings.SECURE_HSTS_SECONDS}; includeSubDomains".encode())]
    return [
        (b"x-content-type-options", b"nosniff"),
        (b"cross-origin-resource-policy", b"same-origin"),
        (b"content-security-policy", b"default-src 'none'; base-uri 'none'; frame-ancestors 'none'"),
        (b"referrer-policy", b"same-origin"),
        *(by_https if settings.SECURE_HSTS_SECONDS else []),
    ]


def _encoded(asset: Asset, accepted: bytes) -> tuple[bytes, Headers]:
    if asset.compressed is not None and b"gzip" in accepted:
        length = (b"content-length", str(len(asset.compressed)).encode())
        return asset.compressed, [*asset.headers, (b"content-encoding", b"gzip"), length]
    return asset.content, [*asset.headers, (b"content-length", str(len(asset.content)).encode())]


async def _send(send: Send, status: int, headers: Headers, body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
