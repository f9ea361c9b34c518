"""`deploy.run`: a version goes to an environment when a person has approved of it.

The commands themselves stand in the configuration of whoever runs the gate, `counterfoil/config.toml`:

    [commands.deploy]
    argv = ["./deploy", "{environment}", "{version}"]
    [commands.deploy.parameters]
    environment = "staging|production"
    version = "v[0-9]+[.][0-9]+[.][0-9]+"

    [commands.deployed]
    argv = ["./deployed", "{environment}"]
    [commands.deployed.parameters]
    environment = "staging|production"
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.gate.action import ActionType

if TYPE_CHECKING:
    from counterfoil.gate.action import Payload, Result, Tools

ENVIRONMENTS = ("staging", "production")
SCHEMA = {
    "type": "object",
    "properties": {
        "environment": {"enum": list(ENVIRONMENTS)},
        "version": {"type": "string", "pattern": "^v[0-9]+\\.[0-9]+\\.[0-9]+$"},
    },
    "required": ["environment", "version"],
    "additionalProperties": False,
}


class DeployFailed(Exception):
    """The command ended with an error."""


def show(payload: Payload) -> str:
    """Returns what a reviewer sees."""
    return f"Deploys {payload['version']} to {payload['environment']}."


def run(payload: Payload, tools: Tools) -> Result:
    """Deploys, and returns what is recorded of it."""
    environment, version = str(payload["environment"]), str(payload["version"])
    done = tools.command("deploy", {"environment": environment, "version": version})
    if done.status != 0:
        raise DeployFailed(f"status {done.status}")
    return {"version": version, "log": done.digest}


def probe(payload: Payload, tools: Tools) -> Result | None:
    """Tells after a crash whether the version is there: its result, nothing, or None where nobody can tell."""
    asked = tools.command("deployed", {"environment": str(payload["environment"])})
    if asked.status != 0:
        return None
    return {"version": asked.output.strip()} if asked.output.strip() == payload["version"] else {}


DEPLOY = ActionType(
    name="deploy.run",
    version=1,
    summary="Deploys a version to an environment.",
    schema=SCHEMA,
    risk="high",
    show=show,
    run=run,
    probe=probe,
)
