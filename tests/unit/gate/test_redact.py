"""What counts as a secret, what survives, and what is left of a text after masking.

The samples are put together from halves, so that no scanner stumbles over this file.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.gate import pairs, redact
from counterfoil.gate.redact import RULES, Finding, mask, scan

A20 = "aB3dE5fG7hJ9kL1mN3pQ"
A40 = A20 + "rS5tU7vW9xY1zA3bC5dF"
JWT = "eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIxMjM0NTY3ODkwIn0." + "dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
AWS_SECRET = "wJalrXUtnFEMI/K7MDENG" + "/bPxRfiCYEXAMPLEKEY"
PEM = "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIEowIBAAKCAQEA7\nxyz+/=\n-----END RSA " + "PRIVATE KEY-----"

SECRETS = [
    ("github-token", "ghp_" + A40[:36]),
    ("github-token", "gho_" + A40[:36]),
    ("github-token", "ghu_" + A40[:36]),
    ("github-token", "ghs_" + "a" * 36),
    ("github-token", "ghr_" + A40),
    ("github-token", "github_" + "pat_11ABCDEFG0aBcDeFgHiJkL_" + A40),
    ("gitlab-token", "glpat" + "-" + A20),
    ("gitlab-token", "glpat" + "-x_y3-Z_q-Ab8-_Cd-Ef_"),
    ("slack-token", "xoxb" + "-123456789012-1234567890123-" + A20),
    ("slack-token", "xoxp" + "-123456789012-123456789012-" + A20),
    ("slack-webhook", "hooks.slack.com/" + "services/T01234567/B01234567/" + A20),
    ("stripe-key", "sk_" + "live_" + A20),
    ("stripe-key", "rk_" + "live_" + A20),
    ("stripe-key", "sk_" + "test_" + A20),
    ("google-api-key", "AIza" + "SyA-" + A40[:31]),
    ("npm-token", "npm_" + A40[:36]),
    ("pypi-token", "pypi" + "-AgEIcHlwaS5vcmc" + A40),
    ("openai-key", "sk" + "-" + A40 + "abcd1234"),
    ("openai-key", "sk" + "-proj-" + A40),
    ("anthropic-key", "sk" + "-ant-api03-" + A40 + "-" + A20),
    ("aws-access-key-id", "AKIA" + "IOSFODNN7EXAMPLE"),
    ("aws-access-key-id", "ASIA" + "Y34FZKBOKMUTVV7A"),
    ("json-web-token", JWT),
    ("private-key", PEM),
    ("private-key", PEM.replace("RSA ", "")),
    ("private-key", PEM.replace("RSA ", "OPENSSH ")),
    ("private-key", PEM.replace("RSA ", "PGP ").replace("KEY-", "KEY BLOCK-")),
    ("counterfoil-key", "cf" + "_claude_k3v9x2ab." + A40 + "aB4"),
    ("counterfoil-key", "cf" + "_a-b_c_00000000." + "-_x9-_Y-a_" * 4 + "-_0"),
    ("counterfoil-key", "cf" + "_claude_k3v9x2ab." + A20),
    ("webhook-secret", "whsec" + "_" + A40),
    ("webhook-secret", "whsec" + "_G78TEiZWxuGVwY4LjD4UjFGw+B4+1L/3Yu6wYLzaQo0"),
]

PAIRS = [
    ("password", "password=", "hunter2"),
    ("password", "password = ", "hunter2"),
    ("password", "Password: ", "hunter2"),
    ("password", "PASSWORD=", "Tr0ub4dor&3"[:9]),
    ("password", "DB_PASSWORD        = ", "s3cr3t!x"),
    ("password", "**Password:** ", "hunter2"),
    ("password", "**Password**: ", "hunter2"),
    ("password", '{"password": "', "hunter2"),
    ("password", '{\\"password\\": \\"', "hunter2"),
    ("password", "config['password'] = '", "p@ssw0rd"),
    ("password", "PASSPHRASE: ", "open5esame"),
    ("password", "pwd=", "12345678"),
    ("password", "Server=db;Pwd=", "hunter2"),
    ("credential", "api_key: ", "9f86d081884c7d659a2feaa0c55ad015"),
    ("credential", "X-API-Key: ", "9f86d081884c7d659a2feaa0c55ad015"),
    ("credential", "apiKey = '", A20),
    ("credential", "token=", A20),
    ("credential", "session_token: ", "550e8400-e29b-41d4-a716-446655440000"),
    ("credential", "clientSecret: ", A40),
    ("aws-secret-key", "aws_secret_access_key = ", AWS_SECRET),
    ("aws-secret-key", "AWS Secret Access Key: ", AWS_SECRET),
    ("authorization", "Authorization: Bearer ", A20),
    ("authorization", "-H 'authorization: token ", A20),
    ("url-credentials", "https://user:", "pass"),
    ("url-credentials", "postgres://app:", "s3cr3t"),
    ("url-credentials", "redis://:", "s3cr3t"),
]

HARMLESS = [
    "src/auth/password_reset.py and ~/.config/token.json, see docs/secret-handling.md",
    "https://example.com/a/b?q=1#token, http://localhost:8080/@scope/pkg, ssh://git@github.com/o/r",
    "https://registry.example/@scope/pkg and https://medium.example:443/@somebody",
    "git@github.com:org/repo.git",
    "cf_claude_k3v9x2ab is the key's id, cf_push_buildpack.sh, cf_<name>_<key id>.<secret>, pcf_x_k3v9x2ab."
    + "a" * 43,
    "cf_name_k3v9x2ab.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx and whsec_ alone",
    "3f786850e387550fdab836ed7e6dc881de23001b",
    "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "01ARZ3NDEKTSV4RRFFQ69G5FAV and TK-01ARZ3ND",
    "fencing token: 01ARZ3NDEKTSV4RRFFQ69G5FAV",
    "550e8400-e29b-41d4-a716-446655440000",
    "terminalSessionId: 4f6c2d8e9b0a4c1d8e7f6a5b4c3d2e1f",
    "input_tokens: 123, output_tokens=4567, max_tokens: 4096000000000000",
    "token: <your token>",
    "token: your-token-goes-here-1234",
    "password: ********",
    "password=${DB_PASSWORD} TOKEN=$TOKEN secret={{ vault_secret_1 }} key=%API_KEY%",
    "reset the password: required, at least 8 characters",
    "- [ ] Password: must contain 8 characters and 1 digit",
    'password: "must contain 8 characters"',
    "password\nhunter2",
    "password:\n  hunter2",
    "hash the password: argon2id with 64 MB",
    "forgot password: TK-01ARZ3ND covers it, jane@corp.io reported it",
    "password = os.environ['DB_PASSWORD1']",
    "password: config.database.password2",
    "password: ./secrets/db1 or src/auth/password2.py",
    "password = getpass.getpass('Password1: ')",
    "secret: kube-system/my-app-credentials-v2",
    "token: 2026-02-16T18:22:11Z",
    "token: https://vault.example/v1/secret/data",
    "primary_key: 9f86d081884c7d659a2feaa0c55ad015",
    "monkey: 9f86d081884c7d659a2feaa0c55ad015",
    "api_key: placeholder-1234567890ab",
    "ghp_" + "x" * 36,
    "ghp_xxxx… or ghp_…",
    "sk-" + "X" * 24,
    "AKIA" + "X" * 16,
    "sk-learn-based-classifier-pipeline-for-images, task-force-members-of-the-month",
    "pypi-publish-action-with-a-very-long-name",
    "npm_config_registry npm_package_version_string",
    "xoxb-your-token-here-1 xoxb-token-goes-here-please",
    "https://hooks.slack.com/services/T00000000/B00000000/" + "X" * 24,
    "postgres://user:<password>@host/db https://x-access-token:${TOKEN}@github.com/o/r",
    "Authorization: Bearer <token>",
    "the authorization: Bearer scheme of the proxy",
    "eyJhbGciOiJIUzI1NiJ9... is how one begins",
    "the line that says PRIVATE KEY, and -----BEGIN CERTIFICATE-----",
    "mask the AKIA prefix and the word ASIA in ASIAN",
]


@pytest.mark.parametrize(("rule", "secret"), SECRETS)
@pytest.mark.parametrize(
    "around", ["{}", "The key is {}.", "first\n\n  `{}`", "x={}\n", '("{}")', "→{}←", "🔑{}"]
)
def test_a_known_token_is_found_by_rule_and_place(rule: str, secret: str, around: str) -> None:
    text = around.format(secret)
    lead = text[: text.index(secret)]
    place = Finding(rule, lead.count("\n") + 1, len(lead.rpartition("\n")[2]) + 1)
    assert scan(text) == [place]


@pytest.mark.parametrize(("rule", "lead", "value"), PAIRS)
@pytest.mark.parametrize("before", ["", "line one\nüber "])
def test_a_value_behind_a_telling_name_is_found_where_it_begins(
    rule: str, lead: str, value: str, before: str
) -> None:
    closing = {"'": "'", '"': '"'}.get(lead[-1], "@host/x" if "://" in lead else "")
    line, column = (2, len("über ") + len(lead) + 1) if before else (1, len(lead) + 1)
    assert scan(f"{before}{lead}{value}{closing}") == [Finding(rule, line, column)]


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_no_secret_survives_unchanged(text: str) -> None:
    assert (scan(text), mask(text)) == ([], (text, {}))


def test_a_finding_never_carries_the_secret() -> None:
    finding = scan("token " + SECRETS[0][1])[0]
    assert finding.as_data() == {"rule": "github-token", "line": 1, "column": 7}
    assert SECRETS[0][1] not in repr(finding)


def test_a_secret_key_beside_its_access_key_id_is_found_too() -> None:
    row = SECRETS[20][1] + "," + AWS_SECRET
    assert mask(row) == (
        "[aws-access-key-id-redacted],[aws-secret-key-redacted]",
        {"aws-access-key-id": 1, "aws-secret-key": 1},
    )


@pytest.mark.parametrize(
    ("text", "masked", "counts"),
    [
        ("plain", "plain", {}),
        ("password=hunter2 and more", "password=[password-redacted] and more", {"password": 1}),
        ("pg://app:s3cr3t@db/x", "pg://app:[url-credentials-redacted]@db/x", {"url-credentials": 1}),
        (f"token: {SECRETS[0][1]}, ok", "token: [github-token-redacted], ok", {"github-token": 1}),
        (
            f"https://x:{SECRETS[0][1]}@github.com",
            "https://x:[github-token-redacted]@github.com",
            {"github-token": 1},
        ),
        (f"a\n{PEM}\nb", "a\n[private-key-redacted]\nb", {"private-key": 1}),
        (f"{JWT}. {JWT}", "[json-web-token-redacted]. [json-web-token-redacted]", {"json-web-token": 2}),
    ],
)
def test_masking_takes_out_the_secret_and_nothing_else(
    text: str, masked: str, counts: dict[str, int]
) -> None:
    assert mask(text) == (masked, counts)


def test_a_private_key_that_was_cut_off_is_masked_as_far_as_it_goes() -> None:
    cut = PEM[: PEM.index("-----END")]
    assert mask(f"{cut}# Next steps")[0] == "[private-key-redacted]\n# Next steps"
    assert mask(f"{cut}\n{PEM}")[1] == {"private-key": 2}


TEXT = st.text(
    st.one_of(
        st.sampled_from("aA1_-:=/@.\n\"'`* |,"),
        st.characters(),
    ),
    max_size=30,
)
FRAGMENTS = st.lists(
    st.one_of(
        TEXT,
        st.sampled_from([secret for _, secret in SECRETS]),
        st.sampled_from([lead + value for _, lead, value in PAIRS]),
        st.sampled_from([secret[: len(secret) // 2] for _, secret in SECRETS]),
        st.sampled_from(HARMLESS),
        st.sampled_from(
            ["-----BEGIN ", "-----END ", "PRIVATE KEY-----", "://", "@", "password", "token", ": ", "="]
        ),
        st.sampled_from([f"[{rule}-redacted]" for rule in RULES]),
    ),
    max_size=6,
).map("".join)


@given(FRAGMENTS)
def test_masked_text_has_no_findings_and_masking_twice_changes_nothing(text: str) -> None:
    masked, counts = mask(text)
    assert scan(masked) == []
    assert mask(masked) == (masked, {})
    assert bool(counts) == bool(scan(text))


@given(FRAGMENTS)
def test_the_first_look_never_hides_what_the_rules_would_find(text: str) -> None:
    every = {finder for finders in redact._HINTS.values() for finder in finders}
    every |= {redact._find_url_credentials, redact._find_slack_webhooks, pairs.find_pairs}
    assert redact._spans(text, redact._suspects(text)) == redact._spans(text, list(every))


@given(FRAGMENTS)
def test_findings_stand_in_order_inside_of_the_text(text: str) -> None:
    places = [(finding.line, finding.column) for finding in scan(text)]
    lines = text.split("\n")
    assert places == sorted(set(places))
    assert all(1 <= line <= len(lines) and 1 <= column <= len(lines[line - 1]) for line, column in places)


class Meter(str):
    """A text that counts the characters that were copied out of it: a measure of work without a clock."""

    __slots__ = ()
    copied = 0

    def __getitem__(self, key: object) -> str:
        piece = super().__getitem__(key)  # type: ignore[index]
        Meter.copied += len(piece)
        return piece

    def translate(self, table: object) -> Meter:
        return Meter(super().translate(table))  # type: ignore[arg-type]


def work(finder: redact.Finder, unit: str, times: int) -> int:
    Meter.copied = 0
    for _ in finder(Meter(unit * times)):
        pass
    return Meter.copied


HOSTILE = [
    "sk-", "ghp_", "github_pat_", "glpat-", "xoxb-", "eyJ.", "eyJa.eyJb", "AIza", "AKIA", "pypi-", "A", "-",
    "://", "://a:b@", "a://" + "b" * 600, "password=", "password: '", "token:", "api_key = \\", "PRIVATE KEY",
    "-----BEGIN PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----\nab\n", "hooks.slack.com/services/",
    "authorization: bearer ",
]  # fmt: skip


@pytest.mark.parametrize("unit", HOSTILE)
def test_ten_times_the_hostile_text_is_about_ten_times_the_work_and_not_a_hundred(unit: str) -> None:
    every = {finder for finders in redact._HINTS.values() for finder in finders}
    every |= {redact._find_url_credentials, redact._find_slack_webhooks, pairs.find_pairs}
    for finder in every:
        small, large = work(finder, unit, 500), work(finder, unit, 5_000)
        assert large <= 15 * small + 10_000


@pytest.mark.parametrize("unit", HOSTILE)
def test_a_megabyte_of_hostile_text_is_scanned_and_masked(unit: str) -> None:
    text = unit * (1_000_000 // len(unit))
    assert scan(mask(text)[0]) == []
