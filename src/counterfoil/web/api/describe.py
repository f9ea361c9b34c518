"""The generated description of the API: `python -m counterfoil.web.api.describe`."""

from __future__ import annotations

import json
import sys

from counterfoil.web.api.application import described


def text() -> str:
    """Returns the description, OpenAPI 3.1 as JSON, the same one that `/api/v1/openapi.json` gives."""
    return json.dumps(described().openapi(), indent=1, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
