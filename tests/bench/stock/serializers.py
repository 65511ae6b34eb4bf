from rest_framework import serializers

from tests.bench.stock.models import SHOWN, Profile


class ProfileSerializer(serializers.ModelSerializer):
    class Meta:
        model = Profile
        fields = SHOWN
        read_only_fields = ["is_active", "is_staff", "last_login", "updated_by", "version"]


class ProfileSummarySerializer(serializers.ModelSerializer):
    class Meta:
        model = Profile
        fields = ["username", "display_name", "bio", "location"]
