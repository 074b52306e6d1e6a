"""multipart/form-data (RFC 7578). Parts go out as they are, without transfer encoding."""

from __future__ import annotations

import os


def encode(fields: dict[str, str], files: dict[str, bytes]) -> tuple[bytes, str]:
    """Body and content type."""
    boundary = "rackwright-" + os.urandom(16).hex()
    parts: list[bytes] = []
    for name, value in fields.items():
        parts.append(_part(boundary, name, None, value.encode("utf-8")))
    for name, content in files.items():
        parts.append(_part(boundary, name, name, content))
    parts.append(f"--{boundary}--\r\n".encode())
    return b"".join(parts), f"multipart/form-data; boundary={boundary}"


def _part(boundary: str, name: str, filename: str | None, content: bytes) -> bytes:
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"'
    if filename is not None:
        head += f'; filename="{_quoted(filename)}"\r\nContent-Type: application/octet-stream'
    return head.encode("utf-8") + b"\r\n\r\n" + content + b"\r\n"


def _quoted(name: str) -> str:
    return name.replace("\\", "\\\\").replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
