"""Tables of people and machines: users, API keys, the audit trail, notes, legal holds, erasures."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.db import models


class Person(AbstractUser):
    """A person who logs in; what they may do follows from their roles, and where from their markets."""

    email = models.EmailField(unique=True)
    roles = ArrayField(models.CharField(max_length=32), default=list, blank=True)
    """Names of `zelo.people.roles`."""
    markets = ArrayField(models.CharField(max_length=16), default=list, blank=True)
    """Markets they may see; empty: all."""
    language = models.CharField(max_length=8, default="en")

    class Meta:
        db_table = "zelo_person"


class ApiKey(models.Model):
    """A key of a machine; only its digest is kept."""

    id = models.BigAutoField(primary_key=True)
    name = models.CharField(max_length=120)
    prefix = models.CharField(max_length=16, unique=True)
    """The first characters, to recognize a key by."""
    digest = models.CharField(max_length=64, unique=True)
    """SHA-256 of the whole key, in hex."""
    scopes = ArrayField(models.CharField(max_length=32))
    """Names of `zelo.people.logic.SCOPES`."""
    events_per_s = models.IntegerField(default=20_000)
    calls_per_s = models.IntegerField(default=500)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=160)
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    replaces = models.ForeignKey("self", null=True, on_delete=models.PROTECT)
    """The key it was rotated from; both hold until that one expires."""

    class Meta:
        db_table = "zelo_api_key"


class AuditEntry(models.Model):
    """One change or one reading of personal data, chained to the entry before it; never changed."""

    id = models.BigAutoField(primary_key=True)
    chain = models.CharField(max_length=32)
    """Entries of one chain follow each other: `people`, or `partition-N` for what the worker decided."""
    number = models.BigIntegerField()
    """From 1, without gaps in the chain."""
    at = models.DateTimeField()
    actor_kind = models.CharField(max_length=16)
    """`person`, `key`, `worker` or `system`."""
    actor = models.CharField(max_length=160)
    action = models.CharField(max_length=64)
    """`effect.undo`, `personal_data.read`, `pack.activate` ..."""
    object_kind = models.CharField(max_length=32, default="")
    object_id = models.TextField(default="")
    details = models.JSONField(default=dict)
    """What changed; never a value of personal data."""
    request_id = models.CharField(max_length=64, default="")
    hash = models.BinaryField(max_length=32)
    """Keyed hash of the entry before it and this one's contents."""

    class Meta:
        db_table = "zelo_audit"
        constraints = [models.UniqueConstraint(fields=["chain", "number"], name="zelo_audit_chain_number")]
        indexes = [
            models.Index(fields=["at"], name="zelo_audit_at"),
            models.Index(fields=["object_kind", "object_id"], name="zelo_audit_object"),
            models.Index(fields=["actor", "at"], name="zelo_audit_actor"),
        ]


class AuditHead(models.Model):
    """The end of one chain of the audit trail: what the next entry is chained to."""

    chain = models.CharField(max_length=32, primary_key=True)
    number = models.BigIntegerField()
    hash = models.BinaryField(max_length=32)

    class Meta:
        db_table = "zelo_audit_head"


class Note(models.Model):
    """What a person wrote about an account, a piece of content or a decision."""

    id = models.BigAutoField(primary_key=True)
    object_kind = models.CharField(max_length=32)
    """An entity kind of the pack, or `decision`."""
    object_id = models.TextField()
    text = models.TextField()
    written_by = models.CharField(max_length=160)
    written_at = models.DateTimeField()

    class Meta:
        db_table = "zelo_note"
        indexes = [models.Index(fields=["object_kind", "object_id", "id"], name="zelo_note_object")]


class LegalHold(models.Model):
    """An entity whose data may not be erased or expire until the hold is lifted."""

    id = models.BigAutoField(primary_key=True)
    entity_kind = models.CharField(max_length=32)
    entity = models.TextField()
    reason = models.TextField()
    placed_by = models.CharField(max_length=160)
    placed_at = models.DateTimeField()
    lifted_by = models.CharField(max_length=160, default="")
    lifted_at = models.DateTimeField(null=True)
    lifted_because = models.TextField(default="", db_default="")

    class Meta:
        db_table = "zelo_legal_hold"
        indexes = [models.Index(fields=["entity_kind", "entity"], name="zelo_legal_hold_entity")]


class Erasure(models.Model):
    """The certificate of an erasure: what was taken away, counted, without what it was."""

    id = models.BigAutoField(primary_key=True)
    subject_digest = models.CharField(max_length=64)
    """The pseudonym of the id: whoever knows the id can find the certificate."""
    asked_by = models.CharField(max_length=160)
    asked_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    counts = models.JSONField(default=dict)
    """Table or folder to how many rows were changed."""

    class Meta:
        db_table = "zelo_erasure"
        indexes = [models.Index(fields=["subject_digest"], name="zelo_erasure_subject")]


class PersonalRequest(models.Model):
    """What was asked for about an entity's personal data, and how far it is; a worker carries it out."""

    id = models.BigAutoField(primary_key=True)
    what = models.CharField(max_length=8)
    """`export` or `erase`."""
    entity_kind = models.CharField(max_length=80)
    entity = models.TextField()
    """The id; its pseudonym once it is erased."""
    reason = models.TextField()
    asked_by = models.CharField(max_length=160)
    asked_at = models.DateTimeField()
    state = models.CharField(max_length=12, default="waiting")
    """`waiting`, `forgetting` (engines are told to), `done` or `refused`."""
    upto = models.JSONField(default=dict)
    """Partition to the offset of the command that tells its engine to forget."""
    said = models.TextField(default="")
    """Why it was refused: a text of the catalog, with `params` to fill in."""
    params = models.JSONField(default=dict)
    finished_at = models.DateTimeField(null=True)
    counts = models.JSONField(default=dict)
    certificate = models.BigIntegerField(null=True)
    """Id of the Erasure."""
    data = models.BinaryField(null=True)
    """An export: JSON, compressed with zlib; until `data_until`."""
    data_until = models.DateTimeField(null=True)

    class Meta:
        db_table = "zelo_personal_request"
        indexes = [models.Index(fields=["entity_kind", "entity"], name="zelo_personal_entity")]
