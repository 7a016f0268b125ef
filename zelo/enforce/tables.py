"""Tables of what decisions do here: labels and their history, measures on content."""

from __future__ import annotations

from django.db import models


class Label(models.Model):
    """A label as it stands on an entity; a person's stands above every rule until it ends."""

    id = models.BigAutoField(primary_key=True)
    entity_kind = models.TextField()
    entity = models.TextField()
    label = models.TextField()
    present = models.BooleanField()
    """False: a person took it off, and rules may not put it back until then."""
    set_by = models.CharField(max_length=8)
    """`rule` or `person`."""
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)
    """The first instant at which it no longer holds; None: without end."""
    effect_id = models.BigIntegerField(null=True)
    actor = models.CharField(max_length=160, default="")

    class Meta:
        db_table = "zelo_label"
        constraints = [models.UniqueConstraint(fields=["entity_kind", "entity", "label"], name="zelo_label_place")]


class LabelChange(models.Model):
    """One change of a label: the history. Never changed."""

    id = models.BigAutoField(primary_key=True)
    entity_kind = models.TextField()
    entity = models.TextField()
    label = models.TextField()
    change = models.CharField(max_length=8)
    """`add`, `remove`, or `release`: a person lets rules decide again."""
    set_by = models.CharField(max_length=8)
    at = models.DateTimeField()
    until = models.DateTimeField(null=True)
    event = models.BigIntegerField()
    """The event or command of the log that it came with."""
    effect_id = models.BigIntegerField(null=True)
    actor = models.CharField(max_length=160, default="")
    reason = models.TextField(default="")

    class Meta:
        db_table = "zelo_label_change"
        indexes = [models.Index(fields=["entity_kind", "entity", "id"], name="zelo_label_change_place")]


class Measure(models.Model):
    """Something in force on a piece of content: removed, held, limited or demoted. Its id is the effect's."""

    id = models.BigIntegerField(primary_key=True)
    entity_kind = models.TextField()
    entity = models.TextField()
    kind = models.CharField(max_length=32)
    parameters = models.JSONField()
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)
    """The first instant at which it no longer holds; None: without end."""
    ended_at = models.DateTimeField(null=True)
    """When it was taken back."""

    class Meta:
        db_table = "zelo_measure"
        indexes = [models.Index(fields=["entity_kind", "entity"], name="zelo_measure_entity")]
