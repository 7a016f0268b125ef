"""
Starts servers and workers as forks of one warmed-up process, so that killing them two hundred times takes minutes.

Reads commands from its input: `serve PORT`, `worker BATCH FLUSH_S FILE_BYTES_MAX`; answers each with the child's id.
"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server


class _Threading(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def _serve(port: int) -> None:
    from zelo.web.wsgi import application

    make_server("127.0.0.1", port, application, _Threading, _Quiet).serve_forever()


def _work(batch: int, flush_s: float, file_bytes_max: int) -> None:
    from django.conf import settings

    from zelo.worker.loop import Worker

    if file_bytes_max:
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes_max, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    Worker(settings.LAKE, batch=batch, flush_s=flush_s).run()


def main() -> None:
    """Warm up, then fork on command."""
    import django

    django.setup()
    import zelo.web.urls  # noqa: F401
    import zelo.web.wsgi  # noqa: F401
    import zelo.worker.loop
    import zelo.worker.versions  # noqa: F401

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    print("ready", flush=True)
    for line in sys.stdin:
        name, *given = line.split()
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            if name == "serve":
                _serve(int(given[0]))
            else:
                _work(int(given[0]), float(given[1]), int(given[2]))
            os._exit(0)
        print(child, flush=True)


class Nursery:
    """The warmed-up process, from outside."""

    def __init__(self, environment: dict[str, str], cwd: str, log: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.nursery"],
            env={**environment, "DJANGO_SETTINGS_MODULE": "zelo.settings", "ZELO_DB_POOL": "8"},
            cwd=cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=open(log, "ab"), text=True,  # noqa: SIM115
        )  # fmt: skip
        self._read()

    def _read(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def fork(self, command: str) -> int:
        """Start a child and return its id."""
        assert self._process.stdin is not None
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        return int(self._read())

    def close(self) -> None:
        """End the warmed-up process; children live on."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def kill(child: int) -> None:
    """Kill a child and wait until it is gone."""
    try:
        os.kill(child, signal.SIGKILL)
        while True:
            os.kill(child, 0)
    except ProcessLookupError:
        return


if __name__ == "__main__":
    main()
