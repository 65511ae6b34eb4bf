"""The admin site: rate limits, password changes through `accounts`, and lists with declared filters only."""

from collections.abc import Callable
from functools import wraps
from typing import Any, ClassVar, cast

from django import forms
from django.contrib.admin import AdminSite, FieldListFilter, ModelAdmin
from django.contrib.admin.forms import AdminPasswordChangeForm
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import get_fields_from_path
from django.contrib.admin.views.main import SEARCH_VAR, ChangeList, ChangeListSearchForm
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.views import PasswordChangeView
from django.core.exceptions import BadRequest, ImproperlyConfigured, ValidationError
from django.core.validators import MaxLengthValidator
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse

from profiles.core.outcomes import Outcome, Refused
from profiles.fields import Password
from profiles.identity import accounts, security
from profiles.identity.callers import actor_of
from profiles.identity.throttling import Budget, count_password_change, sign_in_attempts, spend
from profiles.models import Profile

LONGEST_SEARCH = 100  # characters: each word adds a condition for each of the `search_fields`
UNUSED = {"autocomplete", "view_on_site"}  # removed views, which can read rows of any model


class PasswordForm(AdminPasswordChangeForm):
    """The form for changing one's own password; `request` is for rate limits and the security log."""

    user: Profile

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request
        for field in self.fields.values():
            field.validators.append(MaxLengthValidator(Password.MOST_CHARACTERS))

    def clean_old_password(self) -> str:
        count_password_change(self.request, self.user)
        return str(super().clean_old_password())

    def save(self, commit: bool = True) -> Profile:
        self.user = accounts.change_password(self.user, self.cleaned_data["new_password1"])
        security.log("password_changed", self.user, request=self.request)
        return self.user


class PasswordView(PasswordChangeView):
    form_class = PasswordForm

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "request": self.request}

    def form_valid(self, form: PasswordChangeForm) -> HttpResponse:
        """Save. If a concurrent request changed the password after this one verified it, report a wrong password."""
        try:
            return super().form_valid(form)
        except Refused as refused:
            if refused.outcome is not Outcome.UNAUTHENTICATED:
                raise
            form.add_error("old_password", form.error_messages["password_incorrect"])
            return self.form_invalid(form)


class SearchForm(ChangeListSearchForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields[SEARCH_VAR] = forms.CharField(required=False, strip=False, max_length=LONGEST_SEARCH)


class ClosedList(ChangeList):
    search_form_class = SearchForm


class ClosedAdmin(ModelAdmin):
    """The base of every admin class here.

    A list can be filtered by its `list_filter`, searched in its `search_fields` and ordered by its `list_display`; it
    refuses all other lookups. Django's own ModelAdmin allows lookups on other columns, with which staff could read a
    password hash character by character (`?password__startswith=`).
    """

    linked_lookups: ClassVar[tuple[str, ...]] = ()  # further lookups, used by links on these pages

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        return lookup in self.linked_lookups or lookup in self._declared_lookups(cast(HttpRequest, request))

    def _declared_lookups(self, request: HttpRequest) -> set[str]:
        """The query parameters of `list_filter`, whose items are field names or filter classes."""
        lookups: set[str] = set()
        for declared in self.get_list_filter(request):
            if isinstance(declared, str):
                field: Any = get_fields_from_path(self.model, declared)[-1]
                of_field = FieldListFilter.create(field, request, {}, self.model, self, field_path=declared)
                lookups.update(name for name in of_field.expected_parameters() if name)
            else:
                lookups.add(cast(Any, declared).parameter_name)
        return lookups

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return ClosedList

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """As in Django. Raises `BadRequest`: an action's selected key is invalid."""
        for key in request.POST.getlist(ACTION_CHECKBOX_NAME):
            try:
                self.opts.pk.clean(key, None)
            except ValidationError as error:
                raise BadRequest("A chosen row's key is not of the form of one") from error
        return super().changelist_view(request, extra_context)


class Site(AdminSite):
    """Django's admin site with rate limits on POST, sign-in attempts, and password changes through `accounts`."""

    def get_urls(self) -> list[Any]:
        """Django's URLs without `UNUSED`. Raises `ImproperlyConfigured`: a model's admin is not a `ClosedAdmin`."""
        for model, model_admin in self._registry.items():
            if not isinstance(model_admin, ClosedAdmin):
                raise ImproperlyConfigured(f"Register {model.__name__} with a subclass of ClosedAdmin.")
        return [url for url in super().get_urls() if getattr(url, "name", None) not in UNUSED]

    def admin_view(self, view: Callable[..., HttpResponseBase], cacheable: bool = False) -> Any:
        return _counted(super().admin_view(_without_nul(view), cacheable))

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if request.method == "POST":
            attempts = sign_in_attempts(request, request.POST.get("username"))
            spend(request, actor_of(request), Budget.WRITES, attempts=attempts)
        return super().login(request, extra_context)

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        view = PasswordView.as_view(
            success_url=reverse("admin:password_change_done"),
            extra_context={**self.each_context(request), **(extra_context or {})},
        )
        return cast(TemplateResponse, view(request))


def _counted(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Decorate a view to count each POST against the caller's write budget."""

    @wraps(view)
    def counted(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method == "POST":
            spend(request, actor_of(request), Budget.WRITES)
        return view(request, *args, **kwargs)

    return counted


def _without_nul(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Decorate a view to raise `BadRequest` for NUL in the URL's query, which PostgreSQL cannot store."""

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if any("\0" in text for name, values in request.GET.lists() for text in (name, *values)):
            raise BadRequest("NUL in the query")
        return view(request, *args, **kwargs)

    return checked
