"""Rows that are never edited: triggers refuse it, but for an erasure of personal data, which says so."""

from __future__ import annotations

from django.db import migrations

NEVER = ("zelo_audit", "zelo_pack_version", "zelo_activation")
ONLY_ERASED = (
    "zelo_decision",
    "zelo_effect",
    "zelo_effect_step",
    "zelo_label_change",
    "zelo_ledger_entry",
    "zelo_message",
    "zelo_receipt",
)
FUNCTION = """
CREATE FUNCTION zelo_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_ARGV[0] = 'erasable' AND current_setting('zelo.erasing', true) = 'on' AND TG_OP <> 'TRUNCATE' THEN
        RETURN COALESCE(NEW, OLD);
    END IF;
    RAISE EXCEPTION 'rows of % are never changed', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
"""


def _guard(table: str, word: str) -> str:
    return f"""
CREATE TRIGGER {table}_guard BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION zelo_refuse_change('{word}');
CREATE TRIGGER {table}_guard_truncate BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION zelo_refuse_change('{word}');
"""


GUARDS = "".join([_guard(table, "never") for table in NEVER] + [_guard(table, "erasable") for table in ONLY_ERASED])
UNGUARDS = "".join(
    f"DROP TRIGGER {table}_guard ON {table}; DROP TRIGGER {table}_guard_truncate ON {table};"
    for table in (*NEVER, *ONLY_ERASED)
)
DEFAULTS = """
ALTER TABLE zelo_message ALTER COLUMN xid SET DEFAULT (pg_current_xact_id()::text::bigint);
ALTER TABLE zelo_event SET (autovacuum_vacuum_insert_scale_factor = 0.1, toast_tuple_target = 8160);
ALTER TABLE zelo_progress SET (fillfactor = 50);
ALTER TABLE zelo_partition SET (fillfactor = 50);
"""
UNDEFAULTS = "ALTER TABLE zelo_message ALTER COLUMN xid DROP DEFAULT;"


class Migration(migrations.Migration):
    """Adds the guards."""

    dependencies = [("zelo", "0001_initial")]
    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION zelo_refuse_change();"),
        migrations.RunSQL(GUARDS, UNGUARDS),
        migrations.RunSQL(DEFAULTS, UNDEFAULTS),
    ]
