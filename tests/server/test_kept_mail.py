"""Mail on a developer's machine: printed, stored as files, and shown at `/mail/`."""

import stat

import pytest
from django.core.mail import EmailMultiAlternatives
from django.urls import NoReverseMatch, reverse

from server import mail, pages


@pytest.fixture
def folder(settings, tmp_path):
    settings.EMAIL_BACKEND, settings.EMAIL_FILE_PATH = "server.mail.Backend", tmp_path / "mail"
    return tmp_path / "mail"


def send(subject, text):
    message = EmailMultiAlternatives(subject, text, to=["somebody@example.com"])
    message.attach_alternative("<p>In HTML</p>", "text/html")
    assert message.send() == 1


def test_the_page_shows_what_was_sent_the_newest_first(folder, rf, capsys):
    show = lambda: pages.plain(mail.page)(rf.get("/mail/")).content.decode()  # noqa: E731
    assert "There is none yet" in show()
    send("The first", "WDJB-MJHT <script>\n\nhttp://127.0.0.1:8000/#/account")
    send("The second, für alle", "Ein Gruß")
    text = show()
    assert text.index("The second, für alle") < text.index("The first")
    for part in ("somebody@example.com", "WDJB-MJHT &lt;script&gt;", 'href="http://127.0.0.1:8000/#/account"', "Gruß"):
        assert part in text
    assert "WDJB-MJHT" in capsys.readouterr().out
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_production_has_no_such_page(client):
    with pytest.raises(NoReverseMatch):
        reverse("mail")
    assert client.get("/mail/").status_code == 404
