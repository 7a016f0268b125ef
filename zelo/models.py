"""All tables, gathered here so that Django finds them; they are declared in the slices."""

from __future__ import annotations

from zelo.decide.tables import (
    Activation,
    DayCount,
    Decision,
    Effect,
    EffectStep,
    LakeFile,
    PackVersion,
    Progress,
    Snapshot,
    WorkerBeat,
)
from zelo.deliver.tables import Delivery, Endpoint, Message
from zelo.enforce.tables import Label, LabelChange, Measure
from zelo.health.tables import LedgerEntry, Restriction
from zelo.intake.tables import DeadLetter, LoggedEvent, Partition, Receipt, SourceOffset
from zelo.people.tables import ApiKey, AuditEntry, AuditHead, Erasure, LegalHold, Note, Person, PersonalRequest

__all__ = [
    "Activation",
    "ApiKey",
    "AuditEntry",
    "AuditHead",
    "DayCount",
    "DeadLetter",
    "Decision",
    "Delivery",
    "Effect",
    "EffectStep",
    "Endpoint",
    "Erasure",
    "Label",
    "LabelChange",
    "LakeFile",
    "LedgerEntry",
    "LegalHold",
    "LoggedEvent",
    "Measure",
    "Message",
    "Note",
    "PackVersion",
    "Partition",
    "Person",
    "PersonalRequest",
    "Progress",
    "Receipt",
    "Restriction",
    "Snapshot",
    "SourceOffset",
    "WorkerBeat",
]
