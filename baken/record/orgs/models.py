"""Organisations and the files they keep."""

from typing import Any

from django.db import models
from django.db.models import F, Q

from baken.record.orgs.fields import LINE, ChunkField, CodeField, IdField, WrittenField


class Organisation(models.Model):
    """The provider (one per installation) or a customer of it. `erased_at`: when its erasure began."""

    class Kind(models.TextChoices):
        PROVIDER = "provider"
        CUSTOMER = "customer"

    id = IdField()
    code = CodeField(unique=True)
    kind = CodeField(choices=Kind)
    name = WrittenField(limit=LINE)
    zone = CodeField(default="Europe/Amsterdam")
    language = CodeField(default="nl")
    demonstration = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    erased_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind"], condition=Q(kind="provider"), name="one_provider"),
        ]


class File(models.Model):
    """A file kept for an organisation, with the digest of its content, which lies in sealed pieces. See `orgs.files`.

    It is there for nobody before `kept_at`: until then it is arriving, or was refused, and is swept away in the end.
    visible: whether the people of its organisation may find it; what is among colleagues is not theirs. by: id of the
    person who sent it. `verified_at`: when all of it was last read and fitted its digest.
    """

    class Kind(models.TextChoices):
        ATTACHMENT = "attachment"
        REPORT = "report"

    class Place(models.TextChoices):
        POSTGRES = "postgres"
        S3 = "s3"

    id = IdField()
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="files")
    kind = CodeField(choices=Kind, default=Kind.ATTACHMENT)
    name = WrittenField(limit=LINE)
    media_type = CodeField(max_length=127, default="application/octet-stream")
    size = models.PositiveBigIntegerField(default=0)
    sha256 = CodeField(max_length=64, blank=True, default="")
    place = CodeField(choices=Place, default=Place.POSTGRES)
    visible = models.BooleanField(default=True)
    by = models.UUIDField(null=True, blank=True)
    created_at = models.DateTimeField()
    kept_at = models.DateTimeField(null=True, blank=True)
    verified_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["by", "created_at"], name="file_by_person"),
            models.Index(fields=["created_at"], condition=Q(kept_at=None), name="file_not_kept"),
            models.Index(F("verified_at").asc(nulls_first=True), name="file_by_verification"),
        ]


class FileChunk(models.Model):
    """A piece of a file's content in PostgreSQL, sealed for its place in there. See `orgs.places`."""

    id = IdField()
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    file = models.ForeignKey(File, on_delete=models.CASCADE, related_name="chunks", db_index=False)
    index = models.PositiveIntegerField()
    last = models.BooleanField()
    content: Any = ChunkField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["file", "index"], name="one_chunk_per_index")]


class FilePart(models.Model):
    """Several pieces in a row of a file's content, in one object of an object store. See `orgs.places`.

    object: its random name there. version: of the oldest key that something in it was sealed with. It outlasts file
    and organisation, for as long as the object is there.
    """

    id = IdField()
    organisation_id = models.UUIDField()
    file = models.UUIDField()
    index = models.PositiveIntegerField()
    object = CodeField(max_length=32, unique=True)
    version = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["file", "index"], name="one_part_per_index")]


class FileFault(models.Model):
    """Something about a file that somebody has to know: once for each file and kind. `told_at`: since when they do.

    file: its id; an infected one is gone. by: id of the person who sent it or met with it.
    """

    class Kind(models.TextChoices):
        DAMAGED = "damaged"
        INFECTED = "infected"

    id = IdField()
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    file = models.UUIDField()
    kind = CodeField(choices=Kind)
    by = models.UUIDField(null=True, blank=True)
    noticed_at = models.DateTimeField(auto_now_add=True)
    told_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["file", "kind"], name="one_fault_per_file")]
        indexes = [models.Index(fields=["noticed_at"], condition=Q(told_at=None), name="fault_not_told")]


class WrappingKey(models.Model):
    """The key that wraps the data keys of one organisation, itself wrapped by the root key named in `root`.

    It is there before the organisation's own row, whose name is sealed with it, and once destroyed it outlasts it.
    """

    id = IdField()
    organisation_id = models.UUIDField(unique=True)
    version = models.PositiveIntegerField()
    wrapped = models.BinaryField()
    root = CodeField(max_length=200)
    destroyed = models.BooleanField(default=False)


class DataKey(models.Model):
    """One version of an organisation's data key, wrapped. New values are sealed with the primary one."""

    id = IdField()
    organisation_id = models.UUIDField()
    version = models.PositiveIntegerField()
    wrapped = models.BinaryField()
    primary = models.BooleanField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation_id", "version"], name="one_key_per_version"),
            models.UniqueConstraint(fields=["organisation_id"], condition=Q(primary=True), name="one_primary_key"),
        ]


class IndexKey(models.Model):
    """One version of what search tokens and exact look-ups are made with, wrapped by the root key named in `root`.

    New ones are made with the primary one, and looked for by all that are not `replaced_at` some time.
    """

    id = IdField()
    version = models.PositiveSmallIntegerField(unique=True)
    wrapped = models.BinaryField()
    root = CodeField(max_length=200)
    primary = models.BooleanField()
    replaced_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["primary"], condition=Q(primary=True), name="one_primary_index_key")
        ]


class SearchToken(models.Model):
    """A record holds a word: what stands for it is made by `orgs.search`. scope: who may find the record by it.

    version: of the index key that the token was made with.
    """

    pk = models.CompositePrimaryKey("organisation_id", "token", "scope", "record")
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+", db_index=False)
    token = models.IntegerField()
    version = models.PositiveSmallIntegerField()
    scope = CodeField(max_length=32)
    record = models.UUIDField()

    class Meta:
        indexes = [models.Index(fields=["record"], name="searchtoken_by_record")]


class Rotation(models.Model):
    """A rotation of an organisation's data key that is under way: to which version, and how far it is."""

    id = IdField()
    organisation = models.OneToOneField(Organisation, on_delete=models.CASCADE, related_name="+")
    version = models.PositiveIntegerField()
    table = CodeField(blank=True, default="")
    last = models.UUIDField(null=True)
    done = models.PositiveBigIntegerField(default=0)
    switched_at = models.DateTimeField(auto_now_add=True)


class IndexRotation(models.Model):
    """A rotation of the index key that is under way: to which version, and how far it is.

    `done` and `last` are of the kind of record in `table`: how many, and the id of the last one.
    """

    id = IdField()
    version = models.PositiveSmallIntegerField(unique=True)
    began_at = models.DateTimeField(auto_now_add=True)
    switched_at = models.DateTimeField(null=True)
    table = CodeField(blank=True, default="")
    last = models.UUIDField(null=True)
    done = models.PositiveBigIntegerField(default=0)
