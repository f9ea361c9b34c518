"""Named commands and destinations: what the configuration says, and nothing that a payload could add."""

from __future__ import annotations

import hashlib
import sys
from typing import TYPE_CHECKING, Any

import pytest
from unit.usecases.actions.action_scene import TOKEN, Workshop

from counterfoil.errors import ConflictError, CounterfoilError, HostError, InputError
from counterfoil.testing.outbound import MemoryOutbound
from counterfoil.usecases.actions import executing, preparing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from counterfoil.usecases.actions.prepared import Prepared
    from counterfoil.usecases.context import Context

SCRIPT = (
    "import os, sys; print(sys.argv[1:], os.environ['COUNTERFOIL_PROPOSAL']); open('ran', 'a').write('x')"
)
DEPLOY = f"""
[commands.deploy]
argv = [{sys.executable!r}, "-c", {SCRIPT!r}, "{{environment}}", "literal {{environment}}"]
probe = [{sys.executable!r}, "-c", "import os, sys; sys.exit(0 if os.path.exists('ran') else 1)"]
timeout_s = 20
[commands.deploy.parameters]
environment = "staging|production|.*x"
"""
ARGUMENTS = [{"name": "environment", "value": "staging"}]
PROPOSAL = "P-0123456789ABCDEF"


def body_of(prepared: Prepared) -> dict[str, Any]:
    """Returns what the gate seals of a prepared action, as far as its executor looks at it."""
    return {"id": PROPOSAL, "action": prepared.action, "payload": prepared.payload}


class Configured:
    """A project whose user has a configuration."""

    def __init__(self, shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
        self.shop = shop
        self.folder = shop.repository.path.parent / "own"
        monkeypatch.setenv("XDG_CONFIG_HOME", str(self.folder))
        self.outbound = MemoryOutbound()

    def write(self, text: str) -> None:
        """Writes the user's own configuration."""
        (self.folder / "counterfoil").mkdir(parents=True, exist_ok=True)
        (self.folder / "counterfoil/config.toml").write_text(text, "utf-8")

    def context(self) -> Context:
        """Returns a context whose requests are kept."""
        context = self.shop.context()
        context.outbound = self.outbound
        return context

    def prepare(self, name: str, **payload: object) -> Prepared:
        """Prepares an action."""
        return preparing.prepare(self.context(), name, payload, actor="agent:claude")

    def run(self, prepared: Prepared, attempt: int = 1) -> Mapping[str, Any]:
        """Runs a prepared action."""
        return executing.run_outside(self.context(), body_of(prepared), attempt=attempt)

    def probe(self, prepared: Prepared) -> Mapping[str, Any] | None:
        """Asks whether it has happened."""
        return executing.probe_outside(self.context(), body_of(prepared), attempt=1)


@pytest.fixture
def own(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> Configured:
    """A project whose user has a configuration."""
    return Configured(shop, monkeypatch)


# --- commands ---------------------------------------------------------------------------------------


def test_a_named_command_runs_in_the_project_with_its_parameters_as_words_of_their_own(
    own: Configured,
) -> None:
    own.write(DEPLOY)
    prepared = own.prepare("command.run", command="deploy", arguments=ARGUMENTS)
    assert "'staging'" in prepared.shown.text
    assert prepared.facts[0].action == "command.run"
    assert prepared.facts[0].paths is None, "a command may write anywhere"
    assert prepared.facts[0].priority is None, "leaving out the ticket makes no rule miss"
    assert own.probe(prepared) == {}
    result = own.run(prepared)
    assert result["status"] == 0
    assert result["output"] == f"['staging', 'literal {{environment}}'] {PROPOSAL}\n"
    assert (own.shop.repository.path / "ran").read_text() == "x"
    found = own.probe(prepared)
    assert found is not None
    assert found["probed"] is True


@pytest.mark.parametrize(
    "value", ["dev", "staging\n", "-x", "--to=x", "staging;x\ny", "", "x" * 1001, "\u202ex"]
)
def test_a_value_that_does_not_match_as_a_whole_or_would_be_an_option_is_refused(
    own: Configured, value: str
) -> None:
    own.write(DEPLOY)
    with pytest.raises(InputError) as refused:
        own.prepare("command.run", command="deploy", arguments=[{"name": "environment", "value": value}])
    assert refused.value.code == "invalid_payload"
    assert not value.strip() or value not in refused.value.message


@pytest.mark.parametrize(
    "arguments", [[], [*ARGUMENTS, *ARGUMENTS], [*ARGUMENTS, {"name": "other", "value": "x"}]]
)
def test_exactly_the_declared_parameters_are_given_once_each(own: Configured, arguments: list[Any]) -> None:
    own.write(DEPLOY)
    with pytest.raises(InputError) as refused:
        own.prepare("command.run", command="deploy", arguments=arguments)
    assert refused.value.code == "invalid_payload"


@pytest.mark.parametrize(
    "text",
    [
        "[commands.deploy]\ntimeout_s = 3\n",
        '[commands.deploy]\nargv = "rm -rf x"\n',
        '[commands.deploy]\nargv = ["x", 1]\n',
        '[commands.deploy]\nargv = ["{undeclared}"]\n',
        '[commands.deploy]\nargv = ["x"]\ntimeout_s = 0\n',
        '[commands.deploy]\nargv = ["x"]\nshell = true\n',
        '[commands.deploy]\nargv = ["x"]\n[commands.deploy.parameters]\nenvironment = "("\n',
    ],
)
def test_a_definition_that_cannot_be_meant_is_refused(own: Configured, text: str) -> None:
    own.write(text)
    with pytest.raises(InputError) as refused:
        own.prepare("command.run", command="deploy")
    assert refused.value.code == "invalid_config"


def test_a_command_that_only_the_repository_names_does_not_exist(own: Configured) -> None:
    own.shop.repository.write(".tickets/config.yml", "commands: {deploy: {argv: [touch, hacked]}}\n")
    own.shop.repository.write("counterfoil/config.toml", DEPLOY)
    with pytest.raises(InputError) as missing:
        own.prepare("command.run", command="deploy", arguments=ARGUMENTS)
    assert missing.value.code == "definition_not_found"


def test_a_definition_that_changed_after_the_decision_is_not_run(own: Configured) -> None:
    own.write(DEPLOY)
    prepared = own.prepare("command.run", command="deploy", arguments=ARGUMENTS)
    own.write(DEPLOY.replace("literal", "another"))
    with pytest.raises(ConflictError) as stale:
        own.run(prepared)
    assert stale.value.code == "stale"
    assert not (own.shop.repository.path / "ran").exists()


def test_a_command_that_fails_has_failed_and_its_output_holds_no_secret(own: Configured) -> None:
    own.write(
        f'[commands.deploy]\nargv = [{sys.executable!r}, "-c", "import sys; print({TOKEN!r}); sys.exit(3)"]\n'
    )
    prepared = own.prepare("command.run", command="deploy")
    with pytest.raises(ConflictError) as failed:
        own.run(prepared)
    assert failed.value.code == "command_failed"
    assert failed.value.fields["status"] == 3
    assert failed.value.fields["output"] == "[github-token-redacted]\n"


def test_only_the_end_of_a_long_output_is_recorded_and_the_digest_is_of_all(own: Configured) -> None:
    own.write(f"[commands.deploy]\nargv = [{sys.executable!r}, \"-c\", \"print('x' * 10000 + 'end')\"]\n")
    result = own.run(own.prepare("command.run", command="deploy"))
    assert len(result["output"]) == 4001
    assert result["output"].endswith("end\n")
    assert result["sha256"] == hashlib.sha256(b"x" * 10000 + b"end\n").hexdigest()


@pytest.mark.parametrize(
    ("lines", "probed", "repeatable"),
    [
        ("", None, False),
        ("idempotent = true\n", None, True),
        (f'probe = [{sys.executable!r}, "-c", "raise SystemExit(1)"]\n', {}, False),
        (f'probe = [{sys.executable!r}, "-c", "raise SystemExit(2)"]\n', None, False),
    ],
)
def test_what_became_of_an_interrupted_command_only_its_probe_can_tell(
    own: Configured, lines: str, probed: object, repeatable: bool
) -> None:
    own.write(f'[commands.deploy]\nargv = ["true"]\n{lines}')
    prepared = own.prepare("command.run", command="deploy")
    assert own.probe(prepared) == probed
    assert executing.is_repeatable(own.context(), body_of(prepared)) is repeatable


def test_a_command_whose_definition_is_gone_after_a_crash_cannot_be_asked_about(own: Configured) -> None:
    own.write(DEPLOY)
    prepared = own.prepare("command.run", command="deploy", arguments=ARGUMENTS)
    own.write("")
    assert own.probe(prepared) is None
    assert executing.is_repeatable(own.context(), body_of(prepared)) is False


# --- destinations -----------------------------------------------------------------------------------

CHAT = """
[destinations.chat]
url = "https://chat.example/hooks/1"
header = "Authorization"
secret_env = "CHAT_TOKEN"
"""


def test_a_request_goes_to_the_named_place_with_its_secret_and_the_proposal_as_its_key(
    own: Configured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAT_TOKEN", TOKEN)
    own.write(CHAT)
    prepared = own.prepare("http.send", destination="chat", body='{"text": "done"}')
    assert TOKEN not in f"{prepared.shown.text} {prepared.payload}"
    assert "POST https://chat.example/hooks/1" in prepared.shown.text
    assert own.run(prepared)["status"] == 200
    [sent] = own.outbound.sent
    assert (sent.method, sent.url, sent.body) == ("POST", "https://chat.example/hooks/1", b'{"text": "done"}')
    assert sent.headers["Authorization"] == TOKEN
    assert sent.headers["Idempotency-Key"] == PROPOSAL


def test_a_secret_can_lie_in_a_file(own: Configured) -> None:
    secret = own.shop.repository.path.parent / "secret"
    secret.write_text("s3cret\n")
    own.write(
        f'[destinations.chat]\nurl = "http://127.0.0.1:9/x"\nheader = "X-Key"\nsecret_file = "{secret}"\n'
    )
    own.run(own.prepare("http.send", destination="chat", body="x", content_type="text/plain"))
    assert own.outbound.sent[0].headers["X-Key"] == "s3cret"


@pytest.mark.parametrize(
    ("status", "family", "code"),
    [(404, ConflictError, "delivery_refused"), (302, ConflictError, "delivery_refused"), (503, HostError, "delivery_failed"), (0, HostError, "delivery_failed")],
)  # fmt: skip
def test_an_answer_that_is_no_success_is_none(
    own: Configured, status: int, family: type[CounterfoilError], code: str
) -> None:
    own.write('[destinations.chat]\nurl = "https://chat.example/"\n')
    own.outbound.status = status
    prepared = own.prepare("http.send", destination="chat", body="{}")
    with pytest.raises(family) as failed:
        own.run(prepared)
    assert failed.value.code == code
    assert own.probe(prepared) is None


def test_a_missing_secret_stops_the_request(own: Configured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHAT_TOKEN", raising=False)
    own.write(CHAT)
    prepared = own.prepare("http.send", destination="chat", body="{}")
    with pytest.raises(HostError) as missing:
        own.run(prepared)
    assert missing.value.code == "secret_missing"
    assert own.outbound.sent == []


@pytest.mark.parametrize(
    "text",
    [
        'url = "http://chat.example/"',
        'url = "http://127.0.0.1@evil.example/"',
        'url = "http://localhost.evil.example/"',
        'url = "https://user:pass@chat.example/"',
        'url = "ftp://chat.example/"',
        'url = "file:///etc/passwd"',
        'url = "https://chat.example/ x"',
        'url = "https://chat.example/"\nmethod = "GET"',
        'url = "https://chat.example/"\nheader = "Authorization"',
        'url = "https://chat.example/"\nheader = "A: b"\nsecret_env = "X"',
        'url = "https://chat.example/"\nsecret_env = "X"',
        'url = "https://chat.example/"\nredirects = true',
        'url = "https://chat.example/"\ntimeout_s = 601',
    ],
)
def test_a_destination_that_cannot_be_meant_is_refused(own: Configured, text: str) -> None:
    own.write(f"[destinations.chat]\n{text}\n")
    with pytest.raises(InputError) as refused:
        own.prepare("http.send", destination="chat", body="{}")
    assert refused.value.code == "invalid_config"


def test_a_body_that_says_it_is_json_is(own: Configured) -> None:
    own.write('[destinations.chat]\nurl = "https://chat.example/"\n')
    with pytest.raises(InputError, match="JSON"):
        own.prepare("http.send", destination="chat", body="{")


def test_a_request_is_repeated_only_where_the_other_side_is_said_to_heed_its_key(own: Configured) -> None:
    for line, repeatable in (("", False), ("idempotent = true\n", True)):
        own.write(f'[destinations.chat]\nurl = "https://chat.example/"\n{line}')
        prepared = own.prepare("http.send", destination="chat", body="{}")
        assert executing.is_repeatable(own.context(), body_of(prepared)) is repeatable
