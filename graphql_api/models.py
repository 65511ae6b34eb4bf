"""Models of the GraphQL API: registered documents."""

from django.db import models
from django.utils import timezone

ID_LENGTH = 200
ID_PATTERN = rf"[A-Za-z0-9._~:+/=-]{{1,{ID_LENGTH}}}"  # characters of GraphQL over HTTP's draft and of base64


class Document(models.Model):
    """A registered document. Its text never changes: another text has another id."""

    id = models.CharField(
        primary_key=True, max_length=ID_LENGTH, help_text="By which clients ask for it: the one of its manifest."
    )
    digest = models.CharField(max_length=64, help_text="The SHA-256 of its text, in hexadecimal.")
    text = models.TextField()
    added_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["digest"], name="document_digest")]

    def __str__(self) -> str:
        return self.id
