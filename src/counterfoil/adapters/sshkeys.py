"""SSH keys at work: a file's private half signs, and anybody's public half is asked whether a signature holds.

A private key's file is read as `ssh` reads it: not where others can read it too. What `cryptography` thinks
of bytes that are no key, no point of a curve or no signature never leaves this module as it is. Next
to `adapters.keys` the only module that imports `cryptography`, and only when a key is used.
"""

from __future__ import annotations

import os
from stat import S_IMODE, S_ISREG
from typing import TYPE_CHECKING

from counterfoil.errors import HostError
from counterfoil.kernel import sshkey, sshsig

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.hazmat.primitives.hashes import HashAlgorithm

    Check = Callable[[sshsig.Signature, bytes], None]
    """Raises what `cryptography` raises for a signature that does not hold."""

_OTHERS = 0o077


def read_private(path: str) -> bytes:
    """Reads a private key's file, unless others can read it too.

    As `ssh` does, links are followed, and files that belong to somebody else are left to their owner's care.

    Raises:
        HostError: `key_exposed`, `io_error`.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        try:
            state = os.fstat(descriptor)
            mode = S_IMODE(state.st_mode)
            if not S_ISREG(state.st_mode):
                raise HostError("key_exposed", f"{path} is no regular file", "name another key", path=path)
            if mode & _OTHERS and state.st_uid == os.geteuid():
                message = f"{path} can be read by others (mode {mode:04o})"
                raise HostError("key_exposed", message, f"chmod 600 {path}", path=path)
            return os.read(descriptor, sshkey.FILE_BYTES)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise HostError("io_error", f"{path}: {error.strerror}", "check who owns it", path=path) from None


def answer(path: str, key: sshkey.SshKey, data: bytes) -> bytes:
    """Returns what the unencrypted private half of a key answers to data, as an agent would.

    Raises:
        HostError: `key_exposed`, `io_error`, `signing_failed`.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
    from cryptography.hazmat.primitives.hashes import SHA512
    from cryptography.hazmat.primitives.serialization import load_ssh_private_key

    try:
        private = load_ssh_private_key(read_private(path), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise HostError(
            "signing_failed", f"{path} holds no key that can be used", "ssh-add", path=path
        ) from None
    if isinstance(private, ed25519.Ed25519PrivateKey):
        return sshsig.ed25519_answer(private.sign(data))
    if isinstance(private, ec.EllipticCurvePrivateKey):
        pair = decode_dss_signature(private.sign(data, ec.ECDSA(_curve_hash(private.key_size))))
        return sshsig.ecdsa_answer(key.type, *pair)
    if isinstance(private, rsa.RSAPrivateKey):
        value = private.sign(data, padding.PKCS1v15(), SHA512())
        return sshsig.rsa_answer(sshsig.RSA_SHA2_512, value)
    raise HostError("signing_failed", f"{path} holds a key of a type that is not used", "ssh-add", path=path)


def holds(signature: sshsig.Signature, data: bytes) -> bool:
    """Tells whether a signature holds over the bytes that its key must have signed; no key at all holds nothing."""
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    try:
        _check_of(signature.key.type)(signature, data)
    except (InvalidSignature, ValueError, OverflowError, UnsupportedAlgorithm):
        return False
    return True


def _check_of(key_type: str) -> Check:
    if key_type in sshkey.CURVES:
        return _check_ecdsa
    return _check_rsa if key_type == sshkey.RSA else _check_ed25519


def _check_ed25519(signature: sshsig.Signature, data: bytes) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    numbers = sshkey.numbers(signature.key.blob)
    assert isinstance(numbers, sshkey.Ed25519Numbers), "told by its type"
    Ed25519PublicKey.from_public_bytes(numbers.point).verify(signature.value, data)


def _check_ecdsa(signature: sshsig.Signature, data: bytes) -> None:
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    numbers = sshkey.numbers(signature.key.blob)
    assert isinstance(numbers, sshkey.EcdsaNumbers), "told by its type"
    curves = {"nistp256": ec.SECP256R1(), "nistp384": ec.SECP384R1(), "nistp521": ec.SECP521R1()}
    curve: ec.EllipticCurve = curves[numbers.curve]
    public = ec.EllipticCurvePublicKey.from_encoded_point(curve, numbers.point)
    public.verify(encode_dss_signature(*signature.pair), data, ec.ECDSA(_curve_hash(curve.key_size)))


def _curve_hash(bits: int) -> HashAlgorithm:
    """Returns the hash that goes with a curve (RFC 5656 §6.2.1)."""
    from cryptography.hazmat.primitives import hashes

    return hashes.SHA256() if bits <= 256 else hashes.SHA384() if bits <= 384 else hashes.SHA512()


def _check_rsa(signature: sshsig.Signature, data: bytes) -> None:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    numbers = sshkey.numbers(signature.key.blob)
    assert isinstance(numbers, sshkey.RsaNumbers), "told by its type"
    public = rsa.RSAPublicNumbers(numbers.exponent, numbers.modulus).public_key()
    algorithm = hashes.SHA512() if signature.algorithm == sshsig.RSA_SHA2_512 else hashes.SHA256()
    public.verify(signature.value, data, padding.PKCS1v15(), algorithm)
