"""The admin's page on profiles: a third door, behind the same policy, validation and write path."""

from typing import Any, cast

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from rest_framework.exceptions import ValidationError

from profiles import policy
from profiles.models import Change, Door, Profile, ProfileQuerySet
from profiles.outcomes import Refused
from profiles.policy import Action, Actor
from profiles.serializers import ProfileSerializer

# What is written under the name of its column; a form knows no other.
EDITABLE = [name for name, field in ProfileSerializer().fields.items() if not field.read_only and field.source == name]


def actor_of(request: HttpRequest) -> Actor:
    return Actor(request.user if isinstance(request.user, Profile) else None)


class ProfileForm(forms.ModelForm):
    """Validates what was changed with the serializer; the version that was shown is its condition."""

    actor: Actor
    version = forms.IntegerField(widget=forms.HiddenInput)

    class Meta:
        model = Profile
        fields = EDITABLE
        field_classes = {"website": forms.CharField}  # the serializer knows what an address is

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["version"].initial = self.instance.version

    def clean(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        sent = {name: cleaned[name] for name in (*self.changed_data, "version") if name in cleaned}
        context = {"actor": self.actor, "door": Door.ADMIN}
        self.serializer = ProfileSerializer(self.instance, data=sent, partial=True, context=context)
        try:
            self.serializer.is_valid(raise_exception=True)
        except Refused as refused:
            raise forms.ValidationError(refused.message) from refused
        except ValidationError as error:
            for name, messages in cast(dict[str, Any], error.detail).items():
                self.add_error(name, [str(message) for message in messages])
            return cleaned
        return {**cleaned, **self.serializer.validated_data}


class History(admin.TabularInline):
    """What was written to the profile, newest first."""

    model = Change
    fk_name = "profile"
    fields = readonly_fields = ("version", "at", "actor", "door", "request_id", "fields")
    ordering = ("-version",)
    extra = 0
    can_delete = False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None or policy.can(actor_of(request), Action.VIEW_HISTORY, obj)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    has_change_permission = has_add_permission


@admin.register(Profile)
class ProfileAdmin(admin.ModelAdmin):
    """Lists, finds and edits profiles. Accounts are neither made nor deleted here."""

    form = ProfileForm
    inlines = (History,)
    list_display = ("username", "display_name", "email", "visibility", "is_active", "is_staff", "updated_at")
    list_filter = ("visibility", "is_active", "is_staff")
    search_fields = ("username", "display_name", "email")
    ordering = ("id",)
    readonly_fields = ("id", "is_staff", "created_at", "updated_at", "updated_by")
    fields = (*EDITABLE, *readonly_fields, "version")

    def get_queryset(self, request: HttpRequest) -> ProfileQuerySet:
        return Profile.objects.visible_to(actor_of(request))

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> type[ProfileForm]:
        form = super().get_form(request, *args, **kwargs)
        return type(form.__name__, (form,), {"actor": actor_of(request)})

    def save_model(self, request: HttpRequest, obj: Profile, form: ProfileForm, change: bool) -> None:
        form.serializer.save()

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
