"""Who may do what to a note. Everything else is denied."""

from django.db.models import Q

from profiles.core.policy import READS, Policy


class NotePolicy(Policy):
    visible_fields = {"title", "body", "shared"}

    def visible(self, actor):
        shared = Q(shared=True)
        return shared if actor.is_anonymous else shared | Q(owner=actor.profile)

    def sees(self, actor, row):
        return row.shared or self.owns(actor, row)

    def can(self, actor, action, row):
        return self.sees(actor, row) if action in READS else actor.may_write and self.owns(actor, row)

    def may_create(self, actor):
        return actor.may_write and not actor.is_anonymous

    def given(self, actor):
        return {"owner": actor.profile}

    def owns(self, actor, row):
        return not actor.is_anonymous and row.owner_id == actor.profile.pk
