"""The folder in which an installation keeps what is its own, and the secrets it made for itself there."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def home_folder() -> Path:
    """Return `ZELO_HOME`, or `.zelo` in the user's home."""
    return Path(os.environ.get("ZELO_HOME") or Path.home() / ".zelo").absolute()


def kept_secret(home: Path, name: str) -> str:
    """Return a secret of the installation, made at the first call; only its owner may read the file."""
    path = home / name
    try:
        return path.read_text(encoding="ascii")
    except FileNotFoundError:
        home.mkdir(parents=True, exist_ok=True, mode=0o755)
    beside = home / f".{name}.{os.getpid()}"
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(48))
    try:
        os.link(beside, path)  # whoever comes first wins, and the others read that one
    except FileExistsError:
        pass
    finally:
        beside.unlink()
    return path.read_text(encoding="ascii")
