"""The commands."""

from django.contrib.auth import authenticate
from django.core.management import call_command

from profiles.management.commands.demo import PASSWORD
from profiles.models import Profile


def test_demo_puts_three_accounts_into_a_new_database(db, settings, capsys):
    settings.DEBUG = True
    call_command("demo", url="http://127.0.0.1:9")
    assert list(Profile.objects.order_by("pk").values_list("username", "is_staff")) == [
        ("john_doe", False),
        ("jane_doe", False),
        ("sam_staff", True),
    ]
    assert authenticate(username="john_doe", password=PASSWORD)
    printed = capsys.readouterr().out
    assert "curl -s http://127.0.0.1:9/auth/token/" in printed
    call_command("demo")
    assert Profile.objects.count() == 3


def test_demo_makes_up_as_many_as_are_wanted(db, settings):
    settings.DEBUG = True
    call_command("demo", profiles=2_500)
    call_command("demo", profiles=10)
    assert Profile.objects.count() == 3 + 2_510
    for profile in Profile.objects.order_by("?")[:20]:
        profile.full_clean(exclude=["password"])
        assert profile.username in ("john_doe", "jane_doe", "sam_staff") or not profile.has_usable_password()


def test_demo_leaves_a_database_alone_that_is_not_new(cast, settings, capsys):
    settings.DEBUG = True
    call_command("demo")
    assert not Profile.objects.named("john_doe").exists()
    assert not capsys.readouterr().out
