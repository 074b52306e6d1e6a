"""What a terminal would show: backspace and carriage return move the cursor, later text overwrites."""

from __future__ import annotations

# Longer captures stay as they came: a screen of that size was not made for reading.
LIMIT_BYTES = 4 * 1024 * 1024


def settle(data: bytes) -> bytes:
    """Apply backspaces and carriage returns. Bytes that are not UTF-8 text (an archive on stdout) stay untouched."""
    if len(data) > LIMIT_BYTES or b"\0" in data or not (b"\r" in data or b"\b" in data):
        return data
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return data
    return "\n".join(_line(line) if "\r" in line or "\b" in line else line for line in text.split("\n")).encode("utf-8")


def _line(line: str) -> str:
    shown: list[str] = []
    cursor = 0
    for char in line:
        if char == "\r":
            cursor = 0
        elif char == "\b":
            cursor = max(0, cursor - 1)
        else:
            shown[cursor : cursor + 1] = [char]
            cursor += 1
    return "".join(shown)
