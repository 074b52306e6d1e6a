"""Writes YAML that people read, without a library: mappings, lists, text, numbers, booleans and null in block style."""

import json
import re

# Text that no YAML 1.1 or 1.2 reader takes for anything else. All other text is quoted: 52:54:00:12:34:56 is a number to some readers.
_PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_/.-]*")
_WORDS = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"}


def dump(value):
    """`value` as a YAML document that ends with a newline."""
    if isinstance(value, (dict, list)) and value:
        return "\n".join(_block(value, 0)) + "\n"
    return _scalar(value) + "\n"


def _block(value, depth):
    pad = "  " * depth
    if isinstance(value, dict):
        for key, inner in value.items():
            head = f"{pad}{_scalar(str(key))}:"
            if isinstance(inner, (dict, list)) and inner:
                yield head
                yield from _block(inner, depth + 1)
            else:
                yield f"{head} {_scalar(inner)}"
        return
    for inner in value:
        if isinstance(inner, (dict, list)) and inner:
            lines = list(_block(inner, depth + 1))
            yield f"{pad}- {lines[0].lstrip(' ')}"
            yield from lines[1:]
        else:
            yield f"{pad}- {_scalar(inner)}"


def _scalar(value):
    if value is None:
        return "null"
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return json.dumps(value)
    if isinstance(value, dict):
        return "{}"
    if isinstance(value, list):
        return "[]"
    if not isinstance(value, str):
        raise TypeError(f"YAML cannot hold a {type(value).__name__}")
    if _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    # JSON text is YAML's double-quoted style, once what YAML forbids unescaped is escaped too.
    return "".join(_escape(char) for char in json.dumps(value, ensure_ascii=False))


def _escape(char):
    code = ord(char)
    if code == 0x7F or 0x80 <= code <= 0x9F or code in (0x2028, 0x2029, 0xFEFF) or 0xD800 <= code <= 0xDFFF:
        return f"\\u{code:04x}"
    return char
