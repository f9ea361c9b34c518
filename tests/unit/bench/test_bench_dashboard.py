"""What the dashboard's bench makes its scene of; nothing here compares a time with a bound."""

from __future__ import annotations

import gzip
import sys
from http.client import HTTPConnection
from pathlib import Path

BENCH = Path(__file__).resolve().parents[3] / "bench"
sys.path.insert(0, str(BENCH))

import dashboard_pages  # noqa: E402
import dashboard_scene  # noqa: E402

from counterfoil.kernel.ids import is_ulid  # noqa: E402


def test_a_command_of_the_scene_has_a_name_that_could_be_one() -> None:
    names = {dashboard_scene._name(f"ticket {number}") for number in range(1_000)}

    assert len(names) == 1_000
    assert all(is_ulid(name) for name in names)


def test_the_bare_route_sends_the_bytes_that_it_was_given_packed_where_that_is_understood(
    tmp_path: Path,
) -> None:
    body = b"<p>Sell shoes</p>" * 1_000
    bare = dashboard_pages.Bare(tmp_path, body)
    try:
        answer = dashboard_pages.Answer(bare.kept, "/")
        assert (answer.status, answer.body, answer.packed) == (
            200,
            body,
            len(gzip.compress(body, 5, mtime=0)),
        )

        plain = HTTPConnection("127.0.0.1", bare.port)
        plain.request("GET", "/", headers={"Accept-Encoding": "identity"})
        assert plain.getresponse().read() == body
    finally:
        bare.close()
