"""Make a virtual environment hold what a lock file names, and the `baken` command. Standard library only.

    python3 tools/bootstrap.py run|s3|dev|bench|drills|audit [--into .venv]

A second call finds the digest of the lock file in the environment and does nothing. An environment that was
interrupted half-way, moved, or made by another Python is made anew: pip takes half
a package for a whole one.
"""

import argparse
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "requirements"
# What each kind of environment contains: s3.txt, dev.txt and bench.txt hold all of run.txt, at the same versions.
LOCKS = {
    "run": ["run.txt"],
    "s3": ["run.txt", "s3.txt"],
    "dev": ["run.txt", "s3.txt", "dev.txt"],
    "bench": ["run.txt", "bench.txt"],
    "drills": ["drills.txt"],
    "audit": ["audit.txt"],
}
PIP_FLAGS = ["--require-hashes", "--disable-pip-version-check", "--no-input", "--no-warn-script-location"]
COMMAND = """#!/bin/sh
'''exec' "{python}" "$0" "$@"
' '''
import sys

from baken.run.cli import main

sys.exit(main())
"""


class BootstrapError(Exception):
    """The environment cannot be made; the message says what to do."""


def main() -> int:
    parser = argparse.ArgumentParser(description="Install what Baken needs into a virtual environment.")
    parser.add_argument("kind", choices=sorted(LOCKS))
    parser.add_argument("--into", type=Path, default=ROOT / ".venv")
    arguments = parser.parse_args()
    venv = ROOT / arguments.into
    try:
        with alone():
            ensure(venv, arguments.kind)
    except BootstrapError as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        say("interrupted; the next start repairs the installation")
        return 130
    return 0


@contextmanager
def alone() -> Iterator[None]:
    """One bootstrap of this checkout at a time. pip inherits the lock: a killed one's pip ends first."""
    held = os.open(ROOT, os.O_RDONLY)
    os.set_inheritable(held, True)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


def ensure(venv: Path, kind: str) -> None:
    wanted = {name: digest(REQUIREMENTS / name) for name in LOCKS[kind]}
    state = read_state(venv)
    if state is None:
        make_venv(venv)
        state = {}
    if any(state.get(name) != value for name, value in wanted.items()):
        install(venv, REQUIREMENTS / LOCKS[kind][-1])
        write_state(venv, wanted)
    write_command(venv)


def digest(path: Path) -> str:
    if not path.exists():
        raise BootstrapError(f"{path} is missing; 'make lock' writes it")
    return hashlib.sha256(path.read_bytes()).hexdigest()


# The state file: which locks are installed, for which place and Python. Absent while an installation runs.


def read_state(venv: Path) -> dict[str, str] | None:
    """The digests of the locks installed in `venv`, or None when it has to be made anew."""
    try:
        state = json.loads((venv / "installed.json").read_text())
        return dict(state["locks"]) if state["made_for"] == made_for(venv) else None
    except (OSError, ValueError, KeyError, TypeError, subprocess.SubprocessError):
        return None


def write_state(venv: Path, locks: dict[str, str]) -> None:
    draft = venv / "installed.json.new"
    draft.write_text(json.dumps({"made_for": made_for(venv), "locks": locks}, indent=1))
    draft.replace(venv / "installed.json")


def made_for(venv: Path) -> str:
    """Where the environment lies and which Python it answers with; scripts in it hold both."""
    code = "import sys; print(sys.prefix, sys.version_info[:2])"
    return subprocess.run([venv / "bin/python", "-c", code], check=True, capture_output=True, text=True).stdout


def make_venv(venv: Path) -> None:
    """A fresh environment with pip: by `venv`, or by `virtualenv` where the system ships no ensurepip."""
    shutil.rmtree(venv, ignore_errors=True)
    say(f"making {venv} with Python {sys.version.split()[0]}")
    made = subprocess.run([sys.executable, "-m", "venv", venv], capture_output=True, text=True, check=False)
    if made.returncode == 0 and (venv / "bin/pip").exists():
        return
    say("this Python has no ensurepip; using virtualenv instead")
    shutil.rmtree(venv, ignore_errors=True)
    make_with_virtualenv(venv)


def make_with_virtualenv(venv: Path) -> None:
    borrowed = venv.with_name(f"{venv.name}-virtualenv")
    shutil.rmtree(borrowed, ignore_errors=True)
    lock: list[str | Path] = ["--target", borrowed, "-r", REQUIREMENTS / "bootstrap.txt"]
    try:
        run_or_fail([sys.executable, "-m", "pip", "install", "--quiet", *PIP_FLAGS, *lock], pip_environment())
        run_or_fail([sys.executable, "-m", "virtualenv", venv], {**os.environ, "PYTHONPATH": str(borrowed)})
    except BootstrapError as error:
        raise BootstrapError(
            f"{error}\nNo virtual environment can be made with {sys.executable}. "
            "Install its venv or pip module (Debian, Ubuntu: apt install python3-venv), then try again."
        ) from error
    finally:
        shutil.rmtree(borrowed, ignore_errors=True)


def run_or_fail(command: list[str | Path], environment: dict[str, str]) -> None:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BootstrapError((done.stdout + done.stderr).strip())


def install(venv: Path, lock: Path) -> None:
    """Install `lock` with pip: one moving line on a terminal, and everything pip said when it fails."""
    packages = len(re.findall(r"^[A-Za-z0-9]", lock.read_text(), re.MULTILINE))
    say(f"installing {packages} packages from {lock.relative_to(ROOT)}")
    began, state = time.monotonic(), venv / "installed.json"
    kept = state.read_text() if state.exists() else None
    state.unlink(missing_ok=True)
    command: list[str | Path] = [
        venv / "bin/python",
        "-m",
        "pip",
        "install",
        "--progress-bar",
        "off",
        *PIP_FLAGS,
        "-r",
        lock,
    ]
    code, said = follow(command, packages)
    if code > 0 and kept is not None:  # pip gave up by itself and has put back what it took out
        state.write_text(kept)
    if code != 0:
        raise BootstrapError(f"{''.join(said)}pip ended with code {code}; nothing was started")
    say(f"installed in {time.monotonic() - began:.0f} s")


def follow(command: list[str | Path], packages: int) -> tuple[int, list[str]]:
    said: list[str] = []
    seen = 0
    with subprocess.Popen(
        command,
        env=pip_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        close_fds=False,
    ) as pip:
        for line in pip.stdout or ():
            said.append(line)
            seen += line.startswith(("Collecting", "Ignoring", "Requirement already"))
            if sys.stderr.isatty():
                print(f"\r\033[K[{seen}/{packages}] {line.strip()[:70]}", end="", file=sys.stderr, flush=True)
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
    return pip.returncode, said


def pip_environment() -> dict[str, str]:
    """The caller's settings for pip (proxy, certificates, mirrors), less those that install elsewhere."""
    hindering = {"PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_REQUIRE_VIRTUALENV", "PYTHONPATH", "PYTHONHOME"}
    return {name: value for name, value in os.environ.items() if name not in hindering}


def write_command(venv: Path) -> None:
    """Put this checkout on the environment's path and `baken` into its bin folder: no build, no network."""
    command = venv / "bin/baken"
    text = COMMAND.format(python=venv / "bin/python")
    if command.exists() and command.read_text() == text:
        return
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    asked = subprocess.run([venv / "bin/python", "-c", code], check=True, capture_output=True, text=True)
    Path(asked.stdout.strip(), "baken.pth").write_text(f"{ROOT}\n")
    command.write_text(text)
    command.chmod(0o755)


def say(text: str) -> None:
    print(f"bootstrap: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
