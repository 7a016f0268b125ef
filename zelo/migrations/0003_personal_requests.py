"""Requests about personal data, and why a legal hold was lifted."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    """Adds them."""

    dependencies = [("zelo", "0002_guards")]
    operations = [
        migrations.AddField("legalhold", "lifted_because", models.TextField(default="", db_default="")),
        migrations.CreateModel(
            "PersonalRequest",
            [
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("what", models.CharField(max_length=8)),
                ("entity_kind", models.CharField(max_length=80)),
                ("entity", models.TextField()),
                ("reason", models.TextField()),
                ("asked_by", models.CharField(max_length=160)),
                ("asked_at", models.DateTimeField()),
                ("state", models.CharField(default="waiting", max_length=12)),
                ("upto", models.JSONField(default=dict)),
                ("said", models.TextField(default="")),
                ("params", models.JSONField(default=dict)),
                ("finished_at", models.DateTimeField(null=True)),
                ("counts", models.JSONField(default=dict)),
                ("certificate", models.BigIntegerField(null=True)),
                ("data", models.BinaryField(null=True)),
                ("data_until", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "zelo_personal_request",
                "indexes": [models.Index(fields=["entity_kind", "entity"], name="zelo_personal_entity")],
            },
        ),
    ]
