"""GraphQL over HTTP, checked with the audits of the npm package graphql-http."""

AUDITS = 61


def test_every_audit_is_ok(cast, server, node, report):
    done = node("audits.mjs", f"{server}/graphql/", cast.token("member"))
    audits = done.stdout.splitlines()
    report(f"{sum(line.startswith('ok |') for line in audits)} of {len(audits)} audits are ok")
    assert [line for line in audits if not line.startswith("ok |")] == []
    assert len(audits) == AUDITS, done.stderr
