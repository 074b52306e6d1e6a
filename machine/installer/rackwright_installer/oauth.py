"""Sends requests signed as cloud-init signs them: OAuth 1.0 with method PLAINTEXT (RFC 5849, section 3.4.4)."""

import time
import urllib.error
import urllib.parse
import urllib.request
import uuid


def header(token):
    secret = urllib.parse.quote("&" + urllib.parse.quote(token["tokenSecret"], safe=""), safe="")
    fields = {
        "oauth_nonce": uuid.uuid4().hex,
        "oauth_timestamp": str(int(time.time())),
        "oauth_version": "1.0",
        "oauth_signature_method": "PLAINTEXT",
        "oauth_consumer_key": urllib.parse.quote(token["consumerKey"], safe=""),
        "oauth_token": urllib.parse.quote(token["tokenKey"], safe=""),
        "oauth_signature": secret,
    }
    return "OAuth " + ", ".join(f'{name}="{value}"' for name, value in fields.items())


# The machine talks to its own controller only: a proxy set for package downloads must not see the token.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def post(url, body, content_type, token, timeout=20):
    """POST and give back the status. Raises OSError when there was no answer; an HTTP error status is an answer."""
    request = urllib.request.Request(
        url, data=body, method="POST",
        headers={"Content-Type": content_type, "Authorization": header(token), "User-Agent": "rackwright-install"},
    )
    try:
        with _opener.open(request, timeout=timeout) as reply:
            return reply.status
    except urllib.error.HTTPError as error:
        return error.code


def post_until(url, body, content_type, token, seconds, pause=1.0):
    """Repeat `post` until the controller takes it (2xx), refuses it for good (4xx other than 408 and 429), or `seconds` are over.

    Gives back the last status, or the last error as text. Pauses grow from `pause` to 10 s."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            last = post(url, body, content_type, token)
        except OSError as error:
            last = str(error)
        if isinstance(last, int) and (last < 400 or (last < 500 and last not in (408, 429))):
            return last
        if time.monotonic() + pause > deadline:
            return last
        time.sleep(pause)
        pause = min(pause * 2, 10.0)
