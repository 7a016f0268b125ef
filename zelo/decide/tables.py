"""Tables of deciding: pack versions, what the worker has done, decisions, effects, the lake's manifest."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

EFFECT_BITS = 10
"""The id of an effect is `decision id << EFFECT_BITS | place in the decision`."""


class PackVersion(models.Model):
    """The files of a pack as they were checked and stored; never changed."""

    id = models.AutoField(primary_key=True)
    pack = models.CharField(max_length=80)
    version = models.CharField(max_length=64, unique=True)
    """SHA-256 of the files, as `Pack.version`."""
    language_version = models.CharField(max_length=8)
    files = models.JSONField()
    """Path inside the pack to text."""
    stored_at = models.DateTimeField()
    stored_by = models.CharField(max_length=160)

    class Meta:
        db_table = "zelo_pack_version"


class Activation(models.Model):
    """A pack version put to work: from the given places of the log on, decisions are made with it."""

    id = models.AutoField(primary_key=True)
    pack_version = models.ForeignKey(PackVersion, on_delete=models.PROTECT)
    at = models.DateTimeField()
    by = models.CharField(max_length=160)
    reason = models.TextField(default="")
    starts = models.JSONField(default=dict)
    """Partition to the offset of the command in the log."""

    class Meta:
        db_table = "zelo_activation"


class Progress(models.Model):
    """How far a partition of the log is decided, and which worker may go on."""

    partition = models.SmallIntegerField(primary_key=True)
    next = models.BigIntegerField(default=1)
    """The first offset that is not decided."""
    lake_next = models.BigIntegerField(default=1)
    """The first offset that is not in the lake."""
    epoch = models.BigIntegerField(default=0)
    """Grows with each owner; a write under an older one is refused."""
    owner = models.TextField(default="")
    seen_at = models.DateTimeField(null=True)
    """When the owner last said that it lives."""
    last_order_key = models.BigIntegerField(default=-(2**63))
    attempts = models.IntegerField(default=0)
    """How often deciding from `next` on has failed; after a few the event there becomes a dead letter."""

    class Meta:
        db_table = "zelo_progress"


class Snapshot(models.Model):
    """The engine's whole state before an offset of a partition."""

    id = models.BigAutoField(primary_key=True)
    partition = models.SmallIntegerField()
    next = models.BigIntegerField()
    pack_version = models.ForeignKey(PackVersion, on_delete=models.PROTECT)
    data = models.BinaryField()
    """Compressed with zlib."""
    digest = models.CharField(max_length=64)
    """SHA-256 of `data`."""
    made_at = models.DateTimeField()

    class Meta:
        db_table = "zelo_snapshot"
        constraints = [models.UniqueConstraint(fields=["partition", "next"], name="zelo_snapshot_place")]


class Decision(models.Model):
    """What came of one event; its id is the event's. Never changed."""

    id = models.BigIntegerField(primary_key=True)
    event_id = models.TextField()
    kind = models.TextField()
    order_key = models.BigIntegerField()
    decided_at = models.DateTimeField()
    pack_version = models.ForeignKey(PackVersion, on_delete=models.PROTECT, db_index=False, db_constraint=False)
    fired = ArrayField(models.TextField(), null=True)
    undetermined = ArrayField(models.TextField(), null=True)
    features = models.JSONField(null=True)
    """The features seen, in the order in which the pack's rules on this kind read them."""
    entities = ArrayField(models.TextField(), null=True)
    """`kind:id` of everyone in a role of the event; only where something came of it."""

    class Meta:
        db_table = "zelo_decision"
        constraints = [models.UniqueConstraint(fields=["event_id"], name="zelo_decision_event_id")]
        indexes = [
            GinIndex(fields=["entities"], name="zelo_decision_entities", condition=models.Q(entities__isnull=False))
        ]


class Effect(models.Model):
    """What a decision asked for, as it was at the time: carried out, held back, or waiting. Never changed."""

    id = models.BigIntegerField(primary_key=True)
    decision_id = models.BigIntegerField(db_index=True)
    kind = models.CharField(max_length=32)
    role = models.TextField()
    entity_kind = models.TextField()
    entity = models.TextField()
    parameters = models.JSONField()
    """By name; durations in microseconds."""
    rules = ArrayField(models.TextField())
    receiver = models.CharField(max_length=16)
    born = models.CharField(max_length=12)
    """`applied`, `pending` (its receiver is to come) or `held`."""
    held_for = models.CharField(max_length=16, default="")
    """Why it was held: `rule_limit`, `daily_limit`, `superseded`, `no_entity`, `person` (a person's label stands)."""
    effective_at = models.DateTimeField()

    class Meta:
        db_table = "zelo_effect"
        indexes = [
            models.Index(fields=["entity_kind", "entity", "id"], name="zelo_effect_entity"),
            models.Index(fields=["effective_at"], name="zelo_effect_time"),
        ]


class EffectStep(models.Model):
    """What happened to an effect after its birth: applied, undone. Never changed; the last one is the state."""

    id = models.BigAutoField(primary_key=True)
    effect_id = models.BigIntegerField()
    state = models.CharField(max_length=12)
    """`applied` or `undone`."""
    at = models.DateTimeField()
    by = models.CharField(max_length=160)
    reason = models.TextField(default="")
    undo_id = models.UUIDField(null=True, db_index=True)
    """The same for all effects that one act took back."""

    class Meta:
        db_table = "zelo_effect_step"
        constraints = [models.UniqueConstraint(fields=["effect_id", "state"], name="zelo_effect_step_once")]


class DayCount(models.Model):
    """How often a limited effect was asked for on a day of the pack's time zone, for people to watch."""

    id = models.BigAutoField(primary_key=True)
    partition = models.SmallIntegerField()
    ends_at = models.DateTimeField()
    """The end of the day."""
    rule = models.TextField()
    """Empty: the limit of the whole pack."""
    kind = models.CharField(max_length=32)
    count = models.IntegerField()
    most = models.IntegerField()

    class Meta:
        db_table = "zelo_day_count"
        constraints = [
            models.UniqueConstraint(fields=["partition", "ends_at", "rule", "kind"], name="zelo_day_count_place")
        ]


class LakeFile(models.Model):
    """A file of the lake that counts: readers take the files of this table and no others."""

    id = models.BigAutoField(primary_key=True)
    path = models.TextField()
    """Inside the lake."""
    content = models.CharField(max_length=12)
    """`events` or `decisions`."""
    kind = models.TextField(default="")
    day = models.DateField()
    partition = models.SmallIntegerField()
    first = models.BigIntegerField()
    """The first offset that it covers."""
    last = models.BigIntegerField()
    rows = models.IntegerField()
    bytes = models.BigIntegerField()
    made_at = models.DateTimeField()

    class Meta:
        db_table = "zelo_lake_file"
        constraints = [models.UniqueConstraint(fields=["path"], name="zelo_lake_file_path")]
        indexes = [models.Index(fields=["content", "day", "kind"], name="zelo_lake_file_day")]


class WorkerBeat(models.Model):
    """A worker that lives, and what it is ready for."""

    id = models.TextField(primary_key=True)
    host = models.TextField()
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    prepared = ArrayField(models.IntegerField(), default=list)
    """Pack versions it has compiled, so that switching to them takes no time."""

    class Meta:
        db_table = "zelo_worker"
