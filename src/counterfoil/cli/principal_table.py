"""The verbs of two words about who may speak to the gate: `ticket agent …`, `ticket person …`, `ticket source …`.

In the form of `cli.table`; they stand apart so that the table which every command loads stays short.
"""

from __future__ import annotations

from counterfoil.cli.table import ACTOR, GATE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from counterfoil.cli.table import Option, Verb

_OWNER: Option = (("--owner",), "ACTOR", False, "the person who answers for it (default: you)")
_SCOPES: Option = (("--scope",), "ACTION", True, "what it may ask for, as ticket.*; may be repeated")
_SPACES: Option = (("--space",), "FOLDER", True, "the project in which it may; may be repeated")
_MODEL: Option = (("--model",), "TEXT", False, "what it runs on, in your words")
_EXPIRES: Option = (("--expires",), "WHEN", False, "90d (default), a date, or never")
_LONGER: Option = (("--expires",), "WHEN", False, "let it act until then: 90d, a date, or never")
_OVERLAP: Option = (
    ("--overlap",),
    "DURATION",
    False,
    "how long the old one still counts (default: not at all)",
)
_REASON: Option = (("--reason",), "TEXT", False, "why; sealed")
_ONE_KEY: Option = (("--key",), "ID", False, "only this one of its keys")
_SECRET: Option = (("--secret",), "FILE", False, "take the sender's own secret; `-` is standard input")
_NAME = (("name", "1"),)

AGENT_VERBS: dict[str, Verb] = {
    "agent list": ("agent", GATE, "list agents: owner, state, expiry, last use", (), ()),
    "agent show": ("agent", GATE, "one agent, with the ids of its keys", _NAME, ()),
    "agent add": (
        "agent", GATE, "register an agent; prints its token, once", _NAME,
        (_OWNER, _SCOPES, _SPACES, _EXPIRES, _MODEL, ACTOR),
    ),
    "agent change": (
        "agent", GATE, "change owner, scopes, spaces, expiry or model", _NAME,
        (_OWNER, _SCOPES, _SPACES, _LONGER, _MODEL, ACTOR),
    ),
    "agent rotate": ("agent", GATE, "give it another token and end the old one", _NAME, (_OVERLAP, _LONGER, ACTOR)),
    "agent revoke": ("agent", GATE, "end an agent for good, or one of its keys", _NAME, (_REASON, _ONE_KEY, ACTOR)),
}  # fmt: skip

PERSON_VERBS: dict[str, Verb] = {
    "person list": ("person", GATE, "list people and their keys", (), ()),
    "person show": ("person", GATE, "one person, with the fingerprints of their keys", _NAME, ()),
    "person add": (
        "person", GATE, "register a person, or one more SSH key of theirs", _NAME,
        ((("--key",), "FILE", False, "a public SSH key; `-` is standard input"),
         (("--key-name",), "TEXT", False, "what to call the key"), ACTOR),
    ),
    "person revoke": ("person", GATE, "end a person for good, or one of their keys", _NAME,
                      (_REASON, _ONE_KEY, ACTOR)),
    "person signers": ("person", GATE, "print all keys as ssh-keygen wants them", (), ()),
}  # fmt: skip

SOURCE_VERBS: dict[str, Verb] = {
    "source list": ("source", GATE, "list who may send webhooks", (), ()),
    "source show": ("source", GATE, "one source, with the ids of its secrets", _NAME, ()),
    "source add": (
        "source", GATE, "register a sender of webhooks; prints its secret, once", _NAME,
        ((("--kind",), "KIND", False, "how it signs: standard (default) or github"), _SECRET, _OWNER, _SCOPES,
         _SPACES, ACTOR),
    ),
    "source rotate": ("source", GATE, "give it another secret and end the old one", _NAME,
                      (_OVERLAP, _SECRET, ACTOR)),
    "source revoke": ("source", GATE, "end a source for good, or one of its secrets", _NAME,
                      (_REASON, _ONE_KEY, ACTOR)),
}  # fmt: skip
