"""The command line: what it says, in both languages, and with which exit code."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import click
import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.small_run import MAPPING, POLICY, write_pack, write_stream
from zelo import cli
from zelo.adapters.files import CannotWrite
from zelo.base import errors
from zelo.base.errors import ZeloError
from zelo.cli.speech import EXIT_CODES

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no setting of the machine choose the language."""
    monkeypatch.setenv("ZELO_LANGUAGE", "en")


@pytest.fixture
def pack(tmp_path: Path) -> str:
    return str(write_pack(tmp_path / "pack"))


def zelo(capsys: Capture, *arguments: object) -> tuple[int, str, str]:
    code = cli.run([str(argument) for argument in arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_check_tells_every_mistake_and_its_place(tmp_path: Path, capsys: Capture) -> None:
    """Text for people, JSON for programs; a mistake makes the exit code 1."""
    broken = POLICY.replace(b"event.quantity", b"event.quantitty").replace(
        b"features.stars_7d > 1", b"features.stars > 1"
    )
    folder = write_pack(tmp_path / "pack", policies__busy=broken)
    code, out, _ = zelo(capsys, "check", folder)
    assert code == 1 and "policies/busy.yaml:" in out and "^^^^^^^^^^" in out and "did you mean" in out
    code, out, _ = zelo(capsys, "check", folder, "--format", "json")
    told = json.loads(out)
    assert code == 1 and told["errors"] == len([d for d in told["diagnostics"] if d["severity"] == "error"]) >= 2
    assert {d["path"] for d in told["diagnostics"]} == {"policies/busy.yaml"} and told["diagnostics"][0]["line"] > 1


def test_check_of_a_sound_pack_is_zero_in_both_languages(pack: str, capsys: Capture) -> None:
    """What is said follows --language, else the environment."""
    assert zelo(capsys, "check", pack)[0] == 0
    assert "errors: 0" in zelo(capsys, "check", pack)[1]
    assert "erros: 0" in zelo(capsys, "check", pack, "--language", "pt-BR")[1]
    assert "erros: 0" in zelo(capsys, "check", pack, "--language=pt-BR")[1]


def test_the_environment_chooses_the_language(pack: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Brazilian reader need not ask for Portuguese."""
    monkeypatch.delenv("ZELO_LANGUAGE")
    monkeypatch.setenv("LC_ALL", "pt_BR.UTF-8")
    assert "erros: 0" in zelo(capsys, "check", pack)[1]
    assert "errors: 0" in zelo(capsys, "check", pack, "--language", "en")[1]


def test_examples_that_hold_and_that_fail(pack: str, tmp_path: Path, capsys: Capture) -> None:
    """A failing example says which rule, and at which place; exit code 1."""
    code, out, _ = zelo(capsys, "test", pack)
    assert code == 0 and "examples that hold: 4, that fail: 0" in out
    wrong = write_pack(tmp_path / "wrong", policies__busy=POLICY.replace(b"fires: [bulk]", b"fires: [many]"))
    code, out, _ = zelo(capsys, "test", wrong)
    assert code == 1 and "policies/busy.yaml:" in out
    assert "- many  should fire, and does not" in out and "+ bulk  fires, and should not" in out
    code, out, _ = zelo(capsys, "test", wrong, "--format", "json")
    assert code == 1 and [entry["holds"] for entry in json.loads(out)].count(False) == 1


def test_a_run_prints_what_came_of_it(pack: str, tmp_path: Path, capsys: Capture) -> None:
    """Rows in are events and dead letters, always said; numbers are written as the language does."""
    source, out_folder = write_stream(tmp_path / "events.jsonl", 1_200), tmp_path / "out"
    code, out, errors_said = zelo(capsys, "run", pack, "--source", source, "--out", out_folder)
    assert code == 0 and errors_said == ""
    assert "rows in: 1,202 = events: 1,200 + dead letters: 2" in out
    assert "1 × not_json: first events.jsonl:601: the text is not JSON" in out and "busy/bulk" in out
    assert "held back (daily limit of the rule): open_case:" in out
    code, out, _ = zelo(capsys, "run", pack, "--source", source, "--out", out_folder, "--language", "pt-BR")
    assert code == 0 and "1.202" in out and "1,202" not in out
    count = duckdb.execute(f"SELECT count(*) FROM '{out_folder}/decisions/*.parquet'").fetchall()[0][0]
    assert json.loads((out_folder / "summary.json").read_text())["stored"] == count > 0


def test_progress_is_shown_when_asked(pack: str, tmp_path: Path, capsys: Capture) -> None:
    """Not on a terminal it comes as lines on the error output."""
    source = write_stream(tmp_path / "events.jsonl", 50)
    _, out, told = zelo(capsys, "run", pack, "--source", source, "--out", tmp_path / "out", "--progress")
    assert "deciding" in told and "50 / 50" in told and "deciding" not in out


def test_tables_become_a_lake_that_runs_read(tmp_path: Path, capsys: Capture) -> None:
    """`import-events` writes what `run` reads; a folder that holds something is not overwritten."""
    folder = write_pack(tmp_path / "pack")
    (folder / "sources").mkdir()
    (folder / "sources" / "listings.sql").write_bytes(MAPPING)
    tables = tmp_path / "tables"
    tables.mkdir()
    times = [datetime(2026, 1, 1, hour, tzinfo=UTC) for hour in range(6)]
    columns = {
        "id": list(range(6)),
        "time": times,
        "seller": ["s"] * 5 + [None],
        "listing": ["l"] * 6,
        "price": [1.0] * 6,
    }
    pq.write_table(pa.table(columns), tables / "listings.parquet")
    lake = tmp_path / "lake"
    code, out, _ = zelo(capsys, "import-events", folder, "--source", tables, "--out", lake)
    assert code == 0 and "rows in: 6 = events: 5 + dead letters: 1" in out
    assert "required_missing: first sources/listings.sql:6: `seller.id` is required and missing" in out
    assert zelo(capsys, "import-events", folder, "--source", tables, "--out", lake)[0] == 5
    assert zelo(capsys, "import-events", folder, "--source", tables, "--out", lake, "--fresh")[0] == 0
    code, out, _ = zelo(capsys, "run", folder, "--source", lake, "--out", tmp_path / "out")
    assert code == 0 and "events decided: 5" in out


# --- why


def test_explain_shows_each_rule_and_the_values_it_saw(pack: str, tmp_path: Path, capsys: Capture) -> None:
    """True, false or undetermined, with every sub-expression's text and value."""
    given = {
        "event": {"kind": "listing.created", "listing_id": "l", "price": 2, "title": "x", "seller": {"id": "s"}},
        "history": [{"kind": "listing.created", "ago": "2h", "times": 2, "every": "1h", "listing_id": "l", "price": 9.5,
                     "seller": {"id": "s"}}],
        "labels": {"actor": ["vip"]},
    }  # fmt: skip
    path = tmp_path / "event.json"
    path.write_text(json.dumps(given))
    code, out, _ = zelo(capsys, "explain", pack, "--event", path)
    assert code == 0 and "labels of actor: vip" in out and "listings_24h = 2" in out
    assert "FIRED  busy/bulk" in out and "FIRED  busy/cheap_in_bulk" in out and "UNDETERMINED  busy/many" in out
    assert "2  ←  features.listings_24h" in out and "missing  ←  event.quantity" in out
    code, out, _ = zelo(capsys, "explain", pack, "--event", path, "--format", "json")
    told = json.loads(out)
    assert told["fired"] == ["bulk", "cheap_in_bulk"] and told["features"]["listings_24h"] == 2
    outcomes = {entry["rule"]: entry["outcome"] for entry in told["rules"]}
    assert outcomes == {"many_replicas": "false", "bulk": "fired", "cheap_in_bulk": "fired", "many": "undetermined"}


def test_explain_takes_an_event_alone_and_features_as_given(pack: str, tmp_path: Path, capsys: Capture) -> None:
    """A bare event needs no id and no time; `features` stand instead of what a history would give."""
    path = tmp_path / "event.json"
    event = {"kind": "review.posted", "listing_id": "l", "stars": 1, "reviewer": {"id": "r"}}
    path.write_text(json.dumps(event))
    assert "false  busy/unloved" in zelo(capsys, "explain", pack, "--event", path)[1]
    path.write_text(json.dumps({"event": event, "features": {"stars_7d": 2}}))
    assert "FIRED  busy/unloved" in zelo(capsys, "explain", pack, "--event", path)[1]


def test_explain_replays_a_run_up_to_an_event(pack: str, tmp_path: Path, capsys: Capture) -> None:
    """For any event of a run one can ask, and the answer is the decision that was made."""
    source, out_folder = write_stream(tmp_path / "events.jsonl", 200), tmp_path / "out"
    zelo(capsys, "run", pack, "--source", source, "--out", out_folder, "--all")
    rows = duckdb.execute(f"SELECT event_id, fired, features FROM '{out_folder}/decisions/*.parquet'").fetchall()
    for ident, fired, features in rows[::40]:
        _, out, _ = zelo(capsys, "explain", pack, "--run", out_folder, "--id", ident, "--format", "json")
        told = json.loads(out)
        assert (told["fired"], told["features"]) == (fired, json.loads(features))
    assert zelo(capsys, "explain", pack, "--run", out_folder, "--id", "nobody")[0] == 3


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("", 2, "is not JSON"),
        ("[]", 2, "must hold a JSON object"),
        ("{}", 2, "has no `kind`"),
        ('{"kind": "x.y"}', 2, "no kind of event `x.y`"),
        ('{"event": 5}', 2, "`event` must be an object"),
        ('{"event": {"kind": "review.posted"}, "lables": {}}', 2, "no `lables`"),
        ('{"event": {"kind": "review.posted", "strs": 1}}', 2, "no field `strs`"),
        ('{"event": {"kind": "review.posted"}, "history": {}}', 2, "`history` must be a list"),
        ('{"event": {"kind": "review.posted"}, "features": {"nope": 1}}', 2, "no feature `nope`"),
        ('{"event": {"kind": "review.posted"}, "features": {"stars_7d": "x"}}', 2, "`stars_7d` must be `int`"),
        ('{"event": {"kind": "review.posted"}, "history": [{"ago": "soon"}]}', 2, "`ago` must be"),
        ('{"event": {"kind": "review.posted"}, "history": [{"ago": "1h", "times": 1e9}]}', 2, "`times` must be"),
        ('{"event": {"kind": "review.posted", "occurred_at": "x"}, "history": [{"ago": "1h"}]}', 2, "is not a time"),
        ('{"kind": "review.posted", "listing_id": "l", "stars": "1", "reviewer": {"id": "r"}}', 2, "`stars` must be"),
    ],
)  # fmt: skip
def test_an_event_that_cannot_be_explained_says_why(
    pack: str, tmp_path: Path, capsys: Capture, text: str, code: int, words: str
) -> None:
    """Each wrong file is one clear message."""
    path = tmp_path / "event.json"
    path.write_text(text)
    found, out, told = zelo(capsys, "explain", pack, "--event", path)
    assert (found, out) == (code, "") and words in told and told.startswith("error: ") and told.count("\n") == 1


# --- bad input: one clear message each


def test_bad_input_is_one_message_and_an_exit_code(pack: str, tmp_path: Path, capsys: Capture) -> None:
    """Nothing foreseen is a traceback."""
    source = write_stream(tmp_path / "events.jsonl", 20)
    empty = tmp_path / "empty"
    empty.mkdir()
    out = ["--out", tmp_path / "out"]
    for arguments, code, words in (
        (["check", tmp_path / "nowhere"], 3, "nowhere"),
        (["run", tmp_path / "nowhere", "--source", source, *out], 3, "nowhere"),
        (["run", pack, "--source", tmp_path / "nowhere.jsonl", *out], 3, "there is no source"),
        (["run", pack, "--source", source, *out, "--since", "yesterday"], 2, "--since"),
        (["run", pack, "--source", source, *out, "--until", "2026-01-01T00:00:00"], 2, "with a zone"),
        (["run", pack, "--source", source, *out, "--limit", "0"], 2, "--limit"),
        (["run", pack, *out], 2, "--source"),
        (["explain", pack], 2, "--event"),
        (["schema", "nothing"], 2, "policy"),
        (["nonsense"], 2, "nonsense"),
    ):
        found, _, told = zelo(capsys, *arguments)
        assert found == code and words in told and "Traceback" not in told, arguments
    found, _, told = zelo(capsys, "run", pack, "--source", empty, "--out", tmp_path / "out2")
    assert found == 2 and "holds no events" in told


def test_a_rejected_pack_is_told_by_every_command(tmp_path: Path, capsys: Capture) -> None:
    """Broken YAML, invalid UTF-8, a list that is not there: the diagnostics, and exit code 1."""
    source = write_stream(tmp_path / "events.jsonl", 5)
    for number, (name, content) in enumerate(
        ((("events.yaml"), b"kinds: ["), ("pack.yaml", b"\xff\xfe\xfa"), ("lists/replica_words.csv", None))
    ):
        folder = write_pack(tmp_path / f"pack{number}")
        (folder / name).unlink() if content is None else (folder / name).write_bytes(content)
        for command in (["check"], ["test"], ["run", "--source", source, "--out", tmp_path / "out"]):
            code, out, told = zelo(capsys, command[0], folder, *command[1:])
            assert code == 1 and ": Z" in out + told and "Traceback" not in told


def test_an_event_from_the_future_and_a_wrong_type_among_many(pack: str, tmp_path: Path, capsys: Capture) -> None:
    """One bad event of a thousand: a dead letter with its line; the rest is decided."""
    source = write_stream(tmp_path / "events.jsonl", 1_000)
    lines = source.read_text().splitlines()
    future = {"id": "f", "kind": "review.posted", "occurred_at": "2999-01-01T00:00:00Z", "listing_id": "l", "stars": 1}
    wrong = {"id": "w", "kind": "review.posted", "occurred_at": "2026-01-01T00:00:00Z", "listing_id": "l", "stars": "1"}
    for event in (future, wrong):
        lines.insert(700, json.dumps({**event, "reviewer": {"id": "r"}}))
    source.write_text("\n".join(lines) + "\n")
    code, out, _ = zelo(capsys, "run", pack, "--source", source, "--out", tmp_path / "out")
    assert code == 0 and "rows in: 1,004 = events: 1,000 + dead letters: 4" in out
    assert "future: first events.jsonl:702: `occurred_at` is" in out
    assert "wrong_type: first events.jsonl:701: `stars` must be `int`, found `string`" in out


def test_every_kind_of_error_has_its_exit_code() -> None:
    """One table at the door, and nothing is left out of it."""
    kinds = {kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, ZeloError)}
    assert set(EXIT_CODES) == (kinds - {ZeloError}) | {CannotWrite}
    ordered = list(EXIT_CODES)
    assert all(not issubclass(later, sooner) for n, sooner in enumerate(ordered) for later in ordered[n + 1 :])


def test_what_was_not_foreseen_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug stays a bug, with its traceback."""

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(cli.zelo, "main", broken)
    with pytest.raises(ZeroDivisionError):
        cli.run(["version"])


def test_ctrl_c_is_130(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """As the shell has it."""

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli.zelo, "main", interrupted)
    assert zelo(capsys, "version") == (130, "", "stopped\n")


# --- the rest


def test_schemas_are_printed_and_written(tmp_path: Path, capsys: Capture) -> None:
    """For editors: one file for each kind of pack file."""
    _, out, _ = zelo(capsys, "schema")
    assert {"pack", "events", "features", "policy"} <= json.loads(out).keys()
    assert json.loads(zelo(capsys, "schema", "policy")[1])["$schema"].startswith("https://json-schema.org")
    assert zelo(capsys, "schema", "--out", tmp_path / "schemas")[0] == 0
    assert json.loads((tmp_path / "schemas" / "events.schema.json").read_text())["type"] == "object"


def test_help_speaks_both_languages(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each command and each option has words, and they are translated."""
    for language in ("en", "pt-BR"):
        monkeypatch.setenv("ZELO_LANGUAGE", language)
        for name, command in cli.zelo.commands.items():
            code, out, _ = zelo(capsys, name, "--help")
            assert code == 0 and name in out
            options = [param for param in command.params if isinstance(param, click.Option)]
            assert all(option.opts[0] in out and option.help for option in options)
    assert "Falta o argumento 'PACK'" in zelo(capsys, "run")[2], "click speaks it too"
    assert "Idioma" in zelo(capsys, "run", "--help")[1] and "Language" not in zelo(capsys, "run", "--help")[1]
    monkeypatch.setenv("ZELO_LANGUAGE", "en")
    assert "Language of what is shown" in zelo(capsys, "run", "--help")[1], "English comes back after Portuguese"


def test_version_names_both_versions(capsys: Capture) -> None:
    """What a decision carries, a person can ask for."""
    assert zelo(capsys, "version")[1].startswith("zelo 0.")


@pytest.mark.slow
def test_the_demo_runs_from_nothing(tmp_path: Path, capsys: Capture) -> None:
    """It needs nothing but zelo, decides something, and what it says to do next works."""
    code, out, _ = zelo(capsys, "demo", "--out", tmp_path / "demo")
    assert code == 0 and "FIRED" not in out and "events decided" in out and "truth" in out
    assert zelo(capsys, "demo", "--out", tmp_path / "demo")[0] == 0, "a second time, too"
    words = next(line for line in out.splitlines() if "zelo explain" in line).split("zelo explain ")[1].split()
    code, out, _ = zelo(capsys, "explain", *words)
    assert code == 0 and "FIRED" in out
