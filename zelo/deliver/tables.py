"""Tables of what leaves zelo: messages, endpoints, deliveries."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models


class Message(models.Model):
    """Something others may want to know, written in the transaction in which it happened. Never changed."""

    id = models.BigAutoField(primary_key=True)
    xid = models.BigIntegerField()
    """Number of the transaction: (xid, id) is an order in which nothing appears behind a reader's back."""
    key = models.TextField()
    """The same for the same thing, however often it is sent: `decision:17`, `undo:...:17`."""
    type = models.CharField(max_length=40)
    """`decision.made`, `effect.undone`, `label.changed` ..."""
    at = models.DateTimeField()
    body = models.JSONField()

    class Meta:
        db_table = "zelo_message"
        constraints = [models.UniqueConstraint(fields=["key"], name="zelo_message_key")]
        indexes = [models.Index(fields=["xid", "id"], name="zelo_message_order")]


class Endpoint(models.Model):
    """Where messages are sent: a web address that gets signed calls, or a Kafka topic."""

    id = models.AutoField(primary_key=True)
    name = models.CharField(max_length=120)
    url = models.TextField()
    """`https://...`, or `kafka:TOPIC`."""
    secret = models.TextField(default="")
    """Signs the calls (Standard Webhooks), encrypted with the installation's key."""
    types = ArrayField(models.CharField(max_length=40), default=list)
    """Types of message it gets; empty: all."""
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=160)

    class Meta:
        db_table = "zelo_endpoint"


class Delivery(models.Model):
    """One message on its way to one endpoint."""

    id = models.BigAutoField(primary_key=True)
    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE)
    message = models.ForeignKey(Message, on_delete=models.PROTECT)
    state = models.CharField(max_length=12, default="waiting")
    """`waiting`, `sent`, or `dead` after the last attempt."""
    attempts = models.IntegerField(default=0)
    next_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    status = models.IntegerField(null=True)
    """The last answer's HTTP status."""
    error = models.TextField(default="")

    class Meta:
        db_table = "zelo_delivery"
        constraints = [models.UniqueConstraint(fields=["endpoint", "message"], name="zelo_delivery_once")]
        indexes = [models.Index(fields=["next_at"], name="zelo_delivery_due", condition=models.Q(state="waiting"))]
