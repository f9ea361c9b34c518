"""Two keys of one name, made of fixed seeds."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from counterfoil.kernel.note import VerifierKey

SEED = bytes(range(32))
PRIVATE = Ed25519PrivateKey.from_private_bytes(SEED)
KEY = VerifierKey("counterfoil/01ARZ3NDEKTSV4RRFFQ69G5FAV", PRIVATE.public_key().public_bytes_raw())
OTHER_PRIVATE = Ed25519PrivateKey.from_private_bytes(SEED[::-1])
OTHER = VerifierKey(KEY.name, OTHER_PRIVATE.public_key().public_bytes_raw())


def check(public: bytes, data: bytes, signature: bytes) -> bool:
    """Tells whether an Ed25519 signature holds."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, data)
    except InvalidSignature:
        return False
    return True
