import assert from "node:assert/strict";
import { test } from "node:test";
import { formatCidr, formatIp, inCidr, parseCidr, parseIp } from "./ip.ts";

test("addresses are read and written the way PostgreSQL writes them", () => {
  for (const text of ["10.0.0.1", "255.255.255.255", "0.0.0.0", "2001:db8::1", "::", "fe80::1", "1:2:3:4:5:6:7:8"]) {
    const ip = parseIp(text);
    assert.ok(ip, text);
    assert.equal(formatIp(ip), text);
  }
  assert.equal(formatIp(parseIp("2001:DB8:0:0:1:0:0:1") ?? { family: 4, value: 0n }), "2001:db8::1:0:0:1");
});

test("what is no address in full is refused", () => {
  for (const text of [
    "",
    "10.1",
    "10.0.0.256",
    "010.0.0.1",
    "10.0.0.1/24",
    "fe80::1%eth0",
    "::ffff:10.0.0.1",
    "x",
    "1.2.3.4.5",
    "0x7f000001",
  ])
    assert.equal(parseIp(text), undefined, text);
});

test("networks lose their host bits", () => {
  const canonical = (text: string) => {
    const cidr = parseCidr(text);
    return cidr && formatCidr(cidr);
  };
  assert.equal(canonical("10.0.0.7/24"), "10.0.0.0/24");
  assert.equal(canonical("2001:db8::5/64"), "2001:db8::/64");
  assert.equal(canonical("10.0.0.1/32"), "10.0.0.1/32");
  for (const text of ["10.0.0.0", "10.0.0.0/33", "10.0.0.0/0", "10.0.0.0/24/1", "2001:db8::/129", "10.0.0.0/x"])
    assert.equal(canonical(text), undefined, text);
});

test("an address is inside of a network of its own family only", () => {
  const net = parseCidr("10.0.0.0/24");
  const ip = (text: string) => parseIp(text) ?? assert.fail(text);
  assert.ok(net);
  assert.equal(inCidr(ip("10.0.0.255"), net), true);
  assert.equal(inCidr(ip("10.0.1.0"), net), false);
  assert.equal(inCidr(ip("::a00:1"), net), false);
});
