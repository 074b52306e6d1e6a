import assert from "node:assert/strict";
import { test } from "node:test";
import { renderMemoryHook } from "./memory.ts";

const network = { version: 2, ethernets: { eth0: { match: { macaddress: "52:54:00:00:00:01" }, mtu: 1500 } } } as const;
const decoded = (text: string) =>
  text.replace(/base64 -d > (\S+) << END_OF_BASE64\n([\s\S]*?)\nEND_OF_BASE64/g, (_, path: string, data: string) => {
    return `${path}:\n${Buffer.from(data, "base64").toString("utf8")}`;
  });

test("what a system in memory is given at each boot, word for word", () => {
  const text = renderMemoryHook({ network, files: [], start: [] });
  assert.equal(
    decoded(text),
    `#cloud-boothook
#!/bin/sh
# What an installer would have written to a disk. This system runs from memory, so it is written at each boot.
set -eu
mkdir -p /etc/netplan
umask 077
/etc/netplan/50-maas.yaml:
network:
  version: 2
  ethernets:
    eth0:
      match:
        macaddress: 52:54:00:00:00:01
      mtu: 1500

chmod 0600 /etc/netplan/50-maas.yaml
rm -f /etc/netplan/50-cloud-init.yaml
netplan apply
/lib/systemd/systemd-networkd-wait-online --timeout=60 || true
`,
  );
});

test("files come with their modes, units among them are started, and nothing in them is a word of the shell", () => {
  const evil = { path: "/etc/a/b", mode: "0755", content: "$(reboot) END_OF_BASE64\n'`\"" };
  const text = renderMemoryHook({ network, files: [evil], start: ["a.timer", "b.timer"] });
  assert.doesNotMatch(text, /reboot/);
  assert.match(decoded(text), /^\/etc\/a\/b:\n\$\(reboot\) END_OF_BASE64\n'`"\nchmod 0755 \/etc\/a\/b$/m);
  assert.match(text, /^mkdir -p \/etc\/a \/etc\/netplan$/m);
  assert.match(text, /^systemctl daemon-reload\nsystemctl --no-block start a\.timer b\.timer\nrm /m);
});
