"""A proof is made from the ledger and checked without it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from unit.usecases.signing_scene import LEDGER, Signatory

from counterfoil.errors import InputError, IntegrityError
from counterfoil.testing.ledger import MemoryStore
from counterfoil.usecases import proving, signing

if TYPE_CHECKING:
    from world import RepositoryFactory


@pytest.fixture
def clone(repository: RepositoryFactory) -> Signatory:
    """A clone whose log was signed with 6 receipts, then with 9, and has 11."""
    clone = Signatory(repository())
    for count in (5, 3):
        clone.note(count)
        clone.sign()
    clone.note(2)
    return clone


def trusted(clone: Signatory) -> list[str]:
    """Returns the key that an auditor got from somewhere else."""
    return [str(each.key) for each in signing.log_keys(clone.store)]


@pytest.mark.parametrize("position", range(9))
def test_every_receipt_that_is_signed_is_proved_by_its_id_or_its_place(
    clone: Signatory, position: int
) -> None:
    receipt = next(iter(clone.store.log(first=position, last=position)))
    file = proving.inclusion(clone.store, position)
    assert proving.inclusion(clone.store, receipt.id) == file
    proved = proving.check(file, trusted(clone), clone.keys.verify)
    assert (proved.position, proved.leaf, proved.header) == (position, receipt.hash, receipt.fields)
    assert (proved.checkpoint.size, proved.checkpoint.ledger) == (9, LEDGER)
    assert proving.check(file.encode(), trusted(clone), clone.keys.verify, receipt=receipt.id) == proved


def test_a_proof_can_be_had_against_an_older_checkpoint(clone: Signatory) -> None:
    file = proving.inclusion(clone.store, 2, size=6)
    assert proving.check(file, trusted(clone), clone.keys.verify).checkpoint.size == 6


@pytest.mark.parametrize(
    ("receipt", "size", "code"),
    [
        (9, None, "not_signed"),
        (7, 6, "not_signed"),
        (11, None, "receipt_not_found"),
        (-1, None, "receipt_not_found"),
        ("0" * 64, None, "receipt_not_found"),
        ("nonsense", None, "receipt_not_found"),
        (1, 7, "checkpoint_not_found"),
    ],
)
def test_what_cannot_be_proved_is_told(
    clone: Signatory, receipt: str | int, size: int | None, code: str
) -> None:
    with pytest.raises(InputError) as caught:
        proving.inclusion(clone.store, receipt, size=size)
    assert caught.value.code == code


def test_without_any_checkpoint_nothing_is_proved(clone: Signatory) -> None:
    unsigned = MemoryStore(LEDGER)
    unsigned.take(list(clone.store.rows()), clone.store.streams())
    with pytest.raises(InputError) as caught:
        proving.inclusion(unsigned, 1)
    assert (caught.value.code, caught.value.hint) == ("checkpoint_not_found", "ticket ledger checkpoint")


def test_a_log_that_is_not_the_one_that_was_signed_proves_nothing(clone: Signatory) -> None:
    other = MemoryStore(LEDGER)
    other.keep_checkpoint(*clone.store.newest_checkpoint())
    clone.store = other
    clone.note(9)
    with pytest.raises(IntegrityError) as caught:
        proving.inclusion(other, 1)
    assert caught.value.code == "checkpoint_differs"


def test_a_proof_of_another_receipt_is_none_of_this_one(clone: Signatory) -> None:
    file = proving.inclusion(clone.store, 3)
    other = next(iter(clone.store.log(first=4, last=4)))
    with pytest.raises(IntegrityError) as caught:
        proving.check(file, trusted(clone), clone.keys.verify, receipt=other.id)
    assert caught.value.code == "proof_differs"


def test_the_key_is_the_auditors_choice(clone: Signatory) -> None:
    file = proving.inclusion(clone.store, 3)
    with pytest.raises(IntegrityError, match="no key that is trusted"):
        proving.check(file, [], clone.keys.verify)
    with pytest.raises(InputError):
        proving.check(file, ["nonsense"], clone.keys.verify)
    with pytest.raises(InputError):
        proving.check(file, trusted(clone), clone.keys.verify, receipt="nonsense")
