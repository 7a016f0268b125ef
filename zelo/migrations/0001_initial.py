"""All tables as they began."""

import django.contrib.auth.models
import django.contrib.auth.validators
import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        migrations.CreateModel(
            name="AuditHead",
            fields=[
                ("chain", models.CharField(max_length=32, primary_key=True, serialize=False)),
                ("number", models.BigIntegerField()),
                ("hash", models.BinaryField(max_length=32)),
            ],
            options={
                "db_table": "zelo_audit_head",
            },
        ),
        migrations.CreateModel(
            name="Endpoint",
            fields=[
                ("id", models.AutoField(primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=120)),
                ("url", models.TextField()),
                ("secret", models.TextField(default="")),
                (
                    "types",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40), default=list, size=None
                    ),
                ),
                ("active", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField()),
                ("created_by", models.CharField(max_length=160)),
            ],
            options={
                "db_table": "zelo_endpoint",
            },
        ),
        migrations.CreateModel(
            name="PackVersion",
            fields=[
                ("id", models.AutoField(primary_key=True, serialize=False)),
                ("pack", models.CharField(max_length=80)),
                ("version", models.CharField(max_length=64, unique=True)),
                ("language_version", models.CharField(max_length=8)),
                ("files", models.JSONField()),
                ("stored_at", models.DateTimeField()),
                ("stored_by", models.CharField(max_length=160)),
            ],
            options={
                "db_table": "zelo_pack_version",
            },
        ),
        migrations.CreateModel(
            name="Partition",
            fields=[
                ("id", models.SmallIntegerField(primary_key=True, serialize=False)),
                ("tail", models.BigIntegerField(default=0)),
            ],
            options={
                "db_table": "zelo_partition",
            },
        ),
        migrations.CreateModel(
            name="Progress",
            fields=[
                ("partition", models.SmallIntegerField(primary_key=True, serialize=False)),
                ("next", models.BigIntegerField(default=1)),
                ("lake_next", models.BigIntegerField(default=1)),
                ("epoch", models.BigIntegerField(default=0)),
                ("owner", models.TextField(default="")),
                ("seen_at", models.DateTimeField(null=True)),
                ("last_order_key", models.BigIntegerField(default=-9223372036854775808)),
                ("attempts", models.IntegerField(default=0)),
            ],
            options={
                "db_table": "zelo_progress",
            },
        ),
        migrations.CreateModel(
            name="Restriction",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("account", models.TextField(db_index=True)),
                ("scope", models.CharField(max_length=16)),
                ("since", models.DateTimeField()),
                ("until", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "zelo_restriction",
            },
        ),
        migrations.CreateModel(
            name="WorkerBeat",
            fields=[
                ("id", models.TextField(primary_key=True, serialize=False)),
                ("host", models.TextField()),
                ("started_at", models.DateTimeField()),
                ("seen_at", models.DateTimeField()),
                (
                    "prepared",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.IntegerField(), default=list, size=None
                    ),
                ),
            ],
            options={
                "db_table": "zelo_worker",
            },
        ),
        migrations.CreateModel(
            name="Person",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("password", models.CharField(max_length=128, verbose_name="password")),
                ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                (
                    "is_superuser",
                    models.BooleanField(
                        default=False,
                        help_text="Designates that this user has all permissions without explicitly assigning them.",
                        verbose_name="superuser status",
                    ),
                ),
                (
                    "username",
                    models.CharField(
                        error_messages={"unique": "A user with that username already exists."},
                        help_text="Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.",
                        max_length=150,
                        unique=True,
                        validators=[django.contrib.auth.validators.UnicodeUsernameValidator()],
                        verbose_name="username",
                    ),
                ),
                ("first_name", models.CharField(blank=True, max_length=150, verbose_name="first name")),
                ("last_name", models.CharField(blank=True, max_length=150, verbose_name="last name")),
                (
                    "is_staff",
                    models.BooleanField(
                        default=False,
                        help_text="Designates whether the user can log into this admin site.",
                        verbose_name="staff status",
                    ),
                ),
                (
                    "is_active",
                    models.BooleanField(
                        default=True,
                        help_text="Designates whether this user should be treated as active. Unselect this instead of deleting accounts.",
                        verbose_name="active",
                    ),
                ),
                ("date_joined", models.DateTimeField(default=django.utils.timezone.now, verbose_name="date joined")),
                ("email", models.EmailField(max_length=254, unique=True)),
                (
                    "roles",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=32), blank=True, default=list, size=None
                    ),
                ),
                (
                    "markets",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=16), blank=True, default=list, size=None
                    ),
                ),
                ("language", models.CharField(default="en", max_length=8)),
                (
                    "groups",
                    models.ManyToManyField(
                        blank=True,
                        help_text="The groups this user belongs to. A user will get all permissions granted to each of their groups.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.group",
                        verbose_name="groups",
                    ),
                ),
                (
                    "user_permissions",
                    models.ManyToManyField(
                        blank=True,
                        help_text="Specific permissions for this user.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.permission",
                        verbose_name="user permissions",
                    ),
                ),
            ],
            options={
                "db_table": "zelo_person",
            },
            managers=[
                ("objects", django.contrib.auth.models.UserManager()),
            ],
        ),
        migrations.CreateModel(
            name="ApiKey",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=120)),
                ("prefix", models.CharField(max_length=16, unique=True)),
                ("digest", models.CharField(max_length=64, unique=True)),
                (
                    "scopes",
                    django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=32), size=None),
                ),
                ("events_per_s", models.IntegerField(default=20000)),
                ("calls_per_s", models.IntegerField(default=500)),
                ("created_at", models.DateTimeField()),
                ("created_by", models.CharField(max_length=160)),
                ("expires_at", models.DateTimeField(null=True)),
                ("revoked_at", models.DateTimeField(null=True)),
                ("last_used_at", models.DateTimeField(null=True)),
                (
                    "replaces",
                    models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, to="zelo.apikey"),
                ),
            ],
            options={
                "db_table": "zelo_api_key",
            },
        ),
        migrations.CreateModel(
            name="AuditEntry",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("chain", models.CharField(max_length=32)),
                ("number", models.BigIntegerField()),
                ("at", models.DateTimeField()),
                ("actor_kind", models.CharField(max_length=16)),
                ("actor", models.CharField(max_length=160)),
                ("action", models.CharField(max_length=64)),
                ("object_kind", models.CharField(default="", max_length=32)),
                ("object_id", models.TextField(default="")),
                ("details", models.JSONField(default=dict)),
                ("request_id", models.CharField(default="", max_length=64)),
                ("hash", models.BinaryField(max_length=32)),
            ],
            options={
                "db_table": "zelo_audit",
                "indexes": [
                    models.Index(fields=["at"], name="zelo_audit_at"),
                    models.Index(fields=["object_kind", "object_id"], name="zelo_audit_object"),
                    models.Index(fields=["actor", "at"], name="zelo_audit_actor"),
                ],
                "constraints": [models.UniqueConstraint(fields=("chain", "number"), name="zelo_audit_chain_number")],
            },
        ),
        migrations.CreateModel(
            name="DayCount",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("partition", models.SmallIntegerField()),
                ("ends_at", models.DateTimeField()),
                ("rule", models.TextField()),
                ("kind", models.CharField(max_length=32)),
                ("count", models.IntegerField()),
                ("most", models.IntegerField()),
            ],
            options={
                "db_table": "zelo_day_count",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("partition", "ends_at", "rule", "kind"), name="zelo_day_count_place"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="DeadLetter",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                ("source", models.TextField()),
                ("place", models.TextField(default="")),
                ("receipt", models.UUIDField(null=True)),
                ("code", models.CharField(max_length=40)),
                ("params", models.JSONField(default=dict)),
                ("raw", models.BinaryField()),
                ("state", models.CharField(default="open", max_length=12)),
                ("closed_at", models.DateTimeField(null=True)),
                ("closed_by", models.CharField(default="", max_length=160)),
            ],
            options={
                "db_table": "zelo_dead_letter",
                "indexes": [models.Index(fields=["state", "id"], name="zelo_dead_letter_state")],
            },
        ),
        migrations.CreateModel(
            name="Effect",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("decision_id", models.BigIntegerField(db_index=True)),
                ("kind", models.CharField(max_length=32)),
                ("role", models.TextField()),
                ("entity_kind", models.TextField()),
                ("entity", models.TextField()),
                ("parameters", models.JSONField()),
                ("rules", django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None)),
                ("receiver", models.CharField(max_length=16)),
                ("born", models.CharField(max_length=12)),
                ("held_for", models.CharField(default="", max_length=16)),
                ("effective_at", models.DateTimeField()),
            ],
            options={
                "db_table": "zelo_effect",
                "indexes": [
                    models.Index(fields=["entity_kind", "entity", "id"], name="zelo_effect_entity"),
                    models.Index(fields=["effective_at"], name="zelo_effect_time"),
                ],
            },
        ),
        migrations.CreateModel(
            name="EffectStep",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("effect_id", models.BigIntegerField()),
                ("state", models.CharField(max_length=12)),
                ("at", models.DateTimeField()),
                ("by", models.CharField(max_length=160)),
                ("reason", models.TextField(default="")),
                ("undo_id", models.UUIDField(db_index=True, null=True)),
            ],
            options={
                "db_table": "zelo_effect_step",
                "constraints": [models.UniqueConstraint(fields=("effect_id", "state"), name="zelo_effect_step_once")],
            },
        ),
        migrations.CreateModel(
            name="Erasure",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("subject_digest", models.CharField(max_length=64)),
                ("asked_by", models.CharField(max_length=160)),
                ("asked_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(null=True)),
                ("counts", models.JSONField(default=dict)),
            ],
            options={
                "db_table": "zelo_erasure",
                "indexes": [models.Index(fields=["subject_digest"], name="zelo_erasure_subject")],
            },
        ),
        migrations.CreateModel(
            name="Label",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("entity_kind", models.TextField()),
                ("entity", models.TextField()),
                ("label", models.TextField()),
                ("present", models.BooleanField()),
                ("set_by", models.CharField(max_length=8)),
                ("since", models.DateTimeField()),
                ("until", models.DateTimeField(null=True)),
                ("effect_id", models.BigIntegerField(null=True)),
                ("actor", models.CharField(default="", max_length=160)),
            ],
            options={
                "db_table": "zelo_label",
                "constraints": [
                    models.UniqueConstraint(fields=("entity_kind", "entity", "label"), name="zelo_label_place")
                ],
            },
        ),
        migrations.CreateModel(
            name="LabelChange",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("entity_kind", models.TextField()),
                ("entity", models.TextField()),
                ("label", models.TextField()),
                ("change", models.CharField(max_length=8)),
                ("set_by", models.CharField(max_length=8)),
                ("at", models.DateTimeField()),
                ("until", models.DateTimeField(null=True)),
                ("event", models.BigIntegerField()),
                ("effect_id", models.BigIntegerField(null=True)),
                ("actor", models.CharField(default="", max_length=160)),
                ("reason", models.TextField(default="")),
            ],
            options={
                "db_table": "zelo_label_change",
                "indexes": [models.Index(fields=["entity_kind", "entity", "id"], name="zelo_label_change_place")],
            },
        ),
        migrations.CreateModel(
            name="LakeFile",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("path", models.TextField()),
                ("content", models.CharField(max_length=12)),
                ("kind", models.TextField(default="")),
                ("day", models.DateField()),
                ("partition", models.SmallIntegerField()),
                ("first", models.BigIntegerField()),
                ("last", models.BigIntegerField()),
                ("rows", models.IntegerField()),
                ("bytes", models.BigIntegerField()),
                ("made_at", models.DateTimeField()),
            ],
            options={
                "db_table": "zelo_lake_file",
                "indexes": [models.Index(fields=["content", "day", "kind"], name="zelo_lake_file_day")],
                "constraints": [models.UniqueConstraint(fields=("path",), name="zelo_lake_file_path")],
            },
        ),
        migrations.CreateModel(
            name="LedgerEntry",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("entry_id", models.TextField()),
                ("account", models.TextField()),
                ("kind", models.CharField(max_length=16)),
                ("at", models.DateTimeField()),
                ("order_key", models.BigIntegerField(default=0)),
                ("violation", models.TextField(default="")),
                ("severity", models.CharField(default="", max_length=16)),
                ("name", models.TextField(default="")),
                ("points_millionths", models.BigIntegerField(null=True)),
                ("count", models.IntegerField(default=1)),
                ("target", models.TextField(default="")),
                ("attributes", models.JSONField(default=dict)),
                ("effect_id", models.BigIntegerField(null=True, unique=True)),
                ("event_id", models.TextField(default="")),
                ("pack_version", models.CharField(default="", max_length=64)),
                ("ground", models.TextField(default="")),
                ("written_by", models.CharField(default="", max_length=160)),
                ("reason", models.TextField(default="")),
            ],
            options={
                "db_table": "zelo_ledger_entry",
                "indexes": [models.Index(fields=["account", "at"], name="zelo_ledger_entry_account")],
                "constraints": [models.UniqueConstraint(fields=("entry_id",), name="zelo_ledger_entry_id")],
            },
        ),
        migrations.CreateModel(
            name="LegalHold",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("entity_kind", models.CharField(max_length=32)),
                ("entity", models.TextField()),
                ("reason", models.TextField()),
                ("placed_by", models.CharField(max_length=160)),
                ("placed_at", models.DateTimeField()),
                ("lifted_by", models.CharField(default="", max_length=160)),
                ("lifted_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "zelo_legal_hold",
                "indexes": [models.Index(fields=["entity_kind", "entity"], name="zelo_legal_hold_entity")],
            },
        ),
        migrations.CreateModel(
            name="LoggedEvent",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("event_id", models.TextField()),
                ("kind", models.TextField()),
                ("body", models.TextField()),
                ("received_at", models.DateTimeField()),
                ("source", models.TextField()),
                ("reply_to", models.TextField(null=True)),
            ],
            options={
                "db_table": "zelo_event",
                "constraints": [models.UniqueConstraint(fields=("event_id",), name="zelo_event_event_id")],
            },
        ),
        migrations.CreateModel(
            name="Measure",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("entity_kind", models.TextField()),
                ("entity", models.TextField()),
                ("kind", models.CharField(max_length=32)),
                ("parameters", models.JSONField()),
                ("since", models.DateTimeField()),
                ("until", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "zelo_measure",
                "indexes": [models.Index(fields=["entity_kind", "entity"], name="zelo_measure_entity")],
            },
        ),
        migrations.CreateModel(
            name="Message",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("xid", models.BigIntegerField()),
                ("key", models.TextField()),
                ("type", models.CharField(max_length=40)),
                ("at", models.DateTimeField()),
                ("body", models.JSONField()),
            ],
            options={
                "db_table": "zelo_message",
                "indexes": [models.Index(fields=["xid", "id"], name="zelo_message_order")],
                "constraints": [models.UniqueConstraint(fields=("key",), name="zelo_message_key")],
            },
        ),
        migrations.CreateModel(
            name="Note",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("object_kind", models.CharField(max_length=32)),
                ("object_id", models.TextField()),
                ("text", models.TextField()),
                ("written_by", models.CharField(max_length=160)),
                ("written_at", models.DateTimeField()),
            ],
            options={
                "db_table": "zelo_note",
                "indexes": [models.Index(fields=["object_kind", "object_id", "id"], name="zelo_note_object")],
            },
        ),
        migrations.CreateModel(
            name="Activation",
            fields=[
                ("id", models.AutoField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                ("by", models.CharField(max_length=160)),
                ("reason", models.TextField(default="")),
                ("starts", models.JSONField(default=dict)),
                ("pack_version", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="zelo.packversion")),
            ],
            options={
                "db_table": "zelo_activation",
            },
        ),
        migrations.CreateModel(
            name="Receipt",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                ("source", models.TextField()),
                ("accepted", models.IntegerField()),
                ("duplicates", models.IntegerField()),
                ("dead", models.IntegerField()),
                ("upto", models.JSONField(default=dict)),
            ],
            options={
                "db_table": "zelo_receipt",
                "indexes": [models.Index(fields=["at"], name="zelo_receipt_at")],
            },
        ),
        migrations.CreateModel(
            name="SourceOffset",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("source", models.TextField()),
                ("partition", models.IntegerField()),
                ("next", models.BigIntegerField(default=0)),
                ("epoch", models.BigIntegerField(default=0)),
                ("owner", models.TextField(default="")),
                ("moved_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "zelo_source_offset",
                "constraints": [
                    models.UniqueConstraint(fields=("source", "partition"), name="zelo_source_offset_place")
                ],
            },
        ),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("state", models.CharField(default="waiting", max_length=12)),
                ("attempts", models.IntegerField(default=0)),
                ("next_at", models.DateTimeField()),
                ("sent_at", models.DateTimeField(null=True)),
                ("status", models.IntegerField(null=True)),
                ("error", models.TextField(default="")),
                ("endpoint", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="zelo.endpoint")),
                ("message", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="zelo.message")),
            ],
            options={
                "db_table": "zelo_delivery",
                "indexes": [
                    models.Index(condition=models.Q(("state", "waiting")), fields=["next_at"], name="zelo_delivery_due")
                ],
                "constraints": [models.UniqueConstraint(fields=("endpoint", "message"), name="zelo_delivery_once")],
            },
        ),
        migrations.CreateModel(
            name="Decision",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("event_id", models.TextField()),
                ("kind", models.TextField()),
                ("order_key", models.BigIntegerField()),
                ("decided_at", models.DateTimeField()),
                (
                    "fired",
                    django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), null=True, size=None),
                ),
                (
                    "undetermined",
                    django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), null=True, size=None),
                ),
                ("features", models.JSONField(null=True)),
                (
                    "entities",
                    django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), null=True, size=None),
                ),
                (
                    "pack_version",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="zelo.packversion",
                    ),
                ),
            ],
            options={
                "db_table": "zelo_decision",
                "indexes": [
                    django.contrib.postgres.indexes.GinIndex(
                        condition=models.Q(("entities__isnull", False)),
                        fields=["entities"],
                        name="zelo_decision_entities",
                    )
                ],
                "constraints": [models.UniqueConstraint(fields=("event_id",), name="zelo_decision_event_id")],
            },
        ),
        migrations.CreateModel(
            name="Snapshot",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("partition", models.SmallIntegerField()),
                ("next", models.BigIntegerField()),
                ("data", models.BinaryField()),
                ("digest", models.CharField(max_length=64)),
                ("made_at", models.DateTimeField()),
                ("pack_version", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="zelo.packversion")),
            ],
            options={
                "db_table": "zelo_snapshot",
                "constraints": [models.UniqueConstraint(fields=("partition", "next"), name="zelo_snapshot_place")],
            },
        ),
    ]
