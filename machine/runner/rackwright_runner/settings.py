"""Paths and times of the ephemeral system in one value, so that tests can use a machine of their own."""

from __future__ import annotations

from dataclasses import dataclass

HEARTBEAT_SECONDS = 120.0
# Between two looks at what running scripts have printed.
LIVE_SECONDS = 1.0
# The region waits as long before it declares a script overdue.
KILL_GRACE_SECONDS = 300.0
RETRY_DELAYS = (1.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 0.0)
# What must not be lost (results, the final word) is tried this much longer while the region is away, e.g. being upgraded.
STUBBORN_SECONDS = 1800.0
STUBBORN_DELAY = 30.0


@dataclass(frozen=True)
class Settings:
    heartbeat_seconds: float = HEARTBEAT_SECONDS
    live_seconds: float = LIVE_SECONDS
    kill_grace_seconds: float = KILL_GRACE_SECONDS
    retry_delays: tuple[float, ...] = RETRY_DELAYS
    stubborn_seconds: float = STUBBORN_SECONDS
    stubborn_delay: float = STUBBORN_DELAY
    http_timeout_seconds: float = 60.0
    registered_wait_seconds: float = 10.0
    cmdline_path: str = "/proc/cmdline"
    cloud_cfg_dir: str = "/etc/cloud/cloud.cfg.d"
    sys_root: str = "/sys"
    dev_root: str = "/dev"
    udev_data_dir: str = "/run/udev/data"
    netplan_dir: str = "/etc/netplan"
    netplan_apply_seconds: float = 60.0
    networkd_tries: int = 10
    networkd_delay: float = 0.5
    storage_config_file: str = "/storage-config.json"
    machine_extra_file: str = "/machine-extra.json"
    apt_lists_dir: str = "/var/lib/apt/lists"
