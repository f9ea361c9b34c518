"""Makes an SSH key of the demo's own, as `ssh-keygen -t ed25519` would, for a machine that lacks it.

python tools/person_key.py FILE
"""

from __future__ import annotations

import os
import sys

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat


def make(path: str) -> None:
    """Writes a key and its public half."""
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(private)
    with open(f"{path}.pub", "wb") as file:
        file.write(
            key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH) + b" ada@example.org\n"
        )


if __name__ == "__main__":
    make(sys.argv[1])
