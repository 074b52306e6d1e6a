"""Where the region is and how this machine proves itself: cloud-init's copy of the preseed, or the URL on the kernel command line."""

from __future__ import annotations

import glob
import os
import shlex
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, urlsplit

from . import yaml_lite
from .settings import Settings


class NoRegion(Exception):
    """Nothing on this machine says which region it belongs to."""


@dataclass(frozen=True)
class Credentials:
    """`metadata_url` ends before the version. Without a token secret the machine is not enlisted yet."""

    metadata_url: str
    consumer_key: str = ""
    token_key: str = ""
    token_secret: str = ""
    consumer_secret: str = ""

    @property
    def enlisted(self) -> bool:
        return bool(self.token_secret)

    @property
    def maas_url(self) -> str:
        """`http://host:port/MAAS`: all that the region serves stands below it."""
        head, found, _ = self.metadata_url.partition("/metadata")
        return head.rstrip("/") if found else self.metadata_url.rstrip("/")

    @property
    def base_url(self) -> str:
        """Scheme, host and port: what scripts know as MAAS_BASE_URL."""
        parts = urlsplit(self.metadata_url)
        return f"{parts.scheme}://{parts.netloc}"

    def version_url(self, version: str) -> str:
        return f"{self.maas_url}/metadata/{version}/"

    def with_token(self, other: Credentials) -> Credentials:
        """The token of `other`, reached the way that worked until now."""
        return replace(other, metadata_url=other.metadata_url or self.metadata_url)


def from_preseed(text: str) -> Credentials | None:
    """Credentials in a cloud-config text; None when it has no MAAS data source."""
    document = yaml_lite.load(text)
    datasource = document.get("datasource") if isinstance(document, dict) else None
    maas = datasource.get("MAAS") if isinstance(datasource, dict) else None
    if not isinstance(maas, dict) or not maas.get("metadata_url"):
        return None
    names = ("metadata_url", "consumer_key", "token_key", "token_secret", "consumer_secret")
    return Credentials(**{name: str(maas.get(name) or "") for name in names})


def kernel_argument(settings: Settings, name: str) -> str | None:
    """Value of `name=` on the kernel command line."""
    try:
        with open(settings.cmdline_path, encoding="utf-8", errors="replace") as stream:
            text = stream.read()
    except OSError:
        return None
    try:
        words = shlex.split(text)
    except ValueError:
        words = text.split()
    return next((word[len(name) + 1 :] for word in words if word.startswith(name + "=")), None)


def boot_secret(settings: Settings) -> str | None:
    """The secret of this boot: the region opens the machine's preseed with it, also right after enlisting."""
    url = kernel_argument(settings, "cloud-config-url")
    return parse_qs(urlsplit(url).query).get("secret", [None])[0] if url else None


def config_files(settings: Settings, asked: str | None) -> list[str]:
    found = [asked] if asked else []
    return found + sorted(glob.glob(os.path.join(settings.cloud_cfg_dir, "*cmdline*.cfg")))


def find(settings: Settings, asked: str | None, fetch) -> Credentials:
    """
    Read credentials from the first file that has them, else by `fetch(url)` from the preseed URL of the kernel command line.
    @raises NoRegion
    """
    tried = []
    for path in config_files(settings, asked):
        try:
            with open(path, encoding="utf-8") as stream:
                credentials = from_preseed(stream.read())
        except (OSError, UnicodeDecodeError, yaml_lite.YamlError) as error:
            tried.append(f"{path}: {error}")
            continue
        if credentials:
            return credentials
        tried.append(f"{path}: no datasource.MAAS.metadata_url")
    url = kernel_argument(settings, "cloud-config-url")
    if url:
        credentials = from_preseed(fetch(url).decode("utf-8"))
        if credentials:
            return credentials
        tried.append("cloud-config-url: no datasource.MAAS.metadata_url in the reply")
    detail = "; ".join(tried) or "no *cmdline*.cfg file and no cloud-config-url on the kernel command line"
    raise NoRegion(f"cannot find the region of this machine ({detail}); pass --url and the keys, or --no-send with --no-download")
