"""The table of profiles' words, for the search on PostgreSQL.

`profiles_word` has one row per word and profile. Its primary key is also the search's index: for a word, an
`is_active` and a `visibility`, the newest profiles come first. Triggers on `profiles_profile` keep the table up to
date. They fire when one of their columns changes, so `ALTER COLUMN ... TYPE` on one of these columns needs the
triggers dropped first. If an upgrade of PostgreSQL changes how the configuration `simple` splits text, reverse this
migration and apply it again.

Cost at 1,000,000 profiles of 14 words: 1.3 GB and about three minutes. Writers wait briefly while the triggers are
created, and then at most for a batch of rows. Reversing it builds the former index, and writers wait for that.
"""

from typing import Any

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.db import migrations

FORMER = GinIndex(SearchVector("username", "display_name", "location", "bio", config="simple"), name="profile_words")
BATCH = 5_000  # profiles per transaction

TABLE = """
CREATE TABLE profiles_word (
    word text COLLATE "C" NOT NULL,
    is_active boolean NOT NULL,
    visibility varchar(10) NOT NULL,
    profile_id integer NOT NULL,
    PRIMARY KEY (word, is_active, visibility, profile_id)
);

CREATE FUNCTION profiles_words(profile profiles_profile) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
SELECT tsvector_to_array(to_tsvector(
    'simple', profile.username || ' ' || profile.display_name || ' ' || profile.location || ' ' || profile.bio))
$$;

CREATE FUNCTION profiles_keep_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        TRUNCATE profiles_word;
        RETURN NULL;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        DELETE FROM profiles_word
        WHERE word = ANY (profiles_words(OLD)) AND is_active = OLD.is_active AND visibility = OLD.visibility
            AND profile_id = OLD.id;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO profiles_word SELECT unnest(profiles_words(NEW)), NEW.is_active, NEW.visibility, NEW.id
        ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER words_added AFTER INSERT OR DELETE ON profiles_profile
FOR EACH ROW EXECUTE FUNCTION profiles_keep_words();

CREATE TRIGGER words_changed AFTER UPDATE OF username, display_name, location, bio, visibility, is_active
ON profiles_profile FOR EACH ROW
WHEN ((OLD.username, OLD.display_name, OLD.location, OLD.bio, OLD.visibility, OLD.is_active)
    IS DISTINCT FROM (NEW.username, NEW.display_name, NEW.location, NEW.bio, NEW.visibility, NEW.is_active))
EXECUTE FUNCTION profiles_keep_words();

CREATE TRIGGER words_truncated AFTER TRUNCATE ON profiles_profile
FOR EACH STATEMENT EXECUTE FUNCTION profiles_keep_words();
"""

# Whatever statistics the planner has, these statements scan a bounded number of index entries: each LATERAL has a
# LIMIT, which fixes the join order, and only conditions on columns of the index. The planner could turn a condition
# such as `profile_id = ANY (found)` into a filter on every entry of a word.
SEARCH = """
CREATE FUNCTION profiles_search(
    text text, most_words integer, most_lookups integer, actives boolean[], visibilities text[], own integer
) RETURNS SETOF integer LANGUAGE plpgsql STABLE
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    words text[];  -- the rarest first
    most integer;  -- profiles that are looked at
    first bigint[];  -- the number of entries of the rarest word, and the key of the oldest profile looked at
    seen record;  -- each `is_active` and `visibility` that the caller sees
    found integer[];
BEGIN
    SELECT array_agg(lexeme) INTO words FROM (
        SELECT lexeme FROM unnest(to_tsvector('simple', text)) ORDER BY positions[1] LIMIT most_words) AS lexemes;
    IF words IS NULL THEN
        RETURN;
    END IF;
    most := most_lookups / cardinality(words);
    -- Of words with more entries than are looked at, the rarest is the one whose newest entries reach furthest back.
    SELECT array_agg(asked.word ORDER BY entries, oldest), min(ARRAY[entries, oldest]) INTO words, first
    FROM unnest(words) AS asked (word), LATERAL (
        SELECT count(*) AS entries, coalesce((array_agg(profile_id))[most], 0) AS oldest FROM (
            SELECT newest.profile_id FROM unnest(actives, visibilities) AS visible (is_active, visibility), LATERAL (
                SELECT entry.profile_id FROM profiles_word AS entry
                WHERE entry.word = asked.word AND entry.is_active = visible.is_active
                    AND entry.visibility = visible.visibility
                ORDER BY entry.profile_id DESC LIMIT most + 1) AS newest
            ORDER BY newest.profile_id DESC LIMIT most + 1) AS looked_at) AS counted;
    FOR seen IN SELECT * FROM unnest(actives, visibilities) AS visible (is_active, visibility) LOOP
        found := ARRAY(
            SELECT entry.profile_id FROM profiles_word AS entry
            WHERE entry.word = words[1] AND entry.is_active = seen.is_active AND entry.visibility = seen.visibility
                AND entry.profile_id >= first[2]);
        FOR number IN 2 .. cardinality(words) LOOP
            EXIT WHEN found = '{}';
            found := ARRAY(
                SELECT id FROM unnest(found) AS candidate (id), LATERAL (
                    SELECT FROM profiles_word AS entry
                    WHERE entry.word = words[number] AND entry.is_active = seen.is_active
                        AND entry.visibility = seen.visibility AND entry.profile_id = candidate.id
                    LIMIT 1) AS entry);
        END LOOP;
        RETURN QUERY SELECT unnest(found);
    END LOOP;
    RETURN QUERY SELECT id FROM profiles_profile AS profile WHERE id = own AND words <@ profiles_words(profile);
END $$;
"""

FILL = """
WITH batch AS MATERIALIZED (
    SELECT profile FROM profiles_profile AS profile WHERE id > %s AND id <= %s ORDER BY id FOR SHARE)
INSERT INTO profiles_word
SELECT unnest(profiles_words(profile)), (profile).is_active, (profile).visibility, (profile).id FROM batch
ON CONFLICT DO NOTHING
"""

DROP = """
DROP FUNCTION profiles_search;
DROP TRIGGER words_added ON profiles_profile;
DROP TRIGGER words_changed ON profiles_profile;
DROP TRIGGER words_truncated ON profiles_profile;
DROP FUNCTION profiles_keep_words;
DROP FUNCTION profiles_words;
DROP TABLE profiles_word;
"""


def add(apps: Any, schema_editor: Any) -> None:
    """Create and fill the table. Each statement commits by itself, so only one batch of rows is locked, for seconds."""
    if schema_editor.connection.vendor != "postgresql":
        return
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(TABLE)
        cursor.execute(SEARCH)
        cursor.execute("SELECT coalesce(max(id), 0) FROM profiles_profile")
        (last,) = cursor.fetchone()
        for first in range(0, last, BATCH):
            cursor.execute(FILL, [first, first + BATCH])
        cursor.execute("ANALYZE profiles_word")
        cursor.execute("DROP INDEX CONCURRENTLY profile_words")


def remove(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(DROP)
        schema_editor.add_index(apps.get_model("profiles", "Profile"), FORMER)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("profiles", "0004_lists")]

    operations = [migrations.RunPython(add, remove)]
