"""HTTP to the region: OAuth 1.0 PLAINTEXT (RFC 5849 section 3.4.4), retries, and a clock that may be wrong."""

from __future__ import annotations

import email.utils
import gzip
import http.client
import os
import time
import urllib.error
import urllib.parse
import urllib.request

from .credentials import Credentials
from .log import say
from .settings import Settings


class RequestFailed(Exception):
    """A request got no good answer. `status` is None when there was no answer at all."""

    def __init__(self, message: str, status: int | None = None, date: str | None = None):
        super().__init__(message)
        self.status = status
        self.date = date

    @property
    def final(self) -> bool:
        """The region understood and said no: asking again changes nothing."""
        return self.status in (400, 404, 405, 409, 410, 413)


class Client:
    def __init__(self, settings: Settings, credentials: Credentials | None = None, secret: str | None = None):
        self.settings = settings
        self.credentials = credentials
        self.secret = secret
        self.clock_offset = 0
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def authorization(self) -> dict[str, str]:
        """The Authorization header; none while there is no token."""
        known = self.credentials
        if known is None or not known.enlisted:
            return {}
        fields = {
            "oauth_nonce": os.urandom(16).hex(),
            "oauth_timestamp": str(int(time.time()) + self.clock_offset),
            "oauth_version": "1.0",
            "oauth_signature_method": "PLAINTEXT",
            "oauth_consumer_key": known.consumer_key,
            "oauth_token": known.token_key,
            "oauth_signature": f"{_escape(known.consumer_secret)}&{_escape(known.token_secret)}",
        }
        return {"Authorization": "OAuth " + ", ".join(f'{name}="{_escape(value)}"' for name, value in fields.items())}

    def once(self, url: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
        """One try. @raises RequestFailed"""
        what = f"{'GET' if body is None else 'POST'} {_shown(url)}"
        try:
            request = urllib.request.Request(url, data=body, headers={"Accept-Encoding": "gzip", **(headers or {})})
            for name, value in self.authorization().items():
                request.add_header(name, value)
            with self._opener.open(request, timeout=self.settings.http_timeout_seconds) as reply:
                content = reply.read()
                if reply.headers.get("Content-Encoding") == "gzip":
                    content = gzip.decompress(content)
                return reply.status, content
        except urllib.error.HTTPError as error:
            with error:
                try:
                    said = error.read(500).decode("utf-8", "replace").strip()
                except (OSError, http.client.HTTPException):
                    said = ""
            raise RequestFailed(f"{what}: {error.code} {said or error.reason}", error.code, error.headers.get("Date")) from None
        except (OSError, http.client.HTTPException, EOFError, ValueError) as error:
            raise RequestFailed(f"{what}: {error or type(error).__name__}") from error

    def ask(self, url: str, body: bytes | None = None, headers: dict[str, str] | None = None, stubborn: bool = False):
        """
        Try until it works: after 1, 1, 2, 4, 8, 16, 32, 0 seconds. `stubborn` goes on for half an hour while the region does not answer
        or is broken (5xx), for what must not be lost. @raises RequestFailed the last failure
        """
        delays = iter(self.settings.retry_delays)
        give_up = time.monotonic() + self.settings.stubborn_seconds
        while True:
            try:
                return self.once(url, body, headers)
            except RequestFailed as failure:
                if failure.status in (401, 403):
                    self._learn_clock(failure.date)
                delay = next(delays, None)
                if delay is None and stubborn and _away(failure) and time.monotonic() < give_up:
                    delay = self.settings.stubborn_delay
                if delay is None or failure.final:
                    raise
                say(f"{failure}; again in {delay:g} s")
                time.sleep(delay)

    def _learn_clock(self, date: str | None) -> None:
        """A machine's clock may be years off; a timestamp too old is refused, and the refusal carries the region's time."""
        if not date:
            return
        try:
            theirs = email.utils.parsedate_to_datetime(date).timestamp()
        except (TypeError, ValueError):
            return
        self.clock_offset = int(theirs - time.time())


def _away(failure: RequestFailed) -> bool:
    return failure.status is None or failure.status >= 500 or failure.status in (408, 429)


def _escape(value: str) -> str:
    return urllib.parse.quote(value, safe="~")


def _shown(url: str) -> str:
    """The URL without what must stay out of logs."""
    parts = urllib.parse.urlsplit(url)
    kept = [(name, "…" if name == "secret" else value) for name, value in urllib.parse.parse_qsl(parts.query)]
    query = "&".join(f"{name}={value}" for name, value in kept)
    return f"{parts.scheme}://{parts.netloc}{parts.path}" + (f"?{query}" if query else "")
