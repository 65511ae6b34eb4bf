from rest_framework import serializers

from tests.bench.stock.models import Profile


class ProfileSerializer(serializers.ModelSerializer):
    """All columns but the password: 17, as many values as our REST shows."""

    class Meta:
        model = Profile
        fields = [
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
        read_only_fields = ["is_active", "is_staff", "last_login", "updated_by", "version"]


class ProfileSummarySerializer(serializers.ModelSerializer):
    class Meta:
        model = Profile
        fields = ["username", "display_name", "bio", "location"]
