"""Names of tickets in titles and branches."""

from __future__ import annotations

import pytest

from counterfoil.tickets import linking

SHOES, HATS = "01M7ZG3A00000000000000000A", "01M7ZG3B00000000000000000B"
IDS = linking.by_short_id([SHOES, HATS])


@pytest.mark.parametrize(
    ("title", "branch"),
    [
        ("[TK-01M7ZG3A] Sell shoes", "work"),
        ("Sell shoes [tk-01m7zg3a]", "work"),
        (f"[TK-{SHOES}] Sell shoes", ""),
        ("Sell shoes", "tk-01m7zg3a-sell-shoes"),
        ("Sell shoes", "tk-01m7zg3a"),
        ("Sell shoes", "ada/tk-01m7zg3a-sell-shoes"),
        ("Sell shoes", "feature_TK-01M7ZG3A"),
        ("[TK-01M7ZG3A] Sell shoes", "tk-01m7zg3a-sell-shoes"),
    ],
)
def test_a_ticket_is_named_by_the_title_or_the_branch(title: str, branch: str) -> None:
    assert linking.meant(linking.named(title, branch, "TK"), IDS) == (SHOES,)


@pytest.mark.parametrize(
    ("title", "branch"),
    [
        ("TK-01M7ZG3A Sell shoes", ""),
        ("[TK-01M7ZG3] too short", ""),
        ("[XX-01M7ZG3A] another project's", ""),
        ("[TK-01M7ZG3A00000000000000000X] another ticket's", ""),
        ("[TK-01M7ZG3U] no digit of base 32", ""),
        ("[TK-01M7ZG3А] a Cyrillic letter", ""),
        ("", "desktk-01m7zg3a"),
        ("", "tk-01m7zg3axyu"),
        ("x" * 2_000 + "[TK-01M7ZG3A]", "x" * 2_000 + "/tk-01m7zg3a"),
    ],
)
def test_what_only_resembles_a_name_names_nothing(title: str, branch: str) -> None:
    assert linking.meant(linking.named(title, branch, "TK"), IDS) == ()


def test_several_tickets_are_named_in_their_order_each_once() -> None:
    names = linking.named("[TK-01M7ZG3B] [TK-01M7ZG3A] [TK-01M7ZG3B]", "tk-01m7zg3a-x", "TK")

    assert linking.meant(names, IDS) == (HATS, SHOES)


def test_a_name_that_could_be_two_tickets_is_nobodys() -> None:
    ids = linking.by_short_id([SHOES, "01M7ZG3A00000000000000000C"])

    assert linking.meant(linking.named("[TK-01M7ZG3A]", "", "TK"), ids) == ()
    assert linking.meant(linking.named(f"[TK-{SHOES}]", "", "TK"), ids) == (SHOES,)


def test_a_prefix_is_taken_as_it_is_written() -> None:
    assert linking.named("[A.B-01M7ZG3A] [AXB-01M7ZG3B]", "", "A.B") == ("01M7ZG3A",)
