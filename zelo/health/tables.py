"""Tables of account health: ledger entries and restrictions."""

from __future__ import annotations

from django.db import models


class LedgerEntry(models.Model):
    """One row of an account's ledger, as `zelo.health.ledger.Entry`; never changed, corrected by further rows."""

    id = models.BigAutoField(primary_key=True)
    entry_id = models.TextField()
    account = models.TextField()
    kind = models.CharField(max_length=16)
    at = models.DateTimeField()
    order_key = models.BigIntegerField(default=0)
    """Which of several entries of one instant comes first."""
    violation = models.TextField(default="")
    severity = models.CharField(max_length=16, default="")
    name = models.TextField(default="")
    points_millionths = models.BigIntegerField(null=True)
    count = models.IntegerField(default=1)
    target = models.TextField(default="")
    """The entry it is about."""
    attributes = models.JSONField(default=dict)
    effect_id = models.BigIntegerField(null=True, unique=True)
    event_id = models.TextField(default="")
    pack_version = models.CharField(max_length=64, default="")
    ground = models.TextField(default="")
    written_by = models.CharField(max_length=160, default="")
    reason = models.TextField(default="")

    class Meta:
        db_table = "zelo_ledger_entry"
        constraints = [models.UniqueConstraint(fields=["entry_id"], name="zelo_ledger_entry_id")]
        indexes = [models.Index(fields=["account", "at"], name="zelo_ledger_entry_account")]


class Restriction(models.Model):
    """Something an account may not do for a time. Its id is the effect's."""

    id = models.BigIntegerField(primary_key=True)
    account = models.TextField(db_index=True)
    scope = models.CharField(max_length=16)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)
    """The first instant at which it no longer holds; None: without end."""
    ended_at = models.DateTimeField(null=True)
    """When it was taken back."""

    class Meta:
        db_table = "zelo_restriction"
