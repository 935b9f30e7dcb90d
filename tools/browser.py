"""Print the path of a Chromium that starts, installing one where that is possible. Standard library only.

Searched in this order: BAKEN_CHROMIUM, the usual names on PATH, macOS applications, one that Playwright has
installed before. Otherwise installed with apt-get (as root, where it exists) or by Playwright. Standard
output is the path alone; what is done is said on standard error.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
APPLICATIONS = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
ASK_PLAYWRIGHT = (
    "from playwright.sync_api import sync_playwright\nwith sync_playwright() as p: print(p.chromium.executable_path)"
)


def main() -> int:
    wish = os.environ.get("BAKEN_CHROMIUM")
    if wish and not starts(wish):
        say(f"BAKEN_CHROMIUM={wish} does not start; correct it or leave it out")
        return 1
    path = wish or find() or install()
    if path is None:
        say("no Chromium was found, none could be installed; install one and set BAKEN_CHROMIUM to its path")
        return 1
    print(path)
    return 0


def find() -> str | None:
    return next((path for path in candidates() if starts(path)), None)


def candidates() -> Iterator[str]:
    yield from filter(None, map(shutil.which, NAMES))
    yield from (path for path in APPLICATIONS if Path(path).exists())
    asked = subprocess.run([sys.executable, "-c", ASK_PLAYWRIGHT], capture_output=True, text=True, check=False)
    if asked.returncode == 0:
        yield asked.stdout.strip()


def starts(path: str) -> bool:
    """Whether it answers with its version: some systems put a placeholder under a browser's name."""
    try:
        return subprocess.run([path, "--version"], capture_output=True, timeout=60, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def install() -> str | None:
    if os.geteuid() == 0 and shutil.which("apt-get"):
        say("no Chromium found; installing it with apt-get")
        installed = attempt("apt-get", "update", "-q") and attempt(
            "apt-get", "install", "-q", "-y", "--no-install-recommends", "chromium"
        )
        if installed and (path := find()):
            return path
    say("no Chromium found; installing Playwright's")
    return find() if attempt(sys.executable, "-m", "playwright", "install", "chromium") else None


def attempt(*command: str) -> bool:
    """Run one step of an installation; show what it said only when it failed."""
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(
        command,
        env=quiet,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if done.returncode != 0:
        say(f"{' '.join(command)} failed:\n{done.stdout.decode(errors='replace')[-2000:]}")
    return done.returncode == 0


def say(text: str) -> None:
    print(f"browser: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
