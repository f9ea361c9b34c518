"""SHA-256 and Git's blob ids, without loading OpenSSL.

`hashlib` loads OpenSSL, which costs a command more than all the hashing that it does. Where it is
loaded already, as in a server, it hashes a receipt in less than half the time of CPython's own
implementation. On the hot path.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING or "_hashlib" in sys.modules:
    from hashlib import sha1, sha256
else:
    try:
        from _sha1 import sha1

        try:
            from _sha2 import sha256
        except ImportError:  # Python 3.11
            from _sha256 import sha256
    except ImportError:  # an interpreter built without them
        from hashlib import sha1, sha256

__all__ = ["HASH_BYTES", "blob_id", "hash_children", "hash_leaf", "sha256", "sha256_hex"]

HASH_BYTES = 32


def sha256_hex(data: bytes) -> str:
    """Returns SHA-256 in lower-case hexadecimal."""
    return sha256(data).hexdigest()


def hash_leaf(data: bytes) -> bytes:
    """Returns the hash of a leaf of a Merkle tree (RFC 6962 §2.1)."""
    return sha256(b"\0" + data).digest()


def hash_children(left: bytes, right: bytes) -> bytes:
    """Returns the hash of an inner node of a Merkle tree (RFC 6962 §2.1)."""
    return sha256(b"\1" + left + right).digest()


def blob_id(data: bytes, algorithm: str = "sha1") -> str:
    """Returns the id under which Git keeps these bytes as a blob.

    Args:
        data: the file's bytes, after Git's own conversions, of which this knows none.
        algorithm: the repository's object format, `sha1` or `sha256`.
    """
    whole = b"blob %d\0" % len(data) + data
    return sha256(whole).hexdigest() if algorithm == "sha256" else sha1(whole).hexdigest()
