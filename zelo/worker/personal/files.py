"""An entity in the lake: the rows of its events, and files written anew with the pseudonym in its place."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from zelo.adapters.lake_store import LakeStore
from zelo.decide.tables import LakeFile
from zelo.worker.personal.fields import Marks
from zelo.worker.personal.fields import Path as FieldPath
from zelo.worker.personal.subject import Subject


def _files(marks: dict[str, Marks]) -> Iterator[tuple[LakeFile, Marks]]:
    for file in LakeFile.objects.filter(content="events", kind__in=list(marks)).order_by("id"):
        yield file, marks[file.kind]


def _same(table: pa.Table, paths: Sequence[FieldPath] | set[FieldPath], ident: str) -> Any:
    """Return for each row whether one of some fields is an id."""
    mask = pa.array([False] * table.num_rows)
    for path in sorted(paths):
        name = ".".join(path)
        if name in table.column_names:
            column = pc.fill_null(pc.equal(table.column(name).cast(pa.string()), ident), False)
            mask = pc.or_(mask, column)
    return mask


def counted(store: LakeStore, subject: Subject, marks: dict[str, Marks]) -> int:
    """Return how many events of the lake an entity has a role in."""
    count = 0
    for file, mark in _files(marks):
        count += int(pc.sum(_same(store.read(file.path), mark.ids, subject.ident)).as_py() or 0)
    return count


def events(store: LakeStore, subject: Subject, marks: dict[str, Marks]) -> Iterator[tuple[Marks, dict[str, Any]]]:
    """Yield the events of the lake in which an entity has a role: what concerns it, values by dotted name."""
    for file, mark in _files(marks):
        table = store.read(file.path)
        for row in table.filter(_same(table, mark.ids, subject.ident)).to_pylist():
            yield mark, {"kind": file.kind, **row}


def learn(store: LakeStore, subject: Subject, marks: dict[str, Marks]) -> None:
    """Gather the texts that belong to an entity from its events in the lake."""
    for mark, row in events(store, subject, marks):
        subject.learn_event(str(row["event_id"]))
        values = {tuple(name.split(".")): value for name, value in row.items()}
        for path in mark.belong(values, subject.ident):
            subject.learn(values[path])


def erase(store: LakeStore, subject: Subject, marks: dict[str, Marks]) -> tuple[Counter[str], list[str]]:
    """
    Write the files that hold an entity anew, in the caller's transaction; return the counts and what they replace.

    The old files may go once the transaction is committed; should it fail, the new ones are swept away in time.
    """
    counts: Counter[str] = Counter()
    old: list[str] = []
    for file, mark in _files(marks):
        table = store.read(file.path)
        mine = _same(table, mark.ids, subject.ident)
        changed = int(pc.sum(mine).as_py() or 0)
        if changed:
            counts["lake"] += changed
            old.append(_replace(store, file, _cleaned(table, mark, subject)))
    for file in LakeFile.objects.filter(content="decisions").order_by("id"):
        fresh, changed = _decisions(store.read(file.path), subject)
        if changed:
            counts["lake_decisions"] += changed
            old.append(_replace(store, file, fresh))
    return counts, old


def _cleaned(table: pa.Table, marks: Marks, subject: Subject) -> pa.Table:
    for path, owners in marks.personal.items():
        name = ".".join(path)
        if name in table.column_names:
            belongs = _same(table, [owner for owner in owners if owner in marks.ids], subject.ident)
            values = table.column(name)
            table = _with(table, name, pc.if_else(belongs, _empty(values.type, marks.kept_as.get(path)), values))
    for path in marks.ids:
        name = ".".join(path)
        if name in table.column_names:
            same = _same(table, [path], subject.ident)
            table = _with(table, name, pc.if_else(same, pa.scalar(subject.other), table.column(name)))
    return _with(table, "event_id", _reworded(table.column("event_id"), subject.event_ids))


def _empty(kind: pa.DataType, kept_as: object) -> pa.Scalar:
    if kept_as is None:
        return pa.scalar(None, kind)
    if pa.types.is_timestamp(kind) or pa.types.is_int64(kind):
        return pa.scalar(0, pa.int64()).cast(kind)
    return pa.scalar(kept_as, kind)


def _reworded(column: pa.ChunkedArray, words: dict[str, str]) -> pa.ChunkedArray:
    if not words:
        return column
    return pa.chunked_array([pa.array([words.get(text, text) for text in column.to_pylist()], column.type)])


def _with(table: pa.Table, name: str, values: Any) -> pa.Table:
    place = table.schema.get_field_index(name)
    return table.set_column(place, table.schema.field(name), values)


def _decisions(table: pa.Table, subject: Subject) -> tuple[pa.Table, int]:
    """Return decisions with the pseudonym in their effects, features and ids of events; and how many were changed."""
    rows = table.to_pylist()
    words = {**subject.everything(), subject.ident: subject.other}
    count = 0
    for row in rows:
        before = msgspec.json.encode((row["event_id"], row["effects"], row["held"], row["features"]))
        row["event_id"] = subject.event_ids.get(row["event_id"], row["event_id"])
        for effect in (*(row["effects"] or ()), *(row["held"] or ())):
            effect["entity"] = subject.other if effect["entity"] == subject.ident else effect["entity"]
        row["features"] = _features(row["features"], words)
        count += before != msgspec.json.encode((row["event_id"], row["effects"], row["held"], row["features"]))
    return (pa.Table.from_pylist(rows, schema=table.schema) if count else table), count


def _features(text: str, words: dict[str, str]) -> str:
    values = msgspec.json.decode(text)
    if isinstance(values, dict):
        fresh: Any = {
            name: words.get(value, value) if isinstance(value, str) else value for name, value in values.items()
        }
    else:
        fresh = [words.get(value, value) if isinstance(value, str) else value for value in values]
    return text if fresh == values else msgspec.json.encode(fresh).decode()


def _replace(store: LakeStore, file: LakeFile, table: pa.Table) -> str:
    """Write a file of the lake anew and have its row name the new one; return the old one."""
    folder = file.path.rpartition("/")[0]
    path = f"{folder}/part-{file.partition}-{file.first}-{file.last}-{uuid.uuid4().hex[:8]}.parquet"
    size = store.write(path, table)
    LakeFile.objects.filter(pk=file.pk).update(path=path, bytes=size)
    return file.path
