"""The admin's site: Django's, but that a password is changed by the write path, each attempt counted."""

from typing import Any, cast

from django.contrib.admin import AdminSite
from django.contrib.admin.forms import AdminPasswordChangeForm
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.views import PasswordChangeView
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from profiles import security, writing
from profiles.models import Profile
from profiles.outcomes import Refused
from profiles.throttling import count_sign_in


class PasswordForm(AdminPasswordChangeForm):
    user: Profile

    def clean_old_password(self) -> str:
        count_sign_in(None, self.user.username)
        return str(super().clean_old_password())

    def save(self, commit: bool = True) -> Profile:
        self.user = writing.change_password(self.user, self.cleaned_data["new_password1"])
        security.log("password_changed", self.user)
        return self.user


class PasswordView(PasswordChangeView):
    form_class = PasswordForm

    def form_valid(self, form: PasswordChangeForm) -> HttpResponse:
        """Save; where another request changed the password since this one verified it, it is the wrong one."""
        try:
            return super().form_valid(form)
        except Refused:
            form.add_error("old_password", form.error_messages["password_incorrect"])
            return self.form_invalid(form)


class Site(AdminSite):
    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        view = PasswordView.as_view(
            success_url=reverse("admin:password_change_done"),
            extra_context={**self.each_context(request), **(extra_context or {})},
        )
        return cast(TemplateResponse, view(request))
