"""Models: the profile, which is also the account, its history, and its credentials."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any, ClassVar
from uuid import uuid4

from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.hashers import check_password
from django.contrib.auth.models import PermissionsMixin
from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction
from django.db.models.functions import Length, Lower
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.encoding import punycode
from django.utils.translation import gettext_lazy as _

from profiles.core.actors import Actor
from profiles.core.models import AbstractChange, Resource, ResourceQuerySet
from profiles.core.outcomes import InvalidCode
from profiles.identity.sessions import AdminSession as AdminSession  # Django looks for models here
from profiles.mail import queue
from profiles.policy import Visibility, policy

models.CharField.register_lookup(Lower)
models.CharField.register_lookup(Length)
models.TextField.register_lookup(Length)

USERNAME_PATTERN = r"\A[A-Za-z0-9][A-Za-z0-9._-]*\Z"
USERNAME_LENGTH = 50
EMAIL_LENGTH = 254  # RFC 5321, section 4.5.3.1.3, without the angle brackets
BIO_LENGTH = 2_000
LINE_LENGTH = 100
WEBSITE_LENGTH = 200
CLIENT_LENGTH = 200  # characters of a User-Agent; browsers send about 120
ADDRESS_LENGTH = 64  # characters of a network: see `addresses.address_of`
ISSUER_LENGTH = 255
SUBJECT_LENGTH = 255  # OpenID Connect Core 1.0, section 2
DIGESTS_KEPT = 4_096  # about 2 MB; each request compares two digests of its account


def normalize_username(username: str) -> str:
    """A username in Unicode normalisation form NFKC, which maps full-width letters to ASCII, for example."""
    return unicodedata.normalize("NFKC", username)


def comparable_username(username: str) -> str | None:
    """A username normalised and in lower case, for comparison; None if the text cannot be a username.

    The length is checked first because NFKC can expand one character to 18; it never shortens a text that
    becomes ASCII.
    """
    if len(username) > USERNAME_LENGTH:
        return None
    name = normalize_username(username)
    return name.lower() if re.match(USERNAME_PATTERN, name) else None


def named(username: str) -> dict[str, str] | None:
    """The lookup for a username, ignoring case; None if the text cannot be a username."""
    name = comparable_username(username)
    return {"username__lower": name} if name else None


def comparable_email(address: str) -> str:
    """An email address in lower case and with a punycode domain, for comparison."""
    local, _at, domain = address.strip().lower().rpartition("@")
    with suppress(UnicodeError):  # not a valid domain
        domain = punycode(domain).lower()
    return f"{local}@{domain}"


class ProfileQuerySet(ResourceQuerySet):
    def named(self, username: str) -> ProfileQuerySet:
        """The profile with this username, ignoring case; empty if the text cannot be a username."""
        lookup = named(username)
        return self.filter(**lookup) if lookup else self.none()

    # Called by Django's authentication and commands

    def get_by_natural_key(self, username: str | None) -> Profile:
        """The profile with this username, ignoring case, for a sign-in. Raises `Profile.DoesNotExist`."""
        profile: Profile = self.named(username or "").get()
        return profile

    def create_user(self, username: str, email: str, password: str, **fields: Any) -> Profile:
        """Create a profile with a hashed password.

        Raises:
            django.core.exceptions.ValidationError: a value is invalid.
        """
        profile: Profile = self.model(username=normalize_username(username), email=email, **fields)
        profile.updated_at = profile.created_at
        profile.set_password(password)
        profile.full_clean()
        profile.save(force_insert=True)
        return profile

    def create_superuser(self, username: str, email: str, password: str, **fields: Any) -> Profile:
        """Create a staff profile, for `manage.py createsuperuser`. Raises as `create_user` does."""
        granted = {"is_staff": True, "is_superuser": True, "email_verified": True}
        return self.create_user(username, email, password, **granted, **fields)


def _holds(name: str, message: str, **condition: Any) -> models.CheckConstraint:
    """A check constraint, enforced by the database."""
    return models.CheckConstraint(
        condition=models.Q(**condition), name=f"profile_{name}", violation_error_message=message
    )


def _at_most(field: str, length: int) -> models.CheckConstraint:
    return _holds(f"{field}_length", f"At most {length} characters.", **{f"{field}__length__lte": length})


@lru_cache(DIGESTS_KEPT)
def _digest(salt: str, value: str, secret: str) -> str:
    return salted_hmac(salt, value, secret=secret, algorithm="sha256").hexdigest()


UNIQUE_USERNAME = models.UniqueConstraint(
    Lower("username"),
    name="profile_username_unique",
    violation_error_code=InvalidCode.UNIQUE.value,
    violation_error_message=_("This username is taken. Choose another one."),
)


class Profile(AbstractBaseUser, PermissionsMixin, Resource):
    """An account and its public profile, in one row."""

    username = models.CharField(
        max_length=USERNAME_LENGTH, help_text="Name for signing in and for finding the profile. Unique, ignoring case."
    )
    email = models.EmailField(
        max_length=EMAIL_LENGTH,
        help_text="The address to write to. Where the service sends mail, the owner first confirms a new one, by a "
        "code that is mailed to it.",
    )
    email_verified = models.BooleanField(
        default=False, db_default=False, help_text="Whether the owner confirmed the email by a mailed code."
    )
    pending_email = models.EmailField(
        max_length=EMAIL_LENGTH,
        null=True,
        blank=True,
        help_text="New email that is not yet confirmed. Writing the current email cancels it.",
    )
    language = models.CharField(
        max_length=7,
        choices=settings.LANGUAGES,
        default=settings.LANGUAGE_CODE,
        db_default=settings.LANGUAGE_CODE,
        help_text="Language of mail. Initially that of the sign-up's `Accept-Language`.",
    )
    bio = models.TextField(max_length=BIO_LENGTH, blank=True, default="", help_text="Text about the account.")
    display_name = models.CharField(max_length=LINE_LENGTH, blank=True, default="", help_text="Name to display.")
    location = models.CharField(max_length=LINE_LENGTH, blank=True, default="", help_text="Location, as free text.")
    website = models.URLField(max_length=WEBSITE_LENGTH, blank=True, default="", help_text="An http or https URL.")
    time_zone = models.CharField(max_length=64, default="UTC", help_text="IANA time zone, such as Europe/Madrid.")
    visibility = models.CharField(
        max_length=10,
        choices=Visibility.choices,
        default=Visibility.MEMBERS,
        help_text="Who can see the profile.",
    )
    email_public = models.BooleanField(
        default=False,
        help_text="Whether everyone who can see the profile can see the email.",
    )
    is_active = models.BooleanField(default=True, help_text="Whether the account can sign in and be seen.")
    is_staff = models.BooleanField(default=False, help_text="Whether it may see and change every profile.")
    created_at = models.DateTimeField(default=timezone.now, editable=False, help_text="Time of the sign-up.")
    sign_outs = models.PositiveIntegerField(default=0, editable=False, help_text="Number of sign-outs everywhere.")
    wrote_at = models.DateTimeField(
        null=True,
        default=timezone.now,
        editable=False,
        help_text="When the account last wrote, where there are replicas: it then reads from one that has its writes.",
    )
    last_login = None  # sign-ins go to the security log, not to the profile

    objects: ClassVar[Any] = ProfileQuerySet.as_manager()
    policy = policy

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["email"]

    class Meta:
        constraints = [
            UNIQUE_USERNAME,
            _holds(
                "username_form",
                "ASCII letters, digits, '.', '_' and '-', beginning with a letter or digit.",
                username__regex=USERNAME_PATTERN,
            ),
            _at_most("username", USERNAME_LENGTH),
            _at_most("email", EMAIL_LENGTH),
            _at_most("bio", BIO_LENGTH),
            _at_most("display_name", LINE_LENGTH),
            _at_most("location", LINE_LENGTH),
            _at_most("website", WEBSITE_LENGTH),
            _holds("website_scheme", "Must begin with http:// or https://.", website__iregex=r"\A(https?://|\Z)"),
            _holds("email_form", "Enter an email address.", email__contains="@"),
            _holds("time_zone_given", "Name a time zone.", time_zone__length__gt=0),
            _holds("visibility_known", "public, members or private.", visibility__in=Visibility.values),
            _holds("version_positive", "Versions begin at 1.", version__gte=1),
        ]
        indexes = [  # for lists; PostgreSQL-only indexes are in the migrations
            models.Index("created_at", "id", name="profile_created"),
            models.Index("updated_at", "id", name="profile_updated"),
            models.Index(Lower("location"), "id", name="profile_location"),
            models.Index(Lower("email"), name="profile_email"),  # for recovery
        ]

    def __str__(self) -> str:
        return self.username

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """As in Django, changed by a new password; here also by signing out everywhere."""
        return _digest("profiles.Profile.session", f"{self.sign_outs}:{self.password}", secret or settings.SECRET_KEY)

    @property
    def session_version(self) -> str:
        """The tokens' claim `sv`. It changes with a new password and with signing out everywhere."""
        return _digest("profiles.tokens", self.get_session_auth_hash(), settings.SECRET_KEY)

    def check_password(self, raw_password: str | None) -> bool:
        """Whether the password is right. Unlike Django's method, does not save an upgraded hash: see
        `accounts.rehash`."""
        return check_password(raw_password, self.password)

    def continues(self, earlier: Profile) -> bool:
        """Whether the sessions of `earlier`, a previously loaded row of this account, are still valid: it is active,
        and had no new password and no sign-out everywhere since."""
        return self.is_active and (self.password, self.sign_outs) == (earlier.password, earlier.sign_outs)

    def awaits_code(self, email: str, actor: Actor) -> bool:
        """Whether a new address must first be confirmed by a mailed code: if mail is on and the owner writes it."""
        return email != self.email and queue.is_on() and policy.owns(actor, self)

    def prepared(self, values: Mapping[str, Any], actor: Actor) -> Mapping[str, Any]:
        """Store a new address in `pending_email` until it is confirmed. It takes effect at once, and unverified, if
        staff set it for somebody else or mail is off."""
        email = values.get("email", self.email)
        if email == self.email or "email_verified" in values:  # set by `confirm_address` only, never by clients
            return values
        if self.awaits_code(email, actor):
            return {name: value for name, value in values.items() if name != "email"} | {"pending_email": email}
        return {**values, "email_verified": False, "pending_email": None}

    def changed(self, changes: Mapping[str, Any]) -> None:
        """End a disabled account's sign-ins. On a change of address, delete earlier codes, mail the new address a
        code and, if the change took effect unconfirmed, mail the old address a notice."""
        if changes.get("is_active") == [True, False]:
            self.end_sign_ins()
        if "email" in changes or "pending_email" in changes:
            self.codes.all().delete()
        if "email" in changes and not self.email_verified:
            queue.enqueue("email_changed", profile=self.pk, address=changes["email"][0])
            self.send_code()
        elif changes.get("pending_email", [None, None])[1]:
            self.send_code()

    def send_code(self) -> None:
        """Enqueue a code for the address to verify, in the caller's transaction."""
        queue.enqueue("verification", profile=self.pk)

    def end_sign_ins(self) -> None:
        """End all sign-ins and codes, revoke personal tokens, and refuse access tokens that OpenID issuers issued
        before now."""
        self.codes.all().delete()
        self.external_identities.update(not_before=timezone.now())
        self.token_families.filter(ended_at=None).update(ended_at=timezone.now())
        self.personal_tokens.filter(revoked_at=None).update(revoked_at=timezone.now())

    def before_deletion(self, actor: Actor) -> None:
        """Lock every row that the deletion writes to, in the order of their keys: the profile, the actor's, and those
        that refer to the profile as their writer. This prevents deadlocks with other deletions and writes.

        Until its own row is locked, the profile may write to further rows. Then the locks are released and taken again
        with these rows, because locking a lower key after a higher one could deadlock.
        """
        while True:
            attempt = transaction.savepoint()
            locked = set(
                self._written(actor).order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True)
            )
            if locked.issuperset(self._written(actor).values_list("pk", flat=True)):
                return
            transaction.savepoint_rollback(attempt)  # releases the locks

    def _written(self, actor: Actor) -> models.QuerySet[Profile]:
        """The profiles that deleting this one as `actor` writes to."""
        keys = [self.pk, *([actor.profile.pk] if actor.profile else [])]
        named = Profile.objects.filter(updated_by=self.pk).values("pk")
        wrote_to = Change.objects.filter(actor=self.pk).values("profile")
        return Profile.objects.filter(pk__in=Profile.objects.filter(pk__in=keys).values("pk").union(named, wrote_to))

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Delete the profile with its history, tokens, sessions, exports, and entries about it in the admin's log.
        Its changes to other profiles stay in their history, with `actor` null."""
        LogEntry.objects.filter(logged_about(self)).delete()
        return super().delete(*args, **kwargs)


def logged_about(profile: Profile) -> models.Q:
    """The filter of `LogEntry` for entries about a profile: they hold its username, and no foreign key to it."""
    return models.Q(content_type=ContentType.objects.get_for_model(Profile), object_id=str(profile.pk))


class TokenFamily(models.Model):
    """A sign-in with all tokens issued for it; they end together. Only digests of the tokens are stored."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    profile = models.ForeignKey(Profile, on_delete=models.CASCADE, related_name="token_families")
    scope = models.CharField(max_length=10)
    session_version = models.CharField(max_length=64, help_text="The profile's, at the sign-in.")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(db_index=True, help_text="However often it is refreshed.")
    ended_at = models.DateTimeField(null=True)
    digest = models.CharField(
        max_length=64, unique=True, null=True, help_text="Of the newest refresh token: SHA-256, in hexadecimal."
    )
    previous_digest = models.CharField(
        max_length=64, unique=True, null=True, help_text="Of the one before it, which was used at `rotated_at`."
    )
    rotated_at = models.DateTimeField(null=True)
    client = models.CharField(
        max_length=CLIENT_LENGTH, default="", db_default="", help_text="User-Agent of its last use."
    )
    address = models.CharField(
        max_length=ADDRESS_LENGTH, default="", db_default="", help_text="Network of its last use."
    )
    last_used_at = models.DateTimeField(null=True, help_text="At the sign-in or a refresh. Null: before this was kept.")

    class Meta:
        verbose_name_plural = "token families"

    def __str__(self) -> str:
        return str(self.id)


class PersonalToken(models.Model):
    """A token that an owner created for a script. Only a digest of its text is stored."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    profile = models.ForeignKey(Profile, on_delete=models.CASCADE, related_name="personal_tokens")
    label = models.CharField(max_length=LINE_LENGTH, help_text="Purpose of the token, in the owner's words.")
    scope = models.TextField(help_text="'read', 'write', or names of operations: see `identity.scopes`.")
    session_version = models.CharField(max_length=64, help_text="The profile's, when it was created.")
    digest = models.CharField(max_length=64, unique=True, help_text="Of its text: SHA-256, in hexadecimal.")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(db_index=True)
    last_used_at = models.DateTimeField(null=True, help_text="To five minutes.")
    revoked_at = models.DateTimeField(null=True)

    text = ""  # set on the instance that was just created

    def __str__(self) -> str:
        return str(self.id)

    @property
    def scopes(self) -> list[str]:
        return self.scope.split()


class ExternalIdentity(models.Model):
    """An account's identity at an OpenID issuer, keyed by issuer and subject: names and addresses can be reassigned
    to other people (OpenID Connect Core 1.0, section 5.7)."""

    issuer = models.CharField(max_length=ISSUER_LENGTH, help_text="Its URL, as in the claim `iss`.")
    subject = models.CharField(max_length=SUBJECT_LENGTH, help_text="The account there, as in the claim `sub`.")
    profile = models.ForeignKey(Profile, on_delete=models.CASCADE, related_name="external_identities")
    created_at = models.DateTimeField(default=timezone.now)
    not_before = models.DateTimeField(
        null=True, help_text="When the account's sign-ins last ended: tokens that were issued before are refused."
    )

    class Meta:
        verbose_name_plural = "external identities"
        constraints = [models.UniqueConstraint(fields=["issuer", "subject"], name="external_identity_unique")]

    def __str__(self) -> str:
        return f"{self.subject} at {self.issuer}"


class Code(models.Model):
    """A mailed code, which proves access to a mailbox. Only digests of its text and of the address are stored."""

    class Purpose(models.TextChoices):
        RECOVERY = "recovery"
        VERIFICATION = "verification"

    purpose = models.CharField(max_length=12, choices=Purpose.choices)
    profile = models.ForeignKey(
        Profile,
        null=True,
        on_delete=models.CASCADE,
        related_name="codes",
        help_text="Null: nobody has that address. Its guesses are counted all the same, which takes the same time.",
    )
    mailbox = models.CharField(max_length=64, db_index=True, help_text="The address that it was sent to, as a digest.")
    digest = models.CharField(max_length=64, help_text="Of its text: an HMAC, for so short a text could be guessed.")
    attempts = models.PositiveSmallIntegerField(default=0, help_text="How often it was guessed at.")
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.purpose} of {self.profile_id}"


class EmailUndo(models.Model):
    """A change of email that the old address can undo with a mailed token, of which only a digest is stored."""

    profile = models.ForeignKey(Profile, on_delete=models.CASCADE, related_name="email_undos")
    address = models.EmailField(max_length=EMAIL_LENGTH, help_text="The old one.")
    digest = models.CharField(
        max_length=64, unique=True, null=True, help_text="SHA-256, in hexadecimal. Null: not sent."
    )
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.profile_id} {self.created_at}"


class Export(models.Model):
    """An export of an account, by its owner or staff; in progress while `ended_at` is null."""

    profile = models.ForeignKey(Profile, on_delete=models.CASCADE, related_name="exports")
    started_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.profile_id} {self.started_at}"


class Change(AbstractChange):
    """A change of a profile."""

    profile = models.ForeignKey(Profile, on_delete=models.CASCADE, related_name="history")
    version = models.PositiveIntegerField(help_text="Version that this write created.")
    actor = models.ForeignKey(Profile, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["profile", "version"], name="change_version_unique")]
        indexes = [models.Index(fields=["actor", "id"], name="change_by_actor")]

    def __str__(self) -> str:
        return f"{self.profile_id} v{self.version}"
