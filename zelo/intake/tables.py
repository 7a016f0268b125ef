"""Tables of events on their way in: partitions, the log, receipts, dead letters, offsets of sources."""

from __future__ import annotations

from django.db import models

OFFSET_BITS = 44
"""The id of an event is `partition << OFFSET_BITS | offset`, so that one index serves all reading."""


class Partition(models.Model):
    """One ordered part of the log; whoever appends holds its row until commit, so readers see no holes fill up."""

    id = models.SmallIntegerField(primary_key=True)
    tail = models.BigIntegerField(default=0)
    """How many offsets were given out."""

    class Meta:
        db_table = "zelo_partition"


class LoggedEvent(models.Model):
    """An accepted event, or a command that must take its place between two events (its kind begins with `zelo.`)."""

    id = models.BigIntegerField(primary_key=True)
    event_id = models.TextField()
    kind = models.TextField()
    body = models.TextField()
    """The event as it came, in JSON."""
    received_at = models.DateTimeField()
    source = models.TextField()
    """`key:PREFIX`, `file:NAME`, `kafka:TOPIC` or `console`."""
    reply_to = models.TextField(null=True)
    """Channel of the door that waits for the decision."""

    class Meta:
        db_table = "zelo_event"
        constraints = [models.UniqueConstraint(fields=["event_id"], name="zelo_event_event_id")]


class Receipt(models.Model):
    """What came of one call that brought events."""

    id = models.UUIDField(primary_key=True)
    at = models.DateTimeField()
    source = models.TextField()
    accepted = models.IntegerField()
    duplicates = models.IntegerField()
    dead = models.IntegerField()
    upto = models.JSONField(default=dict)
    """Partition to the offset after the call's last event: once the worker is there, all are decided."""

    class Meta:
        db_table = "zelo_receipt"
        indexes = [models.Index(fields=["at"], name="zelo_receipt_at")]


class DeadLetter(models.Model):
    """An event that could not be taken in or decided, with the reason; kept until replayed or dropped."""

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField()
    source = models.TextField()
    place = models.TextField(default="")
    """Where in the source: index in the call, line, or partition and offset."""
    receipt = models.UUIDField(null=True)
    code = models.CharField(max_length=40)
    """A key of `zelo.events.reasons.REASONS`, or `crashed`."""
    params = models.JSONField(default=dict)
    raw = models.BinaryField()
    """The event as it came; may hold personal data."""
    state = models.CharField(max_length=12, default="open")
    """`open`, `replayed` or `dropped`."""
    closed_at = models.DateTimeField(null=True)
    closed_by = models.CharField(max_length=160, default="")

    class Meta:
        db_table = "zelo_dead_letter"
        indexes = [models.Index(fields=["state", "id"], name="zelo_dead_letter_state")]


class SourceOffset(models.Model):
    """How far a partition of an outside source (a Kafka topic) has been copied into the log, and by whom."""

    id = models.BigAutoField(primary_key=True)
    source = models.TextField()
    partition = models.IntegerField()
    next = models.BigIntegerField(default=0)
    epoch = models.BigIntegerField(default=0)
    """Grows with each owner; a write under an older one is refused."""
    owner = models.TextField(default="")
    moved_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "zelo_source_offset"
        constraints = [models.UniqueConstraint(fields=["source", "partition"], name="zelo_source_offset_place")]
