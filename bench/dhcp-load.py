"""Two streams of DHCP questions on one interface, sent whether or not answers come: one by somebody whom no change concerns, who asks and
renews, and one that can be told what to ask (a JSON object per line on standard input, as of dhcp-client.py, with `every` in seconds; null: nothing).

For the second, each answer that differs from the one before is a line: its time (CLOCK_MONOTONIC, ns), address, and options; so is
silence, with an empty address. On {"end": true}
the last line says how many questions of the first were sent and lost: no answer within LOST_S.
"""

import importlib.util
import json
import os
import select
import socket
import sys
import time

STEADY_S, PROBE_S, LOST_S, SILENCE_S = 0.020, 0.020, 1.0, 0.3
DISCOVER, REQUEST = 1, 3

path = os.path.join(os.path.dirname(__file__), "../apps/rack/src/dhcp/dhcp-client.py")
spec = importlib.util.spec_from_file_location("dhcp_client", path)
client = importlib.util.module_from_spec(spec)
spec.loader.exec_module(client)


def main():
    interface, mac, server_ip, steady_mac, steady_ip = sys.argv[1:6]
    server_mac = bytes.fromhex(mac.replace(":", ""))
    steady = [
        {"type": DISCOVER, "mac": steady_mac},
        {"type": REQUEST, "mac": steady_mac, "requested": steady_ip, "server": server_ip},
        {"type": REQUEST, "mac": steady_mac, "ciaddr": steady_ip},
    ]
    waiting, sent, delays = {}, 0, []
    probe, number, last, heard = None, 0, None, 0
    serving = False  # before the first answer nothing counts: the server may not have started
    pending = b""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(client.ETH_P_IP)) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        sock.bind((interface, client.ETH_P_IP))
        next_steady = next_probe = time.monotonic()
        while True:
            now = time.monotonic()
            if now >= next_steady:
                sent += 1
                waiting[sent] = now
                sock.send(client.build(steady[sent % len(steady)], sent, server_mac, server_ip))
                next_steady += STEADY_S
            if probe and last != "" and now - heard > SILENCE_S:
                last = ""
                print(json.dumps({"number": number, "at": str(time.monotonic_ns()), "ip": "", "router": None, "dns": None, "mtu": None}), flush=True)
            if probe and now >= next_probe:
                sock.send(client.build(probe, 0x80000000 | number, server_mac, server_ip))
                next_probe = now + probe.get("every", PROBE_S)
            wake = min(next_steady, next_probe if probe else next_steady)
            ready, _, _ = select.select([sock, 0], [], [], max(0, wake - time.monotonic()))
            if sock in ready:
                frame = sock.recv(4096)
                at = time.monotonic_ns()
                xid = int.from_bytes(frame[46:50], "big")
                answer = client.parse(frame, xid)
                if answer and xid in waiting and not serving:
                    serving, sent, waiting = True, 0, {}
                elif answer and xid in waiting:
                    delays.append(at / 1e9 - waiting.pop(xid))
                elif answer and probe and xid == 0x80000000 | number:
                    heard = now
                    seen = [answer["yiaddr"], answer["options"].get(3), answer["options"].get(6), answer["options"].get(26)]
                    if seen != last:
                        last = seen
                        told = {"number": number, "at": str(at), "ip": seen[0], "router": seen[1], "dns": seen[2], "mtu": seen[3]}
                        print(json.dumps(told), flush=True)
            if 0 in ready:
                pending += os.read(0, 65536)
                *lines, pending = pending.split(b"\n")
                for line in lines:
                    ask = json.loads(line)
                    if ask and ask.get("end"):
                        lost = sum(1 for at in waiting.values() if now - at > LOST_S)
                        delays.sort()
                        worst = round(delays[-1] * 1000, 1) if delays else None
                        half = round(delays[len(delays) // 2] * 1000, 2) if delays else None
                        print(json.dumps({"sent": sent, "lost": lost, "median_ms": half, "worst_ms": worst}), flush=True)
                        return
                    number, probe, last = number + 1, ask, None
                    heard = next_probe = time.monotonic()


main()
