/** What the lab's programs are told: the texts themselves are the interface. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { chassisScript, lanConf } from "./bmc.ts";
import { foreignDhcpConf } from "./foreign-dhcp.ts";
import { inNamespace, networkBatch } from "./network.ts";
import { siteRouterConf } from "./site-router.ts";

const bmc = {
  name: "node1",
  address: "10.77.1.11",
  password: "0123456789abcdef",
  uuid: "1b4e28ba-2fa1-4d12-883f-0016d3cca427",
  dir: "/lab/machines/node1",
  chassisSocket: "/run/it's/node1.chassis",
  chassisScript: "/run/lab/node1.sh",
  serialPort: 7001,
};

test("lan.conf: one LAN channel on the BMC's own address, one user, serial port and chassis at the lab's", () => {
  assert.equal(
    lanConf(bmc),
    `name "node1"
set_working_mc 0x20
startlan 1
  addr 10.77.1.11 623
  priv_limit admin
  allowed_auths_callback none md2 md5 straight
  allowed_auths_user none md2 md5 straight
  allowed_auths_operator none md2 md5 straight
  allowed_auths_admin none md2 md5 straight
  guid 1b4e28ba2fa14d12883f0016d3cca427
endlan
sol "tcp:127.0.0.1:7001" 115200
chassis_control "/bin/sh /run/lab/node1.sh"
user 1 true "" "" user 10 none md2 md5 straight
user 2 true "maas" "0123456789abcdef" admin 10 none md2 md5 straight
`,
  );
});

test("the chassis script survives quotes in a path and hands on its arguments", () => {
  assert.match(chassisScript(bmc), /^exec '.*node' '.*chassis-client\.mjs' '\/run\/it'\\''s\/node1\.chassis' "\$@"\n$/);
});

test("the network: bridge without learning delay, a mute port that keeps its carrier, a tap per card, an address per BMC", () => {
  const lines = networkBatch([[0, 0], [0]], true)
    .trimEnd()
    .split("\n");
  assert.ok(lines.includes("link set br0 type bridge forward_delay 0"));
  assert.ok(lines.indexOf("link set up1 arp off") < lines.indexOf("link set up1 up"), "mute before it is up");
  assert.deepEqual(
    lines.filter((line) => line.startsWith("tuntap")),
    ["tuntap add tap0-0 mode tap", "tuntap add tap0-1 mode tap", "tuntap add tap1-0 mode tap"],
  );
  assert.ok(lines.includes("addr add 10.77.1.11/32 dev lo") && lines.includes("addr add 10.77.1.12/32 dev lo"));
  assert.doesNotMatch(networkBatch([[0]], false), /fd77/);
  assert.deepEqual(inNamespace("x", ["a", "b c"]), ["ip", "netns", "exec", "x", "a", "b c"]);
});

test("a card on another segment is on a bridge of its own, where we have an address, and nobody advertises IPv6", () => {
  const lines = networkBatch([[0, 1], [1]], true)
    .trimEnd()
    .split("\n");
  assert.equal(lines.filter((line) => line === "link add br1 type bridge").length, 1);
  assert.ok(lines.includes("addr add 10.77.2.1/24 dev br1") && lines.includes("link set br1 up"));
  assert.deepEqual(
    lines.filter((line) => line.endsWith(" master br1")),
    ["link set tap0-1 master br1", "link set tap1-0 master br1"],
  );
  assert.equal(lines.filter((line) => line.includes("fd77::1")).length, 1);
});

test("the site router advertises IPv6 and serves no names, no DHCP, no TFTP", () => {
  const conf = siteRouterConf();
  assert.match(conf, /^port=0$/m);
  assert.match(conf, /^dhcp-range=fd77::,ra-only,64,10m$/m);
  assert.match(conf, /^ra-param=br0,60,0$/m);
  assert.equal(conf.match(/^dhcp-range/gm)?.length, 1);
  assert.doesNotMatch(conf, /tftp/);
});

test("a foreign DHCP server gives addresses and nothing to boot, to all or to some, at once or late", () => {
  const all = foreignDhcpConf({});
  assert.match(all, /^dhcp-range=10\.77\.0\.230,10\.77\.0\.249,10m$/m);
  assert.doesNotMatch(all, /dhcp-boot|dhcp-ignore|dhcp-reply-delay|enable-tftp/);
  const some = foreignDhcpConf({ macs: ["52:54:00:00:00:01"], delaySeconds: 1 });
  assert.match(some, /^dhcp-ignore=tag:!known\ndhcp-host=52:54:00:00:00:01$/m);
  assert.match(some, /^dhcp-reply-delay=1$/m);
});
