"""The platform's processes: client, server and worker, the doctor, backups, and a private database."""

from __future__ import annotations

import json
import signal
import socket
from pathlib import Path

import pytest

from tests.platform_fixtures import Platform, wait_until
from tests.small_run import stream


def answers(port: int) -> bool:
    """Tell whether somebody listens at a port."""
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.slow
def test_the_client_talks_to_a_real_server(platform: Platform) -> None:
    """Events, decisions, the feed and errors come through Granian; both processes stop in good order."""
    from zelo.client import ApiFailure, Client

    platform.activate()
    key = platform.key()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    server = platform.start("serve", "--port", str(port), "--threads", "4")
    worker = platform.start("worker", "--flush", "1")
    client = Client(f"http://127.0.0.1:{port}", key, attempts=9)
    try:
        wait_until(lambda: answers(port) and platform.value("SELECT count(*) FROM zelo_worker") == 1)
        events = stream(60)
        done = client.bring(events[:50], at_once=20)
        assert sum(one.accepted for one in done) == 50
        decided = [client.decide(event) for event in events[50:]]
        assert [one.event_id for one in decided] == [event["id"] for event in events[50:]]
        assert client.decision("e0").event_id == "e0"
        keys = [message["key"] for message, _ in client.messages(types=["decision.made"])]
        assert len(keys) == len(set(keys)) > 0
        with pytest.raises(ApiFailure) as failure:
            client.decision("nobody")
        assert (failure.value.status, failure.value.code) == (404, "not_found")
    finally:
        client.close()
        for process in (worker, server):
            process.send_signal(signal.SIGTERM)
        codes = [process.wait(120) for process in (worker, server)]
    assert codes == [0, 0]
    assert platform.value("SELECT sum(next - lake_next) FROM zelo_progress") == 0
    assert platform.value("SELECT count(*) FROM zelo_worker") == 0


def test_the_doctor_says_what_is_wrong(platform: Platform, capsys: pytest.CaptureFixture[str]) -> None:
    """An installation without a pack and a worker is told both, and the code is 1."""
    from zelo.cli import run

    assert run(["doctor", "--language", "en"]) == 1
    told = capsys.readouterr().out
    assert "X no pack is at work" in told and "X no worker is running" in told
    assert "the audit trail holds" in told


@pytest.mark.slow
def test_a_private_database_is_made_found_backed_up_and_restored(tmp_path: Path) -> None:
    """Started twice it is one server; after a kill it starts again; a backup brings everything back elsewhere."""
    import tempfile

    import psycopg

    from zelo.adapters.backups import dump, load
    from zelo.adapters.postgres import Server

    with tempfile.TemporaryDirectory(prefix="zelo pg ") as folder:
        Path(folder).chmod(0o755)
        first, second = Server(Path(folder) / "one", durable=False), Server(Path(folder) / "two", durable=False)
        try:
            url = first.start(tied=True)
            assert Server(Path(folder) / "one").start() == url == first.running()
            with psycopg.connect(url) as connection:
                connection.execute("CREATE TABLE kept AS SELECT n FROM generate_series(1, 1000) n")
            assert first.stop(at_once=True) and first.running() is None
            url = first.start(tied=True)
            dump(url, tmp_path / "backup")
            other = second.start(tied=True)
            load(other, tmp_path / "backup")
            with psycopg.connect(other) as connection:
                row = connection.execute("SELECT count(*) FROM kept").fetchone()
            assert row == (1000,)
            assert oct((first.place() / "address").stat().st_mode)[-3:] == "600"
        finally:
            first.stop()
            second.stop()


def test_probes_and_metrics_answer_without_a_key(platform: Platform) -> None:
    """Health, readiness and metrics are open, say nothing of anyone, and carry the strict headers."""
    from django.test import Client

    client = Client()
    for path in ("/healthz", "/readyz", "/metrics"):
        answer = client.get(path)
        assert answer.status_code == 200
        policy = answer.headers["Content-Security-Policy"]
        assert "unsafe" not in policy and "default-src 'none'" in policy
        assert answer.headers["X-Frame-Options"] == "DENY" and answer.headers["X-Content-Type-Options"] == "nosniff"
    assert json.loads(client.get("/readyz").content) == {"status": "ok"}
    assert client.post("/healthz").status_code == 405
