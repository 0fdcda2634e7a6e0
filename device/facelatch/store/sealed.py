"""A template as private bytes: a line that names the format, 12 bytes of nonce, then AES-256-GCM over JSON.

The format line and the user's name are authenticated with it, so that a file that was renamed, cut or changed
is refused.
"""

import base64
import json
import os

import numpy as np
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from facelatch.errors import TemplateError
from facelatch.fields import Fields, build, decode_object
from facelatch.matching import EMBEDDING_SIZE, Template

KEY_BYTES = 32

_FORMAT_LINE = b"facelatch template 1\n"
_ANY_FORMAT = b"facelatch template "
_NONCE_BYTES = 12


def generate_key() -> bytes:
    """A new random key."""
    return AESGCM.generate_key(KEY_BYTES * 8)


def seal(template: Template, key: bytes) -> bytes:
    """The bytes that only `unseal` with the same key turns into the template again."""
    document = {
        "user": template.user,
        "encoder_sha256": template.encoder_sha256,
        "embeddings": base64.b64encode(template.embeddings.astype("<f4").tobytes()).decode("ascii"),
        "made_at": template.made_at,
        "poses": template.poses,
    }
    nonce = os.urandom(_NONCE_BYTES)
    plain = json.dumps(document, allow_nan=False).encode()
    return _FORMAT_LINE + nonce + AESGCM(key).encrypt(nonce, plain, _FORMAT_LINE + template.user.encode())


def unseal(data: bytes, key: bytes, user: str, source: str) -> Template:
    """The user's template; raises `TemplateError` naming `source` for anything else."""
    if not data.startswith(_FORMAT_LINE):
        what = "is a template of another release" if data.startswith(_ANY_FORMAT) else "is not a template"
        raise TemplateError(f"{source}: {what}; remove {user} and enrol again")
    nonce_and_rest = data[len(_FORMAT_LINE) :]
    nonce, sealed = nonce_and_rest[:_NONCE_BYTES], nonce_and_rest[_NONCE_BYTES:]
    try:
        plain = AESGCM(key).decrypt(nonce, sealed, _FORMAT_LINE + user.encode())
    except (InvalidTag, ValueError) as problem:
        raise TemplateError(
            f"{source}: is damaged, or belongs to another user or key; remove {user} and enrol again"
        ) from problem
    fields = decode_object(plain.decode("utf-8", "replace"), source, TemplateError)
    return build(lambda: _read(fields), source, TemplateError)


def _read(fields: Fields) -> Template:
    raw = base64.b64decode(fields.text("embeddings"), validate=True)
    template = Template(
        user=fields.text("user"),
        encoder_sha256=fields.text("encoder_sha256"),
        embeddings=np.frombuffer(raw, "<f4").astype(np.float32).reshape(-1, EMBEDDING_SIZE),
        made_at=tuple(str(moment) for moment in fields.items("made_at")),
        poses=tuple(_read_pose(fields, pose) for pose in fields.items("poses")),
    )
    fields.done()
    return template


def _read_pose(fields: Fields, pose: object) -> tuple[float, float]:
    match pose:
        case [float() | int() as yaw, float() | int() as pitch]:
            return float(yaw), float(pitch)
    return fields.refuse("poses", "pairs of degrees", pose)
