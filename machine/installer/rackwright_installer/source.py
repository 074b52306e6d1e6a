"""Gets the root filesystem image, proves that it is the planned one, and unpacks it."""

import hashlib
import os
import subprocess
import time
import urllib.error
import urllib.request

from .errors import InstallError, Refused

CHUNK = 1024 * 1024
# What the installer and unsquashfs need beside the image.
SPARE_BYTES = 256 * 1024 * 1024
DOWNLOAD_RETRY_SECONDS = 120
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def fetch_to_ram(plan, ctx, progress):
    """Path of the verified image, or None when it is too large for memory and has to wait for the disk. Refuses a bad source."""
    source = plan.source
    local = _local_problem(source, ctx)
    if local is None:
        ctx.log.write(f"the image is already here: {ctx.local_image}")
        return ctx.local_image
    if source["uri"].startswith("cp://"):
        raise Refused([f"source {source['uri']} cannot be verified: {local}"])
    _check_reachable(source)
    if _free_memory() < source["sizeBytes"] + SPARE_BYTES:
        ctx.log.write("the image does not fit into memory beside the system; it will be fetched to the disk")
        return None
    folder = os.path.join(ctx.state_dir, "image")
    os.makedirs(folder, mode=0o700, exist_ok=True)
    if not os.path.ismount(folder):
        ctx.run(["mount", "-t", "tmpfs", "-o", "mode=0700,size=90%", "tmpfs", folder])
    try:
        return download(source, os.path.join(folder, "root.squashfs"), progress)
    except InstallError as error:
        raise Refused([str(error)]) from error


def _local_problem(source, ctx):
    """Why the image that this system runs from is not the planned one; None when it is."""
    if not os.path.isfile(ctx.local_image):
        return f"{ctx.local_image} is not here"
    size = os.path.getsize(ctx.local_image)
    if size != source["sizeBytes"]:
        return f"{ctx.local_image} has {size} bytes, not {source['sizeBytes']}"
    # The initramfs has verified it by this argument and stopped otherwise: hashing it again costs up to 15 s on slow machines.
    if f"netroot_sha256={source['sha256']}" in ctx.cmdline():
        return None
    digest = sha256_of(ctx.local_image)
    return None if digest == source["sha256"] else f"{ctx.local_image} has sha256 {digest}, not {source['sha256']}"


def sha256_of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(CHUNK), b""):
            digest.update(block)
    return digest.hexdigest()


def _check_reachable(source):
    request = urllib.request.Request(source["uri"], method="HEAD")
    problem = None
    deadline = time.monotonic() + DOWNLOAD_RETRY_SECONDS
    while True:
        try:
            with _opener.open(request, timeout=20) as reply:
                length = reply.headers.get("Content-Length")
            if length is not None and int(length) != source["sizeBytes"]:
                raise Refused([f"source {source['uri']} has {length} bytes, not {source['sizeBytes']}"])
            return
        except urllib.error.HTTPError as error:
            problem = f"HTTP status {error.code}"
            if error.code in (405, 501):  # a server without HEAD; GET will tell
                return
            if error.code < 500:
                break
        except OSError as error:
            problem = str(error)
        if time.monotonic() > deadline:
            break
        time.sleep(2)
    raise Refused([f"source {source['uri']} cannot be read: {problem}"])


def download(source, path, progress):
    """Fetch with resumption, hash on the way, and give back `path`. Raises InstallError when it is not the planned image."""
    digest, done = hashlib.sha256(), 0
    deadline = time.monotonic() + DOWNLOAD_RETRY_SECONDS
    with open(path, "wb") as file:
        while done < source["sizeBytes"]:
            try:
                for block in _blocks(source["uri"], done):
                    file.write(block)
                    digest.update(block)
                    done += len(block)
                    progress(done, source["sizeBytes"])
                    if done > source["sizeBytes"]:
                        raise InstallError(f"source {source['uri']} is larger than {source['sizeBytes']} bytes")
                    deadline = time.monotonic() + DOWNLOAD_RETRY_SECONDS
                problem = "the connection ended early"
            except urllib.error.HTTPError as error:
                problem = f"HTTP status {error.code}"
                if error.code < 500:
                    raise InstallError(f"source {source['uri']} cannot be read: {problem}") from error
            except OSError as error:
                problem = str(error)
            if done < source["sizeBytes"]:
                if time.monotonic() > deadline:
                    raise InstallError(f"source {source['uri']} stopped at {done} of {source['sizeBytes']} bytes: {problem}")
                time.sleep(1)
    if digest.hexdigest() != source["sha256"]:
        os.unlink(path)
        raise InstallError(f"source {source['uri']} has sha256 {digest.hexdigest()}, not {source['sha256']}")
    return path


def _blocks(uri, offset):
    headers = {"Range": f"bytes={offset}-"} if offset else {}
    with _opener.open(urllib.request.Request(uri, headers=headers), timeout=30) as reply:
        if offset and reply.status != 206:  # no ranges here: read over what is known
            left = offset
            while left > 0:
                left -= len(reply.read(min(CHUNK, left)) or b"") or left
        while True:
            block = reply.read(CHUNK)
            if not block:
                return
            yield block


def _free_memory():
    with open("/proc/meminfo", encoding="ascii") as file:
        for line in file:
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return 0


def unpack(image, target, unpacked_bytes, ctx, progress):
    """unsquashfs into `target`; progress is what the target's filesystems have taken in."""
    before = _used(target)
    command = ["unsquashfs", "-quiet", "-no-progress", "-force", "-dest", target, image]
    ctx.log.write("+ " + " ".join(command))
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        output = _watch(process, lambda: progress(max(0, _used(target) - before), unpacked_bytes))
    if output.strip():
        ctx.log.write(output[-4000:])
    if process.returncode != 0:
        last = (output.strip().splitlines() or ["it said nothing"])[-1]
        raise InstallError(f"unpacking {image} failed with {process.returncode}: {last}")
    progress(max(0, _used(target) - before), unpacked_bytes)


def _watch(process, tick):
    """Call `tick` every two seconds until the process has ended; gives back its output."""
    while True:
        try:
            return process.communicate(timeout=2)[0].decode("utf-8", "replace")
        except subprocess.TimeoutExpired:
            tick()


def _used(path):
    stat = os.statvfs(path)
    return (stat.f_blocks - stat.f_bfree) * stat.f_frsize
