"""A real identity provider: npm's `oidc-provider`, installed once into a folder of the system's temporary files."""

import json
import os
import shutil
import socket
import subprocess
import tempfile
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import RSAKey

VERSION = "9.13.3"
SCRIPT = Path(__file__).with_suffix(".mjs")
PATIENCE = 180  # seconds for an installation


def installed() -> Path:
    """The folder with the package in it. Skips the test where node or npm is missing, or npm reaches no registry."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not here, so there is no identity provider to sign in at")
    folder = Path(tempfile.gettempdir()) / f"baken-oidc-provider-{VERSION}-{os.getuid()}"
    if not folder.exists():
        fresh = Path(tempfile.mkdtemp(prefix="baken-oidc-provider-"))
        package = {"private": True, "type": "module", "dependencies": {"oidc-provider": VERSION}}
        (fresh / "package.json").write_text(json.dumps(package))
        command = ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts"]
        done = subprocess.run(command, cwd=fresh, capture_output=True, text=True, timeout=PATIENCE, check=False)
        if done.returncode:
            shutil.rmtree(fresh)
            pytest.skip("npm could not install oidc-provider")
        try:
            fresh.rename(folder)
        except OSError:  # another process was first
            shutil.rmtree(fresh)
    return folder


class Provider:
    """The provider as a process. people: what it says of each account, by the name somebody signs in with.

    methods: `amr` and `acr` of a sign-in, by the same name; nothing for the others.
    """

    def __init__(self, people: dict[str, dict[str, Any]], methods: dict[str, dict[str, Any]]) -> None:
        self.folder, self.people, self.methods = installed(), people, methods
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.issuer = f"http://localhost:{self.port}"
        self.clients: list[dict[str, Any]] = []
        self.process: subprocess.Popen[str] | None = None

    def start(self, *, in_id_token: bool = False) -> None:
        """Listen, with a new key. in_id_token: what it says of people is in the ID token, not in userinfo alone."""
        key = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)
        configuration = {
            "issuer": self.issuer, "port": self.port, "people": self.people, "methods": self.methods,
            "clients": self.clients,
            "jwks": {"keys": [key.as_dict(private=True)]}, "inIdToken": in_id_token,
        }  # fmt: skip
        script = self.folder / "provider.mjs"
        shutil.copy(SCRIPT, script)
        self.process = subprocess.Popen(
            ["node", script], cwd=self.folder, stdout=subprocess.PIPE, text=True, stderr=subprocess.DEVNULL,
            env={**os.environ, "CONFIGURATION": json.dumps(configuration)},
        )  # fmt: skip
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if "listening" in line:
                return
        raise AssertionError("the provider did not start")

    def stop(self) -> None:
        """End it."""
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None

    def register(self, returns: str, **metadata: Any) -> dict[str, Any]:
        """A client of ours, whom people come back to at `returns`."""
        asked = {"redirect_uris": [returns], **metadata}
        request = urllib.request.Request(
            f"{self.issuer}/reg", json.dumps(asked).encode(), {"Content-Type": "application/json"}, method="POST"
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            client: dict[str, Any] = json.load(answer)
        self.clients.append({name: client[name] for name in ("client_id", "client_secret", "redirect_uris")})
        return client
