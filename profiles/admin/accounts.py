"""The admin's pages for profiles and sign-ins, with the APIs' policy, validation and write path."""

import json
from enum import StrEnum
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from rest_framework.exceptions import ValidationError

from profiles.admin.site import ClosedAdmin
from profiles.core.actors import Actor
from profiles.core.models import Source
from profiles.core.outcomes import Refused
from profiles.core.policy import Action
from profiles.core.writing import Write
from profiles.identity import families, security
from profiles.identity.callers import actor_of
from profiles.models import Change, ExternalIdentity, Profile, ProfileQuerySet, TokenFamily
from profiles.policy import AccountAction, policy
from profiles.serializers import ProfileSerializer

NEWEST = 20  # rows shown of an inline
SHORT = 12  # digits shown of a hash, enough to tell rows apart
A_HASH = "Refresh token (SHA-256)"
END = "End this family"


class AccountSerializer(ProfileSerializer):
    """A profile with `is_staff`, which only the admin grants and withdraws."""

    class Meta(ProfileSerializer.Meta):
        fields: tuple[str, ...] = (*ProfileSerializer.Meta.fields, "is_staff")


# Only fields named like their column, because a ModelForm supports no others.
EDITABLE = [name for name, field in AccountSerializer().fields.items() if not field.read_only and field.source == name]


class ProfileForm(forms.ModelForm):
    """Validates the changed fields with the serializer; the version that the form showed is a precondition."""

    actor: Actor
    version = forms.IntegerField(widget=forms.HiddenInput)

    class Meta:
        model = Profile
        fields = EDITABLE
        field_classes = {"website": forms.CharField}  # the serializer validates the URL

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["version"].initial = self.instance.version

    def clean(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        sent = {name: cleaned[name] for name in (*self.changed_data, "version") if name in cleaned}
        context = {"write": Write(self.actor, Source.ADMIN)}
        self.serializer = AccountSerializer(self.instance, data=sent, partial=True, context=context)
        try:
            self.serializer.is_valid(raise_exception=True)
        except Refused as refused:
            raise forms.ValidationError(refused.message) from refused
        except ValidationError as error:
            for name, messages in cast(dict[str, Any], error.detail).items():
                self.add_error(name, [str(message) for message in messages])
            return cleaned
        return {**cleaned, **self.serializer.validated_data}


class ReadOnly:
    """Read-only rows. Actors who may perform `action` on the profile may view them; nobody can write them here."""

    action: StrEnum

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        profile = getattr(obj, "profile", obj)
        return actor_of(request).is_staff if profile is None else policy.can(actor_of(request), self.action, profile)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return actor_of(request).is_staff

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    has_change_permission = has_delete_permission = has_add_permission


class NewestOnes(forms.BaseInlineFormSet):
    """At most `NEWEST` rows of an inline, to bound the page's size. Submitted form data for them is ignored."""

    def __init__(self, data: Any = None, files: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def is_valid(self) -> bool:
        return True

    def save(self, commit: bool = True) -> list[Any]:
        self.new_objects, self.changed_objects, self.deleted_objects = [], [], []
        return []

    def get_queryset(self) -> QuerySet[Any]:
        if not hasattr(self, "_queryset"):
            self._queryset = super().get_queryset()[:NEWEST]
        return self._queryset


class Rows(ReadOnly, admin.TabularInline):
    """A read-only inline with a profile's newest related rows."""

    template = "admin/profiles/rows.html"
    formset = NewestOnes


class History(Rows):
    """The profile's history, newest first."""

    action = Action.VIEW_HISTORY
    model = Change
    fk_name = "profile"
    fields = readonly_fields = ("version", "at", "actor", "source", "request_id", "changes")
    ordering = ("-version",)
    verbose_name_plural = f"History, the newest {NEWEST}"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Change]:
        return super().get_queryset(request).select_related("actor")

    @admin.display(description="Changes")
    def changes(self, change: Change) -> str:
        return format_html_join(
            "\n", "<div>{}: {} → {}</div>", ((name, *map(as_json, both)) for name, both in change.fields.items())
        )


def as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


class FamilyAdmin(ReadOnly):
    """A token family, with a shortened hash of its refresh token."""

    action = AccountAction.EXPORT
    shown = ("refresh_token", "scope", "created_at", "expires_at", "ended_at", "is_alive")
    newest_first = ("-created_at", "id")

    def get_queryset(self, request: HttpRequest) -> QuerySet[TokenFamily]:
        rows: QuerySet[TokenFamily] = super().get_queryset(request)  # type: ignore[misc]  # of Django's admin classes
        return rows.select_related("profile")

    @admin.display(description=A_HASH)
    def refresh_token(self, family: TokenFamily) -> str:
        return f"{family.digest[:SHORT]}…" if family.digest else ""

    @admin.display(description="Alive", boolean=True)
    def is_alive(self, family: TokenFamily) -> bool:
        return families.is_alive(family)


class SignIns(FamilyAdmin, Rows):
    """The profile's sign-ins, newest first, each with a button that ends it."""

    model = TokenFamily
    fields = readonly_fields = (*FamilyAdmin.shown, "end")
    ordering = FamilyAdmin.newest_first
    verbose_name_plural = f"Sign-ins, the newest {NEWEST}"

    @admin.display(description=A_HASH)
    def refresh_token(self, family: TokenFamily) -> str:
        url = reverse("admin:profiles_tokenfamily_change", args=[family.pk])
        return format_html('<a href="{}">{}</a>', url, super().refresh_token(family))

    @admin.display(description="Action")
    def end(self, family: TokenFamily) -> str:
        """A button for a second form on the page, which calls the action of `TokenFamilyAdmin`."""
        button = '<button class="button" form="end-family" name="{}" value="{}">{}</button>'
        named = (ACTION_CHECKBOX_NAME, family.pk, END)
        return format_html(button, *named) if families.is_alive(family) else ""


class ExternalIdentities(Rows):
    """The profile's identities at OpenID issuers. Only `manage.py identities` links them: a person who links
    their own identity to an account can sign in as its owner."""

    action = AccountAction.EXPORT
    model = ExternalIdentity
    fields = readonly_fields = ("issuer", "subject", "created_at", "not_before")
    ordering = ("-id",)


class State(admin.SimpleListFilter):
    """Filters sign-ins by whether they are active."""

    title = parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("living", "Living"), ("over", "Ended or expired")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[TokenFamily]) -> QuerySet[TokenFamily]:
        living = families.living(queryset)
        match self.value():
            case "living":
                return living
            case "over":
                return queryset.exclude(pk__in=living.values("pk"))
        return queryset


@admin.register(TokenFamily)
class TokenFamilyAdmin(FamilyAdmin, ClosedAdmin):
    """Lists and ends sign-ins."""

    fields = readonly_fields = ("id", "profile", "digest", *FamilyAdmin.shown[1:])
    list_display = ("id", "profile", *FamilyAdmin.shown)
    ordering = FamilyAdmin.newest_first
    list_filter = (State,)
    linked_lookups = ("profile__id__exact",)
    search_fields = ("=id", "profile__username")
    show_full_result_count = False
    actions = ("end",)

    @admin.action(description=END, permissions=["end"])
    def end(self, request: HttpRequest, chosen: QuerySet[TokenFamily]) -> None:
        actor = actor_of(request)
        for family in chosen:
            policy.require(actor, AccountAction.SIGN_OUT, family.profile)
        ended = families.end(chosen, request=request, by=actor.profile and actor.profile.pk)
        self.message_user(request, f"Families ended: {len(ended)}.", messages.SUCCESS if ended else messages.WARNING)

    def has_end_permission(self, request: HttpRequest) -> bool:
        return actor_of(request).is_staff


@admin.register(Profile)
class ProfileAdmin(ClosedAdmin):
    """Lists, finds and edits profiles. The admin does not create or delete accounts."""

    form = ProfileForm
    inlines = (SignIns, ExternalIdentities, History)
    list_display = ("username", "display_name", "email", "visibility", "is_active", "is_staff", "updated_at")
    list_filter = ("visibility", "is_active", "is_staff")
    search_fields = ("username", "display_name", "email")
    show_full_result_count = False
    ordering = ("id",)
    readonly_fields = ("id", "email_verified", "pending_email", "created_at", "updated_at", "updated_by")
    fields = (*EDITABLE, *readonly_fields, "version")

    def get_queryset(self, request: HttpRequest) -> ProfileQuerySet:
        return Profile.objects.visible_to(actor_of(request))

    def get_readonly_fields(self, request: HttpRequest, obj: Profile | None = None) -> list[str]:
        """The fields that the admin never writes, and those that the policy does not let the actor write."""
        writable = EDITABLE if obj is None else policy.writable(actor_of(request), obj, EDITABLE)
        return [*self.readonly_fields, *(name for name in EDITABLE if name not in writable)]

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> type[ProfileForm]:
        form = super().get_form(request, *args, **kwargs)
        return type(form.__name__, (form,), {"actor": actor_of(request)})

    def save_model(self, request: HttpRequest, obj: Profile, form: ProfileForm, change: bool) -> None:
        saved = form.serializer.save()
        if "is_staff" in form.changed_data:
            event: security.Event = "staff_granted" if saved.is_staff else "staff_withdrawn"
            security.log(event, saved, request=request, by=form.actor.profile.pk)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return actor_of(request).is_staff

    def has_view_permission(self, request: HttpRequest, obj: Profile | None = None) -> bool:
        return obj is None or policy.can(actor_of(request), Action.VIEW, obj)

    def has_change_permission(self, request: HttpRequest, obj: Profile | None = None) -> bool:
        return obj is None or policy.can(actor_of(request), Action.UPDATE, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Profile | None = None) -> bool:
        return False


admin.site.unregister(Group)  # the policy does not use groups
