"""Features and states of a history run on Spark: the same trees in its dialect, from the same Parquet files."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from zelo.adapters.fitting import literal
from zelo.adapters.history_database import HistoryDatabase
from zelo.adapters.history_lake import KindFiles
from zelo.base.errors import Unavailable
from zelo.base.messages.message import N_
from zelo.events.rows import columns
from zelo.events.types import BOOL, DOUBLE, STRING, TIMESTAMP, Kind, ListOf, MapOf, ObjectOf, Type
from zelo.policy.to_sql.dialect import written
from zelo.policy.to_sql.gather import Family, gathered
from zelo.policy.to_sql.rules import RuleOnKind, notable, states_query
from zelo.policy.to_sql.sources import Sources
from zelo.policy.to_sql.windows import GATHERED, WindowWriter, may_be_cut, most_in_windows

DIALECT = "spark"
_SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.window.segmentTree.enabled": "true",
    "spark.sql.legacy.parquet.nanosAsLong": "false",
    "spark.ui.enabled": "false",
}
"""What the answer hangs on, and what nobody looks at."""
_PARTITIONS = "spark.sql.shuffle.partitions"


class HistorySpark:
    """A Spark session; a cluster is whatever `spark-submit` or the environment says, one machine otherwise."""

    def __init__(self, folder: Path) -> None:
        try:
            from pyspark.sql import SparkSession
        except ImportError:
            raise Unavailable(N_("Spark is not installed: install `zelo[spark]` and Java 17")) from None
        self.folder = folder
        builder = SparkSession.builder.appName("zelo")
        for name, value in _SETTINGS.items():
            builder = builder.config(name, value)
        builder = builder.config("spark.pyspark.python", sys.executable)
        try:
            self.session: Any = builder.getOrCreate()
        except Exception as error:
            raise Unavailable(N_("Spark does not start: {reason}"), reason=str(error).split("\n")[0]) from error
        context = self.session.sparkContext
        context.setLogLevel("ERROR")
        if not context.getConf().contains(_PARTITIONS):
            self.session.conf.set(_PARTITIONS, str(4 * context.defaultParallelism))

    def events(self, name: str, kind: Kind, found: KindFiles, until_key: int | None) -> None:
        """Give the events of a kind a name; columns that no file has are NULL."""
        types = {"event_id": "STRING", "occurred_at": "TIMESTAMP", "effective_at": "TIMESTAMP", "order_key": "BIGINT"}
        types |= {column.name: spark_type(column.type) for column in columns(kind)}
        selects = [
            f"`{column}`" if column in found.columns else f"CAST(NULL AS {type_}) AS `{column}`"
            for column, type_ in types.items()
        ]
        if found.files:
            read = self.session.read.option("mergeSchema", "true").parquet(*map(str, found.files))
            read.createOrReplaceTempView(f"files_of_{name}")
            where = "" if until_key is None else f" WHERE order_key < {until_key}"
            made = self.session.sql(f"SELECT {', '.join(selects)} FROM files_of_{name}{where}")
        else:
            empty = ", ".join(f"CAST(NULL AS {type_}) AS `{column}`" for column, type_ in types.items())
            made = self.session.sql(f"SELECT {empty} WHERE false")
        made.createOrReplaceTempView(name)

    def relation(self, name: str, files: Sequence[Path]) -> None:
        """Give Parquet files of the same columns a name."""
        self.session.read.parquet(*map(str, files)).createOrReplaceTempView(name)

    def write(self, sql: str, name: str) -> str:
        """Write what SQL gives; return the pattern of its files."""
        folder = self.folder / f"spark_{name}"
        shutil.rmtree(folder, ignore_errors=True)
        self.session.sql(sql).write.parquet(str(folder))
        return str(folder / "*.parquet")

    def most(self, family: Family) -> tuple[int, ...]:
        """Return the most events that a window of each feature of `may_be_cut` may hold."""
        counts: tuple[int, ...] = ()
        for exactly in (False, True):
            [row] = self.session.sql(written(most_in_windows(family, DIALECT, exactly_=exactly), DIALECT)).collect()
            counts = tuple(count or 0 for count in row)
            if all(count <= spec.at_most for count, spec in zip(counts, may_be_cut(family), strict=True)):
                break
        return counts


def spark_type(kind: Type) -> str:
    """Return the type of a lake column in Spark."""
    match kind:
        case ListOf():
            return f"ARRAY<{spark_type(kind.item)}>"
        case MapOf():
            return f"MAP<STRING, {spark_type(kind.value)}>"
        case ObjectOf():
            return f"STRUCT<{', '.join(f'`{name}`: {spark_type(entry.type)}' for name, entry in kind.fields)}>"
    scalars: dict[Type, str] = {BOOL: "BOOLEAN", DOUBLE: "DOUBLE", STRING: "STRING", TIMESTAMP: "TIMESTAMP"}
    return scalars.get(kind, "BIGINT")


def compute_family_on_spark(
    spark: HistorySpark, database: HistoryDatabase, sources: Sources, family: Family, paths: Mapping[str, Path]
) -> None:
    """Write the features of a family: a file for each kind whose rules read them."""
    spark.session.sql(written(gathered(sources, family), DIALECT)).createOrReplaceTempView(GATHERED)
    cut = may_be_cut(family)
    over = (
        tuple(spec for count, spec in zip(spark.most(family), cut, strict=True) if count > spec.at_most) if cut else ()
    )
    kept = tuple(spec for spec in family.specs if spec not in over)
    numbers = [sources.number(kind) for kind in family.readers]
    every = frozenset(signal for signal in family.signals if family.every_row(sources.pack, signal))
    parts = []
    for name, wanted in (("kept", kept), ("cut", over)):
        if wanted:
            writer = WindowWriter(DIALECT, family, numbers, every, capped=name == "cut", wanted=wanted)
            parts.append(spark.write(written(writer.query(), DIALECT), name))
    sql = f"SELECT * FROM read_parquet({literal(parts[0])})"
    if len(parts) > 1:
        sql += f" JOIN read_parquet({literal(parts[1])}) USING (kind, order_key)"
    for kind, path in paths.items():
        one = f"SELECT * EXCLUDE (kind) FROM ({sql}) WHERE kind = {sources.number(kind)} ORDER BY order_key"
        database.write(one, path)


def compute_states_on_spark(
    spark: HistorySpark,
    database: HistoryDatabase,
    sources: Sources,
    kind: str,
    rules: Sequence[RuleOnKind],
    tables: Mapping[str, str],
) -> str:
    """Return the name of a new table with the states of rules on a kind, events with nothing to tell left out."""
    query = written(states_query(sources, kind, rules, tables), DIALECT)
    where = written(notable(len(rules)), DIALECT)
    files = spark.write(f"SELECT * FROM ({query}) WHERE {where}", "states")
    database.run(f"CREATE OR REPLACE TABLE states AS SELECT * FROM read_parquet({literal(files)})")
    return "states"
