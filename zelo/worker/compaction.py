"""Joins the many small files of a day of the lake into one; readers see the old ones or the new one, never both."""

from __future__ import annotations

import uuid
from datetime import date, datetime

import pyarrow as pa
import pyarrow.compute as pc
from django.db import transaction

from zelo.adapters.lake_store import LakeStore
from zelo.decide.tables import LakeFile
from zelo.worker.lake import writing_lake

FILES_MIN = 8
"""A day of a kind with fewer files is left as it is."""


def compact(store: LakeStore, *, before: date, now: datetime) -> int:
    """Join the files of each finished day; return how many were joined. What is replaced is swept later."""
    places = LakeFile.objects.filter(day__lt=before).order_by().values_list("content", "kind", "day").distinct()
    with writing_lake():
        return sum(_join(store, content, kind, day, now) for content, kind, day in places)


def _join(store: LakeStore, content: str, kind: str, day: date, now: datetime) -> int:
    with transaction.atomic():
        found = list(
            LakeFile.objects.select_for_update(skip_locked=True)
            .filter(content=content, kind=kind, day=day)
            .order_by("id")
        )
        if len(found) < FILES_MIN:
            return 0
        tables = [store.read(one.path) for one in found]
        whole = pa.concat_tables(tables, promote_options="permissive")
        whole = whole.take(pc.sort_indices(whole, [("order_key", "ascending")]))
        folder = found[0].path.rpartition("/")[0]
        name = f"part-{min(one.first for one in found)}-{max(one.last for one in found)}-{uuid.uuid4().hex[:8]}.parquet"
        size = store.write(f"{folder}/{name}", whole)
        LakeFile.objects.filter(pk__in=[one.pk for one in found]).delete()
        LakeFile.objects.create(
            path=f"{folder}/{name}", content=content, kind=kind, day=day, partition=-1,
            first=min(one.first for one in found), last=max(one.last for one in found), rows=whole.num_rows,
            bytes=size, made_at=now,
        )  # fmt: skip
    return len(found)
