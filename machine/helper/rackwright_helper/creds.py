"""
A machine's credentials, as they lie in a file: `reporting: {maas: {consumer_key, endpoint, token_key, token_secret}}`, where the
endpoint is `http://REGION:5240/MAAS/metadata/status/SYSTEM_ID`. A file written by hand does as well.
"""

from __future__ import annotations

import json
import os

from rackwright_runner import yaml_lite
from rackwright_runner.credentials import Credentials

from .errors import Failed

_KEYS = ("consumer_key", "endpoint", "token_key", "token_secret")


def text(maas_url: str, system_id: str, token: dict[str, str]) -> str:
    values = {**token, "endpoint": f"{maas_url}/metadata/status/{system_id}"}
    # Quoted as JSON: a key of digits alone would be read as a number.
    return "reporting:\n  maas:\n" + "".join(f"    {key}: {json.dumps(values[key])}\n" for key in _KEYS)


def write(path: str, content: str) -> None:
    """For nobody but its owner to read, from the first byte on; whole or not at all. @raises Failed"""
    fresh = f"{path}.new"
    try:
        if os.path.lexists(fresh):
            os.unlink(fresh)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
            stream.write(content)
        os.replace(fresh, path)
    except OSError as error:
        raise Failed(f"Cannot write the credentials to {path}: {error.strerror}.") from None


def read(path: str) -> Credentials:
    """@raises Failed"""
    try:
        with open(path, encoding="utf-8") as stream:
            document = yaml_lite.load(stream.read())
    except OSError as error:
        raise Failed(f"Cannot read the credentials in {path}: {error.strerror}. register-machine writes them.") from None
    except (UnicodeDecodeError, yaml_lite.YamlError) as error:
        raise Failed(f"{path} is no YAML: {error}. register-machine and get-machine-token write one that is right.") from None
    maas = document
    for key in ("reporting", "maas"):
        maas = maas.get(key) if isinstance(maas, dict) else None
    missing = [key for key in _KEYS if not (isinstance(maas, dict) and maas.get(key))]
    if missing:
        raise Failed(f"{path} has no reporting.maas.{', no reporting.maas.'.join(missing)}.")
    endpoint = str(maas["endpoint"])
    if "/metadata/" not in endpoint or not endpoint.startswith(("http://", "https://")):
        raise Failed(f"reporting.maas.endpoint of {path} is {endpoint!r}; it is http://REGION:5240/MAAS/metadata/status/SYSTEM_ID.")
    return Credentials(endpoint, str(maas["consumer_key"]), str(maas["token_key"]), str(maas["token_secret"]))


def from_key(key: str, metadata_url: str) -> Credentials:
    """`consumer:token:secret[:consumer secret]`, as `maas apikey` and people write it. @raises Failed"""
    parts = key.strip().split(":")
    if len(parts) not in (3, 4) or not all(parts[:3]):
        raise Failed("The API key must have three parts, joined by colons: CONSUMER:TOKEN:SECRET. `maas apikey --username NAME` prints it.")
    return Credentials(metadata_url, *parts[:3], *parts[3:])
