"""
YAML without a YAML library: block and flow mappings and sequences, quoted and plain scalars, literal and folded text.
PyYAML reads it when it is there (cloud-init brings it); no anchors, tags or complex keys otherwise.
"""

from __future__ import annotations

import json
import re

from . import capture


class YamlError(ValueError):
    """The text is not YAML, or uses a part of it that is not read here."""


def load(text: str):
    """The value of one document."""
    try:
        import yaml
    except ImportError:
        return load_lite(text)
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise YamlError(str(error)) from error


# What scripts write for us is a few lines.
SMALL_BYTES = 64 * 1024
_MOST_PARTS = 10_000


def load_small(path: str):
    """The value of a file that a script has written. @raises YamlError also for one that is large, no plain file, or full of aliases"""
    content = capture.read(path, SMALL_BYTES + 1)
    if content is None:
        raise YamlError(f"{path} is no file that can be read")
    if len(content) > SMALL_BYTES:
        raise YamlError(f"{path} has more than {SMALL_BYTES} bytes")
    try:
        value = load(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise YamlError(f"{path} is no UTF-8: {error}") from error
    except RecursionError as error:
        raise YamlError(f"{path} is nested too deep") from error
    # An alias of aliases of aliases is a few lines here, and gigabytes once it is written out.
    parts, seen = [value], 0
    while parts:
        part, seen = parts.pop(), seen + 1
        if seen > _MOST_PARTS:
            raise YamlError(f"{path} has more than {_MOST_PARTS} values, its aliases counted as what they stand for")
        parts += part.values() if isinstance(part, dict) else part if isinstance(part, (list, tuple, set)) else []
    return value


def dump(value) -> str:
    """JSON is YAML: one emitter less to get wrong."""
    return json.dumps(value, indent=1, sort_keys=True) + "\n"


def load_lite(text: str):
    lines = []
    for number, raw in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        if raw.startswith(("---", "...", "%")) and not lines:
            continue
        lines.append((number, raw))
    reader = _Reader(lines)
    value = reader.block(0)
    reader.skip_blank()
    if reader.at < len(lines):
        raise YamlError(f"line {lines[reader.at][0]}: unexpected indentation")
    return value


def _indent(raw: str) -> int:
    return len(raw) - len(raw.lstrip(" "))


_KEY = re.compile(r"""(?P<key>"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s#'"{}\[\],&*!|>%@`-][^#]*?|-[^\s#][^#]*?)\s*:(?:\s+|$)""")


class _Reader:
    def __init__(self, lines: list[tuple[int, str]]):
        self.lines = lines
        self.at = 0

    def skip_blank(self) -> None:
        while self.at < len(self.lines):
            stripped = self.lines[self.at][1].strip()
            if stripped and not stripped.startswith("#") and stripped != "...":
                return
            self.at += 1

    def block(self, least: int):
        self.skip_blank()
        if self.at >= len(self.lines):
            return None
        raw = self.lines[self.at][1]
        indent = _indent(raw)
        if "\t" in raw[: len(raw) - len(raw.lstrip())]:
            raise YamlError(f"line {self.lines[self.at][0]}: tabs cannot indent YAML")
        if indent < least:
            return None
        body = raw.strip()
        if body == "-" or body.startswith("- "):
            return self.sequence(indent)
        if _KEY.match(body):
            return self.mapping(indent)
        return self.scalar_lines(indent)

    def scalar_lines(self, indent: int):
        """A scalar or flow collection that stands on lines of its own."""
        parts = []
        while self.at < len(self.lines):
            raw = self.lines[self.at][1]
            if raw.strip() and _indent(raw) < indent:
                break
            parts.append(raw.strip())
            self.at += 1
        return _inline(" ".join(part for part in parts if part))

    def sequence(self, indent: int) -> list:
        items = []
        while True:
            self.skip_blank()
            if self.at >= len(self.lines):
                return items
            number, raw = self.lines[self.at]
            if _indent(raw) != indent or not (raw.strip() == "-" or raw.strip().startswith("- ")):
                if _indent(raw) > indent:
                    raise YamlError(f"line {number}: bad indentation in a list")
                return items
            rest = raw.strip()[1:].strip()
            if not rest or rest.startswith("#"):
                self.at += 1
                items.append(self.block(indent + 1))
            elif (rest.startswith("- ") or _KEY.match(rest)) and rest[0] not in "{[":
                # "- key: value": the rest of the line begins a block that is indented as far as its first character.
                column = raw.index(rest, indent + 1)
                self.lines[self.at] = (number, " " * column + rest)
                items.append(self.block(column))
            else:
                items.append(self.value(rest, indent))

    def mapping(self, indent: int) -> dict:
        found: dict = {}
        while True:
            self.skip_blank()
            if self.at >= len(self.lines):
                return found
            number, raw = self.lines[self.at]
            if _indent(raw) != indent:
                if _indent(raw) > indent:
                    raise YamlError(f"line {number}: bad indentation in a mapping")
                return found
            match = _KEY.match(raw.strip())
            if not match:
                if raw.strip().startswith("-"):
                    return found
                raise YamlError(f"line {number}: expected `key: value`")
            key = _inline(match.group("key"))
            rest = raw.strip()[match.end() :].strip()
            if not rest or rest.startswith("#"):
                self.at += 1
                self.skip_blank()
                # A list may stand at the same indentation as its key.
                at_dash = self.at < len(self.lines) and re.match(r" *-( |$)", self.lines[self.at][1])
                same = at_dash and _indent(self.lines[self.at][1]) == indent
                found[key] = self.sequence(indent) if same else self.block(indent + 1)
            else:
                found[key] = self.value(rest, indent)

    def value(self, rest: str, indent: int):
        self.at += 1
        if rest[0] in "|>" and re.fullmatch(r"[|>][+-]?\d?[+-]?(\s+#.*)?", rest):
            return self.text(rest, indent)
        # A quoted scalar or flow collection may go on over the next, deeper lines.
        while not _complete(rest) and self.at < len(self.lines):
            rest += " " + self.lines[self.at][1].strip()
            self.at += 1
        while rest[0] not in "\"'{[" and self.at < len(self.lines):
            following = self.lines[self.at][1]
            if not following.strip() or _indent(following) <= indent:
                break
            if _KEY.match(following.strip()):
                raise YamlError(f"line {self.lines[self.at][0]}: a key inside of a plain text")
            rest += " " + following.strip()
            self.at += 1
        return _inline(rest)

    def text(self, header: str, indent: int) -> str:
        body: list[str] = []
        depth = None
        while self.at < len(self.lines):
            raw = self.lines[self.at][1]
            if raw.strip():
                if _indent(raw) <= indent:
                    break
                depth = _indent(raw) if depth is None else depth
            body.append(raw)
            self.at += 1
        lines = [raw[depth or 0 :] for raw in body]
        trailing = 0
        while lines and not lines[-1].strip():
            lines.pop()
            trailing += 1
        joined = "\n".join(lines) if header[0] == "|" else re.sub(r"(?<!\n)\n(?!\n)", " ", "\n".join(lines))
        if "-" in header or not lines:
            return joined
        return joined + "\n" * (1 + (trailing if "+" in header else 0))


def _complete(text: str) -> bool:
    if text[0] not in "\"'{[":
        return True
    try:
        _Flow(text).top()
    except YamlError:
        return False
    return True


def _inline(text: str):
    return _Flow(text).top() if text and text[0] in "\"'{[" else _plain(re.split(r"\s#", text, maxsplit=1)[0].strip())


def _plain(text: str):
    if text in ("", "~", "null", "Null", "NULL"):
        return None
    if text in ("true", "True", "TRUE", "yes", "Yes", "on", "On"):
        return True
    if text in ("false", "False", "FALSE", "no", "No", "off", "Off"):
        return False
    if re.fullmatch(r"[-+]?(0|[1-9][0-9]*)", text):
        return int(text)
    if re.fullmatch(r"[-+]?[0-9]+\.[0-9]*([eE][-+][0-9]+)?", text):
        return float(text)
    return text


class _Flow:
    def __init__(self, text: str):
        self.text = text
        self.at = 0

    def top(self):
        value = self.value(",")
        rest = self.text[self.at :].strip()
        if rest and not rest.startswith("#"):
            raise YamlError(f"unexpected {rest!r} after a value")
        return value

    def blank(self) -> None:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1

    def peek(self) -> str:
        self.blank()
        if self.at >= len(self.text):
            raise YamlError("a quoted text, list or mapping does not end")
        return self.text[self.at]

    def value(self, stop: str):
        first = self.peek()
        if first == "[":
            return self.items()
        if first == "{":
            return self.pairs()
        if first in "\"'":
            return self.quoted()
        start = self.at
        while self.at < len(self.text) and self.text[self.at] not in ",]}":
            if self.text[self.at] == ":" and ":" in stop and self.text[self.at + 1 : self.at + 2] in ("", " ", ",", "}"):
                break
            self.at += 1
        return _plain(self.text[start : self.at].strip())

    def quoted(self) -> str:
        match = re.compile(r'"((?:[^"\\]|\\.)*)"|\'((?:[^\']|\'\')*)\'', re.S).match(self.text, self.at)
        if not match:
            raise YamlError("a quoted text does not end")
        self.at = match.end()
        if match.group(2) is not None:
            return match.group(2).replace("''", "'")
        try:
            return json.loads(re.sub(r"\\(?![\"\\/bfnrtu])", r"\\\\", match.group(0)), strict=False)
        except ValueError as error:
            raise YamlError(f"bad escape in {match.group(0)}") from error

    def items(self) -> list:
        self.at += 1
        found = []
        while self.peek() != "]":
            found.append(self.value(","))
            if self.peek() == ",":
                self.at += 1
        self.at += 1
        return found

    def pairs(self) -> dict:
        self.at += 1
        found = {}
        while self.peek() != "}":
            key = self.value(":")
            value = None
            if self.peek() == ":":
                self.at += 1
                value = None if self.peek() in ",}" else self.value(",")
            found[key] = value
            if self.peek() == ",":
                self.at += 1
        self.at += 1
        return found
