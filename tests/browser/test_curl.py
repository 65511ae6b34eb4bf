"""The curl commands that the studio copies, run by a real shell."""

import json
import os
import shutil
import subprocess

import pytest

from tests.server.conftest import ROOT

WEB = ROOT / "server" / "web"
STUB = """curl() { printf '%s\\0' "$@"; }\n"""  # replaces curl: prints its arguments
SET = {"TOKEN": 'a "$(echo token)"', "PASSWORD": "`echo p` $TOKEN 'q' !!", "GITHUB_TOKEN": "stolen", "HOME": "/stolen"}
HOSTILE = [
    "$TOKEN",
    "$GITHUB_TOKEN",
    "$PASSWORD",
    '"$GITHUB_TOKEN"',
    "'\"$GITHUB_TOKEN\"'",
    "${GITHUB_TOKEN}",
    "$(echo stolen)",
    "`echo stolen`",
    "$((1+1)) $'\\x41' $\"x\"",
    "' ; echo stolen ; '",
    "'\\''",
    "\\'; echo stolen; \\'",
    '" ; echo stolen ; "',
    "!! !echo !$",
    "a\nb\r\nc\td\n",
    "\\n\\ \\\\ \\",
    "%s %d %% %00 %24GITHUB_TOKEN",
    "-v --output=/tmp/x @/etc/passwd",
    "* ? [a-z] {a,b} ~ # & | < > ; ( )",
    "é €  \u202e\u2028 \U0001f511 \x01\x1b[2J",
    "\ue000PASSWORD\ue000 __PASSWORD__ {variable:PASSWORD}",
    '{"password": "$GITHUB_TOKEN"}',
    "EOF\nEOF\n",
    "",
]


@pytest.fixture(scope="session")
def wire():
    """Run the studio's own modules on requests: each request's command, and its body as the panel shows it."""
    script = """
        import { runnerImport } from "vite";
        const load = async (name) => (await runnerImport(`./src/wire/${name}.ts`)).module;
        const [{ curl }, { shown, withoutSecrets }] = [await load("curl"), await load("secrets")];
        const requests = JSON.parse(process.argv[1]);
        process.stdout.write(JSON.stringify(requests.map(({ origin, body, ...request }) => {
            const redacted = body === null ? null : withoutSecrets(body);
            return [curl({ ...request, body: redacted }, origin), redacted && shown(redacted)];
        })));
    """
    program = shutil.which("node") or pytest.fail("Node is not here: `make web` needs it.")

    def wire(*requests):
        command = [program, "--input-type=module", "--eval", script, json.dumps(requests)]
        done = subprocess.run(command, cwd=WEB, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return wire


def words_of(command, shell, tmp_path):
    """The arguments that `curl` gets when a shell runs the command."""
    program = [*shell, STUB + command]
    done = subprocess.run(
        program, env=SET | {"PATH": os.environ["PATH"]}, cwd=tmp_path, capture_output=True, check=True
    )
    assert done.stderr == b""
    return done.stdout.decode().split("\0")[:-1]


def request(body, path="/profiles/1/", headers=()):
    body = body and json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return {"origin": "https://example.com", "method": "PATCH", "path": path, "headers": list(headers), "body": body}


@pytest.mark.parametrize("shell", [("bash", "-c"), ("bash", "-O", "extglob", "-H", "-c"), ("sh", "-c")], ids=" ".join)
def test_a_shell_expands_nothing_that_was_typed(wire, shell, tmp_path):
    headers = [("content-type", "application/json"), ("authorization", "Bearer eyJhbGci…x3Qk")]
    sent = [
        request(
            {"bio": text, "nested": {"list": [text, {f"{text}, a name": text}, 1.5, True, None]}},
            path=f"/profiles/?search={text if text.isascii() and text.isprintable() else 'x'}",
            headers=[*headers, ("if-match", text if text.isprintable() else "x")],
        )
        for text in HOSTILE
    ]
    for one, (command, shown) in zip(sent, wire(*sent), strict=True):
        given = [("content-type", "application/json"), ("Authorization", f"Bearer {SET['TOKEN']}"), one["headers"][2]]
        options = [word for name, value in given for word in ("-H", f"{name}: {value}")]
        expected = ["-i", "--globoff", "-X", "PATCH", one["origin"] + one["path"], *options, "--data-raw", one["body"]]
        assert words_of(command, shell, tmp_path) == expected
        assert shown == one["body"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", HOSTILE)
def test_a_secret_comes_from_the_shell_and_stands_nowhere(wire, text, tmp_path):
    secrets = {
        "password": "hidden-1",
        "old_password": "hidden-2",
        "refreshToken": "hidden-3",
        "$(echo x)token": "hidden-4",
    }
    ((command, shown),) = wire(request({"username": text, **secrets, "bio": text}))
    assert "hidden" not in command + shown
    *_, body = words_of(command, ("bash", "-c"), tmp_path)
    by_hand = json.dumps(text, ensure_ascii=False)
    assert body == (
        f'{{"username":{by_hand},"password":"{SET["PASSWORD"]}","old_password":"","refreshToken":"",'
        f'"$(echo x)token":"","bio":{by_hand}}}'
    )
    assert '"password":"$PASSWORD","old_password":"$OLD_PASSWORD","refreshToken":"$REFRESH_TOKEN"' in shown


def test_a_request_without_a_body(wire, tmp_path):
    ((command, shown),) = wire(request(None))
    assert words_of(command, ("sh", "-c"), tmp_path) == [
        "-i",
        "--globoff",
        "-X",
        "PATCH",
        "https://example.com/profiles/1/",
    ]
    assert shown is None
