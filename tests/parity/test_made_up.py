"""Random inputs: both APIs must return and store the same."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from profiles.models import Profile
from profiles.policy import Visibility
from tests.parity.test_cases import comparable
from tests.state import stored, undone

ANYTHING = st.text(st.characters(codec=None), max_size=60)
TEXT = st.one_of(
    st.none(),
    ANYTHING,
    st.sampled_from(
        ["", " ", "known", "KNOWN", "owner", "new", "a@b.co", "https://example.com", "Europe/Madrid", "\0"]
    ),
    st.sampled_from("abé\u202e\ud800\n").flatmap(lambda c: st.integers(0, 2100).map(lambda n: c * n)),
)
FLAG = st.one_of(st.none(), st.booleans())
VALUES = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("username", "email", "bio", "display_name", "location", "website", "time_zone"), TEXT),
        "visibility": st.one_of(st.none(), st.sampled_from(Visibility.values)),
        "email_public": FLAG,
        "is_active": FLAG,
        "version": st.one_of(st.none(), st.integers(-1, 3)),
    },
)


@given(
    actor=st.sampled_from(["anonymous", "member", "owner", "owner (read)", "staff"]),
    operation=st.sampled_from(["update", "replace"]),
    target=st.sampled_from(["owner", "known", "hidden", "gone"]),
    values=VALUES,
)
@settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_both_apis_say_and_store_the_same(cast, apis, actor, operation, target, values):
    answers, rows = [], []
    token = cast.token(actor)
    for api in apis:
        with undone():
            before = stored()
            answers.append(getattr(api, operation)(cast.pk(target), values, token=token))
            rows.append(Profile.objects.filter(pk=cast.pk(target)).values().get() | {"updated_at": None})
            if answers[-1].outcome != "done":
                assert stored() == before
    assert comparable(answers[0]) == comparable(answers[1])
    assert rows[0] == rows[1]
    assert answers[0].outcome != "INTERNAL"
