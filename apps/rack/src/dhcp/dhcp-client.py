"""A DHCP client for tests: raw frames on one interface, as firmware sends them before it has an address.

One JSON object per line on standard input, one back per line. Fields asked: type (a message type number), mac, and optionally arch, vendor,
user_class, requested, server, ciaddr, giaddr, xid, params, timeout (seconds). Answered: {} when nothing came, else type, yiaddr, siaddr,
file, server, options (hex by code) and ms.
"""

import json
import os
import select
import socket
import struct
import sys
import time

ETH_P_IP = 0x0800
COOKIE = bytes([99, 130, 83, 99])
PARAMS = [1, 3, 6, 12, 15, 26, 28, 42, 51, 54, 60, 66, 67, 119, 175]


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def build(ask, xid, server_mac, server_ip):
    mac = bytes.fromhex(ask["mac"].replace(":", ""))
    giaddr = socket.inet_aton(ask.get("giaddr", "0.0.0.0"))
    ciaddr = socket.inet_aton(ask.get("ciaddr", "0.0.0.0"))
    options = [(53, bytes([ask["type"]])), (55, bytes(ask.get("params", PARAMS)))]
    if "arch" in ask:
        options += [(93, struct.pack("!H", ask["arch"])), (94, bytes([1, 3, 16]))]
    if "vendor" in ask:
        options.append((60, ask["vendor"].encode()))
    if "user_class" in ask:
        options.append((77, ask["user_class"].encode()))
    if "requested" in ask:
        options.append((50, socket.inet_aton(ask["requested"])))
    if "server" in ask:
        options.append((54, socket.inet_aton(ask["server"])))
    body = b"".join(bytes([code, len(value)]) + value for code, value in options) + b"\xff"
    hops = 1 if "giaddr" in ask else 0
    flags = 0x8000 if "giaddr" not in ask and "ciaddr" not in ask else 0
    head = struct.pack("!4BIHH4s4s4s4s16s192x", 1, 1, 6, hops, xid, 0, flags, ciaddr, bytes(4), bytes(4), giaddr, mac)
    dhcp = (head + COOKIE + body).ljust(300, b"\0")
    unicast = "giaddr" in ask or "ciaddr" in ask
    source = giaddr if "giaddr" in ask else ciaddr
    target = socket.inet_aton(server_ip) if unicast else b"\xff" * 4
    port = 67 if "giaddr" in ask else 68
    udp = struct.pack("!4H", port, 67, 8 + len(dhcp), 0) + dhcp
    ip = struct.pack("!2B3H2BH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, source, target)
    ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    return (server_mac if unicast else b"\xff" * 6) + mac + struct.pack("!H", ETH_P_IP) + ip + udp


def parse(frame, xid):
    if frame[12:14] != b"\x08\x00" or frame[23] != 17:
        return None
    udp = frame[14 + (frame[14] & 15) * 4 :]
    dhcp = udp[8:]
    if udp[0:2] != b"\0\x43" or len(dhcp) < 240 or dhcp[0] != 2 or struct.unpack("!I", dhcp[4:8])[0] != xid:
        return None
    options, at = {}, 240
    while at < len(dhcp) and dhcp[at] != 255:
        if dhcp[at] == 0:
            at += 1
            continue
        options[dhcp[at]] = options.get(dhcp[at], b"") + dhcp[at + 2 : at + 2 + dhcp[at + 1]]
        at += 2 + dhcp[at + 1]
    return {
        "type": options.get(53, b"\0")[0],
        "yiaddr": socket.inet_ntoa(dhcp[16:20]),
        "siaddr": socket.inet_ntoa(dhcp[20:24]),
        "file": dhcp[108:236].split(b"\0")[0].decode(),
        "server": socket.inet_ntoa(options[54]) if 54 in options else None,
        "options": {code: value.hex() for code, value in options.items()},
    }


def exchange(sock, ask, server_mac, server_ip):
    xid = ask.get("xid", int.from_bytes(os.urandom(4), "big"))
    began = time.perf_counter()
    sock.send(build(ask, xid, server_mac, server_ip))
    until = began + ask.get("timeout", 1.0)
    while (left := until - time.perf_counter()) > 0:
        if select.select([sock], [], [], left)[0]:
            answer = parse(sock.recv(4096), xid)
            if answer:
                return {**answer, "ms": round((time.perf_counter() - began) * 1000, 2)}
    return {}


def main():
    interface, server_mac, server_ip = sys.argv[1:4]
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_IP)) as sock:
        sock.bind((interface, ETH_P_IP))
        for line in sys.stdin:
            reply = exchange(sock, json.loads(line), bytes.fromhex(server_mac.replace(":", "")), server_ip)
            print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    main()
