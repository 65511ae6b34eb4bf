"""`Profile` with the columns that our REST API shows."""

from django.contrib.auth.models import AbstractBaseUser, PermissionsMixin, UserManager
from django.db import models


class Profile(AbstractBaseUser, PermissionsMixin):
    class Visibility(models.TextChoices):
        PUBLIC = "public"
        MEMBERS = "members"
        PRIVATE = "private"

    username = models.CharField(max_length=50, unique=True)
    email = models.EmailField()
    bio = models.TextField(max_length=2000, blank=True)
    display_name = models.CharField(max_length=100, blank=True)
    location = models.CharField(max_length=100, blank=True)
    website = models.URLField(blank=True)
    time_zone = models.CharField(max_length=64, default="UTC")
    visibility = models.CharField(max_length=10, choices=Visibility.choices, default=Visibility.MEMBERS)
    email_public = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    updated_by = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    version = models.PositiveIntegerField(default=1)

    objects = UserManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["email"]

    class Meta:
        ordering = ["-id"]

    def __str__(self):
        return self.username


SHOWN = [  # 17 columns, as many values as our REST API shows: all but the password and the permissions
    "id",
    "username",
    "email",
    "bio",
    "display_name",
    "location",
    "website",
    "time_zone",
    "visibility",
    "email_public",
    "is_active",
    "is_staff",
    "last_login",
    "created_at",
    "updated_at",
    "updated_by",
    "version",
]
