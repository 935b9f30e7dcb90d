"""Incidents as they are now, and what people wrote to each other about them."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from baken.domain.facts import IncidentClass, Origin, Outcome, Priority, Waiting
from baken.record.catalogue.models import Agreement, Service
from baken.record.orgs.fields import LINE, CodeField, IdField, WrittenField
from baken.record.orgs.models import File, Organisation
from baken.record.people.models import User


def choices(
    codes: type[Priority] | type[IncidentClass] | type[Origin] | type[Outcome] | type[Waiting],
) -> list[tuple[str, str]]:
    """Django's choices of an enumeration of codes; their words are made in the interface."""
    return [(code.value, code.value) for code in codes]


class Incident(models.Model):
    """One incident. Every column below `number` that a clock depends on is folded from the ledger."""

    class Status(models.TextChoices):
        NEW = "new"
        OPEN = "open"
        WAITING = "waiting"
        RESOLVED = "resolved"
        CLOSED = "closed"

    id = IdField()
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="incidents")
    number = models.PositiveBigIntegerField(unique=True)
    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="incidents")
    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="+")
    agreement_version = models.PositiveIntegerField()
    status = CodeField(choices=Status)
    origin = CodeField(choices=choices(Origin))
    classes = ArrayField(CodeField(choices=choices(IncidentClass)))
    classes_confirmed = models.BooleanField(default=False)
    impact = models.PositiveSmallIntegerField()
    urgency = models.PositiveSmallIntegerField()
    priority = CodeField(choices=choices(Priority))
    waiting_on = CodeField(choices=choices(Waiting), blank=True, default="")
    outcome = CodeField(choices=choices(Outcome), blank=True, default="")
    survivor = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="duplicates")
    outage = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="joined")
    reported = models.DateTimeField()
    responded_at = models.DateTimeField(null=True)
    resolved_at = models.DateTimeField(null=True)
    restored_at = models.DateTimeField(null=True)
    not_restorable_at = models.DateTimeField(null=True)
    break_in_confirmed_at = models.DateTimeField(null=True)
    break_in_rejected_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField()

    reporter = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    assignee = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    subject = WrittenField(limit=LINE)

    class Meta:
        indexes = [
            models.Index(fields=["organisation", "-reported"], name="incident_by_organisation"),
            models.Index(
                fields=["status", "assignee"], condition=Q(outcome="") & ~Q(status="closed"), name="incident_at_work"
            ),
            models.Index(
                fields=["reported"],
                condition=Q(outcome="", break_in_confirmed_at=None, break_in_rejected_at=None)
                & Q(classes__contains=["security"]),
                name="incident_suspected",
            ),
            models.Index(fields=["service", "-reported"], name="incident_by_service"),
        ]


class Message(models.Model):
    """Something said about an incident: to the customer (`visible`), or among colleagues."""

    class Kind(models.TextChoices):
        REPORT = "report"
        REPLY = "reply"
        CALL = "call"
        NOTE = "note"
        REASON = "reason"

    id = IdField()
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="messages")
    kind = CodeField(choices=Kind)
    visible = models.BooleanField()
    author = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    actor = CodeField(max_length=80)
    body = WrittenField()
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["created_at", "id"]
        indexes = [models.Index(fields=["incident", "created_at"], name="message_by_incident")]


class Attachment(models.Model):
    """A file that came with a message. Whoever may read the message may have it; it is gone when either is.

    index: which of its files it is, from 0 on.
    """

    id = IdField()
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="attachments")
    file = models.OneToOneField(File, on_delete=models.CASCADE, related_name="+")
    index = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["index"]


class Imported(models.Model):
    """Where an imported incident came from, so that importing again makes no double."""

    id = IdField()
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="+")
    source = CodeField()
    key = CodeField()
    digest = CodeField(max_length=64)
    incident = models.OneToOneField(Incident, on_delete=models.CASCADE, related_name="imported")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["service", "source", "key"], name="imported_once")]


class Draft(models.Model):
    """What somebody was writing when they paused, so that nothing is lost."""

    id = IdField()
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="drafts")
    author = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    kind = CodeField(choices=Message.Kind)
    body = WrittenField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["incident", "author", "kind"], name="one_draft_each")]


class Presence(models.Model):
    """Somebody at the desk has this incident open; their page says so again and again. No history: it is forgotten."""

    id = IdField()
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="+")
    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["incident", "person"], name="one_presence_each")]
