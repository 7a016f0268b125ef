"""Files of labels: what people said of events or entities, as a table that backtests judge by."""

from __future__ import annotations

from pathlib import Path

from zelo.adapters.fitting import literal
from zelo.adapters.stage import Stage
from zelo.base.errors import InvalidInput, NotFound
from zelo.base.messages.message import N_
from zelo.policy.pack import Outcome


def load_labels(stage: Stage, source: Path, outcome: Outcome) -> None:
    """Make `label(unit, value)` of an outcome's file; raise NotFound or InvalidInput when it can not be read."""
    path = (source if source.is_dir() else source.parent) / str(outcome.file)
    if not path.is_file():
        raise NotFound(
            N_("the labels of the outcome `{name}` are not there: put them at {path}"), name=outcome.name, path=path
        )
    place = literal(str(path.resolve()))
    sql = f"read_csv({place}, all_varchar = true)" if path.suffix == ".csv" else f"read_parquet({place})"
    try:
        has = {row[0] for row in stage.run(f"DESCRIBE SELECT * FROM {sql}")}
    except Exception as error:
        raise InvalidInput(
            N_("{file} cannot be read: {reason}"), file=path, reason=str(error).split("\n")[0]
        ) from error
    for column in (outcome.id_column, outcome.value_column):
        if column not in has:
            raise InvalidInput(
                N_("{file} has no column `{column}`: it has `{columns}`"),
                file=path, column=column, columns="`, `".join(sorted(has)),
            )  # fmt: skip
    ident, value = (f'CAST("{column}" AS VARCHAR)' for column in (outcome.id_column, outcome.value_column))
    yes, no = "('true', '1', 'yes')", "('false', '0', 'no')"
    truth = f"{value} = {literal(outcome.true_when)}" if outcome.true_when is not None else ""
    truth = truth or f"CASE WHEN lower({value}) IN {yes} THEN TRUE WHEN lower({value}) IN {no} THEN FALSE END"
    stage.run(f"CREATE TABLE label AS SELECT {ident} AS unit, bool_or({truth}) AS value FROM {sql} GROUP BY 1")
    [[wrong]] = stage.run(f"SELECT count(*) FROM {sql} WHERE {value} IS NOT NULL AND ({truth}) IS NULL")
    if wrong:
        raise InvalidInput(
            N_("{file}: {count} values of `{column}` are neither true nor false"),
            file=path, count=wrong, column=outcome.value_column,
        )  # fmt: skip
