"""Users, their roles, what they sign in with, and API tokens."""

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models

from baken.record.orgs.fields import LINE, TEXT, CodeField, IdField, WrittenField
from baken.record.orgs.models import Organisation
from baken.record.people.access import Role

ROLES = [(role.value, role.value) for role in Role]


class UserManager(BaseUserManager["User"]):
    """Django asks for one; users are made by `flows.add_user`."""


class User(AbstractBaseUser):
    """A person who signs in with an e-mail address, and belongs to the organisation whose keys seal their name.

    `email_key` is what stands for the address: it is looked up by that alone.

    `first_password_until` is when a password that was made for them ends; None for one that they chose themselves.

    `shortcuts_off` holds the codes of keyboard shortcuts this person does not want.

    Erased (`erased_at`), they are a row without a name, so that what refers to it still adds up.
    """

    class Theme(models.TextChoices):
        SYSTEM = "system"
        LIGHT = "light"
        DARK = "dark"

    id = IdField()
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="people")
    email = WrittenField(limit=LINE)
    email_key = CodeField(unique=True)
    name = WrittenField(limit=LINE)
    first_password_until = models.DateTimeField(null=True, blank=True)
    language = CodeField(default="nl")
    zone = CodeField(default="Europe/Amsterdam")
    theme = CodeField(choices=Theme, default=Theme.SYSTEM)
    shortcuts_off = ArrayField(CodeField(), default=list, blank=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    erased_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email_key"
    EMAIL_FIELD = "email"

    def __str__(self) -> str:
        return self.name or self.email or "–"


class Membership(models.Model):
    """A role that a user holds in an organisation."""

    id = IdField()
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = CodeField(choices=ROLES)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "user", "role"], name="one_membership_per_role")]
        indexes = [models.Index(fields=["role"], name="membership_by_role")]


class ApiToken(models.Model):
    """A machine's way in, or with `user` a person's: what is done with it, that person did.

    Only a digest is kept; the token itself is shown once.
    """

    id = IdField()
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="tokens")
    user = models.ForeignKey(User, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    name = WrittenField(limit=LINE)
    digest = CodeField(max_length=64, unique=True)
    role = CodeField(choices=ROLES)
    scopes = ArrayField(CodeField())
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)


class Authenticator(models.Model):
    """An app that makes time-based one-time codes for a person. It counts as theirs once a code of it was typed.

    `last_step` is the time step of the last code that was taken: no code of that step or an earlier one is taken again.
    `algorithm` is the hash that app and Baken make codes with; it stays for as long as the app does.
    """

    class Algorithm(models.TextChoices):
        SHA1 = "sha1"
        SHA256 = "sha256"

    id = IdField()
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="authenticator")
    secret = WrittenField(limit=LINE, secret=True)
    algorithm = CodeField(choices=Algorithm, default=Algorithm.SHA1)
    last_step = models.BigIntegerField(default=0)
    created_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, blank=True)


class RecoveryCode(models.Model):
    """A code that takes the place of a second factor, once. Its digest is kept, and that sealed; it is shown once."""

    id = IdField()
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="recovery_codes")
    digest = WrittenField(limit=LINE, secret=True)


class Passkey(models.Model):
    """A public key whose private half a device of the person keeps (WebAuthn).

    `credential` is the attested credential data of the authenticator: no secret. `lookup` is the digest of its id, by
    which it is found when somebody signs in. `count` is the authenticator's own counter of signatures; 0 for one that
    keeps none.
    """

    id = IdField()
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="passkeys")
    name = WrittenField(limit=LINE)
    lookup = CodeField(max_length=64, unique=True)
    credential = models.BinaryField()
    count = models.PositiveBigIntegerField()
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)


class IdentityProvider(models.Model):
    """Another house that says who somebody is (OpenID Connect), for the people of one organisation.

    domains: of the e-mail addresses it may speak for, with spaces between them. new_role: of people nobody knew yet;
    empty when those are refused. second_factor: what makes Baken believe that it asked for one itself. acr_values: of
    the claim `acr`, with spaces between them, that mean so. subject_key: what `subject` of an `Identity` is made with.
    """

    class SecondFactor(models.TextChoices):
        NONE = "none"
        TRUSTED = "trusted"  # it always does; nothing is looked at
        SAID = "said"  # where `amr` or `acr` of the ID token says so

    id = IdField()
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="identity_providers")
    name = WrittenField(limit=LINE)
    issuer = WrittenField(limit=TEXT)
    client_id = WrittenField(limit=TEXT)
    client_secret = WrittenField(limit=TEXT, secret=True)
    domains = WrittenField(limit=TEXT)
    subject_key = WrittenField(limit=LINE, secret=True)
    new_role = CodeField(choices=ROLES, blank=True, default="")
    second_factor = CodeField(choices=SecondFactor, default=SecondFactor.NONE)
    acr_values = WrittenField(limit=TEXT)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)


class Identity(models.Model):
    """A person as an identity provider knows them. `subject` stands for its name for them, which cannot be read."""

    id = IdField()
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="identities")
    provider = models.ForeignKey(IdentityProvider, on_delete=models.CASCADE, related_name="identities")
    subject = CodeField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "provider"], name="one_identity_per_provider")]


class SignIn(models.Model):
    """A session of a person, as they see it in their account: since when, from where, and when it was last used."""

    id = IdField()
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sign_ins")
    session_key = CodeField(unique=True)
    device = CodeField()
    address = models.GenericIPAddressField(null=True, blank=True)
    began = models.DateTimeField()
    last_used = models.DateTimeField()


class Attempts(models.Model):
    """Sign-ins tried since `began`, per account or per address. `key` is a digest: whom it is about cannot be read."""

    key = CodeField(max_length=64, primary_key=True)
    began = models.DateTimeField()
    count = models.PositiveIntegerField()


class Storm(models.Model):
    """Many accounts were tried from one address, or one account from many: `tried` is that network address, or the
    id of whose account it is, empty when it is nobody's.
    """

    class Way(models.TextChoices):
        ADDRESS = "address"
        ACCOUNT = "account"

    id = IdField()
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    way = CodeField(choices=Way)
    tried = WrittenField(limit=LINE)
    number = models.PositiveIntegerField()
    began = models.DateTimeField()


class Allowance(models.Model):
    """A token bucket: until when the requests made so far use it up. `key` is a digest. See `limits`.

    Not logged by the database: after a crash all are full again, and no replica needs them.
    """

    key = CodeField(max_length=64, primary_key=True)
    used_until = models.DateTimeField()


class IdempotencyKey(models.Model):
    """A request that its sender may send again, and the number of what it made. `key` and `request` are digests."""

    id = IdField()
    actor = CodeField(max_length=80)
    key = CodeField(max_length=64)
    request = CodeField(max_length=64)
    number = models.PositiveBigIntegerField(default=0)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["actor", "key"], name="one_answer_per_key")]


class HoneyToken(models.Model):
    """Something that looks like a way in, was put where only an intruder looks, and opens nothing. See `people.honey`.

    lure: the e-mail address of an account. digest: of the secret of an API token or a link; of an account its id.
    planted: where it was put.
    """

    class Kind(models.TextChoices):
        TOKEN = "token"  # noqa: S105 (a kind, no secret)
        ACCOUNT = "account"
        LINK = "link"

    id = IdField()
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    kind = CodeField(choices=Kind)
    lure = WrittenField(limit=LINE)
    digest = CodeField(max_length=64, unique=True)
    planted = WrittenField(limit=LINE)
    created_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)


class HoneyUse(models.Model):
    """Somebody used a honey token: when, and from where. origin: stands for the network address."""

    id = IdField()
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    honey = models.ForeignKey(HoneyToken, on_delete=models.CASCADE, related_name="uses")
    origin = CodeField(max_length=64)
    address = WrittenField(limit=LINE)
    device = WrittenField(limit=LINE)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["honey", "origin", "-at"], name="honey_use_by_origin")]
