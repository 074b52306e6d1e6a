"""Command line: reads the plan, installs, reports the end, and starts the machine anew."""

import argparse
import fcntl
import json
import os
import shutil
import subprocess
import sys
import traceback

from . import preflight
from .context import Context, Log
from .errors import InstallError, Refused
from .kernel_log import disk_trouble
from .plan import load
from .reporting import Reporter, log_file
from .stages import install

# cloud-init's power_state module looks for these before it reboots or powers off: a failed machine stays up to be looked at.
BLOCK_FILES = ("/tmp/block-reboot", "/tmp/block-poweroff")


def main(argv):
    parser = argparse.ArgumentParser(prog="rackwright-install", description="Install this machine by a plan.")
    parser.add_argument("plan", help="the plan, a JSON file")
    parser.add_argument("--dry-run", action="store_true", help="only check whether the plan can be done; write nothing")
    parser.add_argument("--log", default="/tmp/install.log", help="where to write the log (default: %(default)s)")
    arguments = parser.parse_args(argv)
    log = Log(arguments.log)
    context = Context(log)
    try:
        os.makedirs(context.state_dir, mode=0o700, exist_ok=True)
        plan = load(arguments.plan)
        if arguments.dry_run:
            devices = preflight.check(plan, context)
            for name, device in devices.items():
                log.write(f"{name} is {device.path}, {device.size_bytes} bytes")
            return 0
    except (Refused, InstallError) as error:
        log.write(str(error))
        if not arguments.dry_run:
            tell_refusal(arguments.plan, error, log)
            block_reboot()
        return 1
    return run(plan, context)


def tell_refusal(path, error, log):
    """A plan that cannot even be read as one may still say where to complain."""
    try:
        with open(path, encoding="utf-8") as file:
            reporting = json.load(file)["reporting"]
        reporter = Reporter(reporting["endpoint"], reporting, log)
    except (OSError, ValueError, LookupError, TypeError) as reason:
        log.write(f"the controller cannot be told: {reason}")
        return
    reporter.start("cmd-install", "installing this machine")
    reporter.finish("cmd-install", str(error), "FAIL", [log_file(log)])
    reporter.close()


def run(plan, context, reporter=None):
    """Install and report. 0 when the machine is installed; the controller has been told either way."""
    # User-data runs us with umask 077 for the plan's sake; folders and grub modules of the new system are for all to read.
    os.umask(0o022)
    lock = open(os.path.join(context.state_dir, "lock"), "w", encoding="ascii")  # held until this process ends
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        context.log.write("another rackwright-install is running; this one does nothing")
        lock.close()
        return 1
    with lock:
        reporter = reporter or Reporter(plan.reporting["endpoint"], plan.reporting, context.log)
        failure = attempt(plan, context, reporter)
        result = "FAIL" if failure else "SUCCESS"
        # The log goes along before the end is written to it: what it says then is what happened.
        files = [log_file(context.log)]
        reporter.finish("cmd-install", failure or "installation finished", result, files)
        told = reporter.close()
    if failure:
        block_reboot()
        return 1
    if not told:
        context.log.write("the controller was not told of the end; the machine is installed and starts from its disk")
    if plan.power_action == "reboot":
        restart(context)
    return 0


def attempt(plan, context, reporter):
    """None, or why it failed in one line."""
    reporter.start("cmd-install", "installing this machine")
    try:
        install(plan, context, reporter)
    except Refused as error:
        context.log.write(str(error))
        return str(error)
    except InstallError as error:
        context.log.write(str(error))
        trouble = disk_trouble(context)
        return f"{error} (the kernel says: {trouble})" if trouble else str(error)
    except Exception as error:  # a defect of ours must be reported like every other failure
        context.log.write(traceback.format_exc())
        return f"installer defect: {type(error).__name__}: {error}"
    return None


def block_reboot():
    for path in BLOCK_FILES:
        with open(path, "w", encoding="ascii"):
            pass


def restart(context):
    """Reboot once cloud-init has reported its own end, which the controller waits for; at the latest after two minutes."""
    script = "timeout 120 cloud-init status --wait >/dev/null 2>&1; exec systemctl reboot"
    if shutil.which("systemd-run") and os.path.isdir("/run/systemd/system"):
        # A unit of its own: it outlives the service that runs this script, and that cloud-init waits for.
        context.run(["systemd-run", "--no-block", "--collect", "--unit=rackwright-reboot", "sh", "-c", script], check=False)
    else:
        subprocess.Popen(["reboot"], stdin=subprocess.DEVNULL)
    sys.stdout.flush()
