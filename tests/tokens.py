"""JSON Web Tokens, made by hand so that wrong ones can be made too."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any


def encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def jwt(secret: bytes, *, alg: str = "HS256", header: Any = None, **claims: Any) -> str:
    """A token of the test issuer, valid for a minute; claims override, None removes."""
    body = {"iss": "https://id.test", "aud": "engageos", "exp": int(time.time()) + 60, **claims}
    body = {k: v for k, v in body.items() if v is not None}
    parts = [
        encode(json.dumps(p).encode()) for p in ({"alg": alg, "typ": "JWT", **(header or {})}, body)
    ]
    signing = ".".join(parts)
    signature = hmac.new(secret, signing.encode(), hashlib.sha256).digest()
    return f"{signing}.{encode(signature) if alg != 'none' else ''}"
