"""
Tables of text files, CSV and JSON: every column is text, so that no value depends on its neighbors.

Lines that cannot be read are dead letters; the rest goes in.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

import pyarrow as pa

from zelo.adapters.dead_letters import DeadLetters
from zelo.adapters.fitting import literal, quoted
from zelo.adapters.json_lines import LINE_BYTES_MAX, BrokenOff, read_lines, text_of
from zelo.adapters.stage import Stage
from zelo.base.errors import InvalidInput
from zelo.base.messages.message import N_

_DELIMITERS = ",;\t|"
_HEADER_MAX = _ROW_MAX = 1 << 20
_PEEK = 1 << 16
_CHUNK = 50_000


def load_csv(stage: Stage, table: str, path: Path, letters: DeadLetters) -> int:
    """Load a CSV file with a header, quoted with `"`; return how many of its rows could not be read."""
    delimiter, names = _header(path)
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in distinct(names))
    options = f"""auto_detect = false, header = true, delim = {literal(delimiter)}, quote = '"', escape = '"',
                  columns = {{{columns}}}, store_rejects = true, rejects_limit = 0,
                  rejects_table = 'bad_lines', rejects_scan = 'bad_scans'"""
    stage.run("DROP TABLE IF EXISTS bad_lines")
    stage.run("DROP TABLE IF EXISTS bad_scans")
    stage.run(f"CREATE TABLE {table} AS SELECT * FROM read_csv({literal(str(path.resolve()))}, {options})")
    found = stage.run("SELECT line, any_value(CAST(error_type AS VARCHAR)) FROM bad_lines GROUP BY line ORDER BY line")
    for (line, reason), raw in zip(found, _rows_at(path, [line for line, _ in found]), strict=True):
        params = {"found": str(reason).lower().replace(" ", "_")}
        letters.add("bad_row", params, file=path.name, row=line, raw=raw)
    return len(found)


def _rows_at(path: Path, numbers: Sequence[int]) -> Iterator[str]:
    """Yield the rows that begin on some lines, in order; one with an open quote goes on to the next quote."""
    if not numbers:
        return
    with _opened(path) as file:
        number, line = 0, b""
        for wanted in numbers:
            while number < wanted:
                number, line = number + 1, file.readline(_ROW_MAX)
            row = line
            closed = row.count(b'"') % 2 == 0
            while not closed and len(row) < _ROW_MAX and (line := file.readline(_ROW_MAX)):
                number, row, closed = number + 1, row + line, b'"' in line
            yield text_of(row)


def _header(path: Path) -> tuple[str, list[str]]:
    """Return the delimiter, which only the header tells, and the names in it."""
    try:
        with _opened(path) as file:
            data = file.readline(_HEADER_MAX)
            outside = b"".join(data.split(b'"')[::2]).decode("utf-8-sig")
            while data.count(b'"') % 2 and (more := file.readline(_HEADER_MAX)) and len(data) < _HEADER_MAX:
                data += more
        first = data.decode("utf-8-sig")
    except (UnicodeDecodeError, OSError, EOFError) as error:
        raise _unreadable(path, str(error)) from error
    delimiter = "\t" if ".tsv" in path.name else max(_DELIMITERS, key=outside.count)
    names = next(csv.reader([first], delimiter=delimiter), [])
    if not any(names):
        raise _unreadable(path, "no header")
    return delimiter, names


def load_json(stage: Stage, table: str, path: Path, letters: DeadLetters) -> int:
    """Load objects, one a line or in one list; return how many of its rows could not be read. Nested ones stay JSON."""
    stage.run("CREATE OR REPLACE TABLE json_rows (_row BIGINT, line VARCHAR)")
    form = _json_form(path)
    refused = 0
    if form == "lines":
        refused += _load_lines(stage, path, letters)
    else:
        objects = f"read_json_objects({literal(str(path.resolve()))}, format = '{form}')"
        stage.run(f"INSERT INTO json_rows SELECT row_number() OVER (), CAST(json AS VARCHAR) FROM {objects}")
    kind = "CASE WHEN NOT json_valid(line) THEN 'not_json' WHEN json_type(line) <> 'OBJECT' THEN 'not_an_object' END"
    bad = f"SELECT *, {kind} AS bad FROM json_rows WHERE bad IS NOT NULL ORDER BY _row"
    for row, line, reason in stage.stream(bad):
        letters.add("bad_row", {"found": reason}, file=path.name, row=row, raw=line)
        refused += 1
    stage.run(f"DELETE FROM json_rows WHERE {kind} IS NOT NULL")
    found = stage.run("""
        SELECT key FROM (SELECT _row, unnest(json_keys(line)) AS key FROM json_rows)
        GROUP BY key ORDER BY min(_row), key
    """)
    keys = [key for (key,) in found if key]
    cells = [
        f"json_extract_string(line, {literal('/' + key.replace('~', '~0').replace('/', '~1'))}) AS {quoted(name)}"
        for key, name in zip(keys, distinct(keys), strict=True)
    ]
    stage.run(f"CREATE TABLE {table} AS SELECT {', '.join(cells) or 'line'} FROM json_rows ORDER BY _row")
    stage.run("DROP TABLE json_rows")
    return refused


def _load_lines(stage: Stage, path: Path, letters: DeadLetters) -> int:
    """Put the lines of a file into `json_rows`; return how many could not be."""
    refused = 0
    numbers: list[int] = []
    texts: list[str] = []

    def flush() -> None:
        stage.db.register("json_chunk", pa.table({"_row": pa.array(numbers, pa.int64()), "line": pa.array(texts)}))
        stage.run("INSERT INTO json_rows SELECT * FROM json_chunk")
        stage.db.unregister("json_chunk")
        numbers.clear()
        texts.clear()

    try:
        for number, line in read_lines(path):
            try:
                text = line.decode()
            except UnicodeDecodeError as error:
                text, code, params = text_of(line), "not_utf8", {"offset": error.start}
            else:
                code, params = ("too_long", {"limit": LINE_BYTES_MAX}) if len(line) > LINE_BYTES_MAX else ("", {})
            if code:
                letters.add(code, params, file=path.name, row=number, raw=text_of(line))
                refused += 1
                continue
            numbers.append(number)
            texts.append(text.rstrip("\r\n"))
            if len(numbers) >= _CHUNK:
                flush()
    except BrokenOff as broken:
        broken.bury(path, letters)
        refused += 1
    if numbers:
        flush()
    return refused


def _json_form(path: Path) -> str:
    """Return whether a file holds an `array` of objects, or one on each of its `lines`, or some `unstructured`."""
    if path.name.removesuffix(".gz").endswith((".jsonl", ".ndjson")):
        return "lines"
    with _opened(path) as file:
        try:
            start = file.read1(_PEEK)
        except (OSError, EOFError) as error:
            raise _unreadable(path, str(error)) from error
    start = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"["):
        return "array"
    complete = start if len(start) < _PEEK // 2 else start[: start.rfind(b"\n") + 1]
    each = [_is_object(line) for line in complete.splitlines() if line.strip()]
    return "lines" if each and (each[0] or sum(each) * 2 >= len(each)) else "unstructured"


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _opened(path: Path) -> io.BufferedIOBase:
    return cast(io.BufferedIOBase, gzip.open(path, "rb")) if path.name.endswith(".gz") else path.open("rb")


def _unreadable(path: Path, reason: str) -> InvalidInput:
    return InvalidInput(N_("{file} cannot be read: {reason}"), file=path.name, reason=reason)


def distinct(names: Sequence[str]) -> Iterator[str]:
    """Yield the names as columns can have them: none empty, none twice; SQL takes `ID` and `id` for one."""
    seen: set[str] = set()
    for number, name in enumerate(names):
        base = name or f"column{number}"
        made, again = base, 0
        while made.lower() in seen:
            again += 1
            made = f"{base}_{again}"
        seen.add(made.lower())
        yield made
