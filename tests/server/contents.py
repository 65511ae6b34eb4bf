"""The whole content of a database, for comparison with another."""

from collections import Counter

SEQUENCES = "SELECT sequencename, last_value FROM pg_sequences"
STATE_OF_POSTGRESQL = (
    SEQUENCES,
    "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'",
    # By name only: PostgreSQL may rewrite an expression after a dump.
    "SELECT conrelid::regclass::text, conname, contype, convalidated FROM pg_constraint WHERE conrelid <> 0",
    "SELECT tgrelid::regclass::text, tgname, tgtype FROM pg_trigger WHERE NOT tgisinternal",
    "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
    (
        "SELECT attrelid::regclass::text, attname, format_type(atttypid, atttypmod), attnotnull, attidentity "
        "FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid "
        "WHERE relnamespace = 'public'::regnamespace AND NOT attisdropped"
    ),
)
STATE_OF_SQLITE = ("SELECT name, sql FROM sqlite_schema", "SELECT * FROM sqlite_sequence")


def rows(database, table):
    """Every row of a table, as {column: value}."""
    with database.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {database.ops.quote_name(table)}")  # noqa: S608  our own tables' names
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def counted(found):
    return Counter(tuple(row.items()) for row in found)


def everything(database):
    """The rows of each table, the sequences, and the schema."""
    found = {table: counted(rows(database, table)) for table in database.introspection.table_names()}
    with database.cursor() as cursor:
        for sql in STATE_OF_SQLITE if database.vendor == "sqlite" else STATE_OF_POSTGRESQL:
            cursor.execute(sql)
            found[sql] = Counter(cursor.fetchall())
    return found
