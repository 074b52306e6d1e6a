import assert from "node:assert/strict";
import { test } from "node:test";
import { isDomainName, isResourceName, splitFqdn } from "./names.ts";
import { dataProblem, placeProblem, type RrType } from "./records.ts";

test("names of domains and names in them", () => {
  for (const name of ["maas", "lab.example.com", "a-b.c1"]) assert.ok(isDomainName(name), name);
  for (const name of ["", "-a", "a..b", "a_b", "x".repeat(64), "a b", ".a"]) assert.ok(!isDomainName(name), name);
  for (const name of ["@", "*", "*.web", "_sip._tcp", "www", "a.b"]) assert.ok(isResourceName(name), name);
  for (const name of ["", "a b", "-a", "a..b", "web.*"]) assert.ok(!isResourceName(name), name);
});

test("a full name is split where a known domain begins", () => {
  const domains = ["example.com", "lab.example.com"];
  assert.deepEqual(splitFqdn("_sip._tcp.Lab.example.com.", domains), { name: "_sip._tcp", domain: "lab.example.com" });
  assert.deepEqual(splitFqdn("example.com", domains), { name: "@", domain: "example.com" });
  assert.deepEqual(splitFqdn("www.other.org", domains), { name: "www", domain: "other.org" });
  assert.deepEqual(splitFqdn("alone", domains), { name: "alone", domain: "" });
});

test("data are of their type", () => {
  const good: [RrType, string][] = [
    ["CNAME", "www.example.com."],
    ["NS", "ns1.example.com"],
    ["MX", "10 mail.example.com"],
    ["SRV", "0 5 5060 sip.example.com"],
    ["SSHFP", "4 2 0123456789abcdef"],
    ["TXT", "v=spf1 -all"],
  ];
  for (const [type, data] of good) assert.equal(dataProblem(type, data), undefined, type);
  for (const [type, data] of [
    ["CNAME", "two names"],
    ["MX", "mail.example.com"],
    ["MX", "70000 mail.example.com"],
    ["SRV", "0 5 sip.example.com"],
    ["SSHFP", "4 2 xyz"],
    ["NS", ""],
  ] as [RrType, string][])
    assert.equal(dataProblem(type, data)?.field, "rrdata", `${type} ${data}`);
});

test("an alias is nothing else; a service has the name of one", () => {
  const at = { name: "www", types: [], addressCount: 0 };
  assert.equal(placeProblem("CNAME", at), undefined);
  assert.equal(placeProblem("CNAME", { ...at, addressCount: 1 })?.field, "rrtype");
  assert.equal(placeProblem("CNAME", { ...at, types: ["CNAME"] })?.field, "rrtype");
  assert.equal(placeProblem("TXT", { ...at, types: ["CNAME"] })?.field, "rrtype");
  assert.equal(placeProblem("SRV", at)?.field, "name");
  assert.equal(placeProblem("SRV", { ...at, name: "_sip._tcp" }), undefined);
});
