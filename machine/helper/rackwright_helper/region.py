"""The region's API, as far as a machine needs it to introduce itself. One try each: a person waits for the answer."""

from __future__ import annotations

import json
import sys
import urllib.parse

from rackwright_runner import multipart
from rackwright_runner.client import Client, RequestFailed
from rackwright_runner.settings import Settings

from . import creds
from .errors import Failed


def maas_url(given: str) -> str:
    """`http://HOST:5240/MAAS`, however it was written. @raises Failed"""
    parts = urllib.parse.urlsplit(given)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        hint = " The > at the beginning of a line is the shell's prompt: leave it out." if given.startswith(">") else ""
        raise Failed(f"{given!r} is no URL of a region: write http://HOST:5240/MAAS.{hint}")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/') or '/MAAS'}"


class Region:
    def __init__(self, url: str, key: str):
        self.url = maas_url(url)
        if key == "-":
            key = sys.stdin.readline()
        self._client = Client(Settings(http_timeout_seconds=30.0), creds.from_key(key, f"{self.url}/metadata/"))

    def create_machine(self, hostname: str) -> str:
        """A machine that is deployed already. What it is made of it will tell itself. @returns its system id"""
        body, kind = multipart.encode({"hostname": hostname, "deployed": "true"}, {})
        reply = self._ask(f"register {hostname}", "machines/", body, {"Content-Type": kind})
        system_id = reply.get("system_id") if isinstance(reply, dict) else None
        if not isinstance(system_id, str):
            raise Failed(f"{self.url} answered with no machine: is it a region?")
        return system_id

    def token(self, system_id: str) -> dict[str, str]:
        path = f"machines/{urllib.parse.quote(system_id, safe='')}/?op=get_token"
        found = self._ask(f"get the credentials of {system_id}", path)
        if not isinstance(found, dict):
            raise Failed(f"{system_id} has no credentials: a machine has them while it is deployed, and while the region boots it.")
        return {name: str(found.get(name) or "") for name in ("consumer_key", "token_key", "token_secret")}

    def _ask(self, what: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None):
        try:
            content = self._client.once(f"{self.url}/api/2.0/{path}", body, headers)[1]
            return json.loads(content)
        except RequestFailed as failure:
            raise Failed(f"Cannot {what}: {failure}.{_next(failure)}") from None
        except ValueError:
            raise Failed(f"Cannot {what}: {self.url} did not answer with JSON. Is it a region, and does the URL end in /MAAS?") from None


def _next(failure: RequestFailed) -> str:
    if failure.status == 401:
        return " Check the API key, and the clock of this machine."
    if failure.status == 403:
        return " It takes the API key of an administrator."
    return " Check the URL." if failure.status in (None, 404) else ""
