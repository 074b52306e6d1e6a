import assert from "node:assert/strict";
import { test } from "node:test";
import { commandOf, exampleCommand } from "./cli-names.ts";
import { machine, machines } from "./resources/machines.ts";
import { nodeScript } from "./resources/scripts.ts";
import { tags } from "./resources/misc.ts";

test("names of resources become commands as the official command line makes them", () => {
  for (const [name, command] of [
    ["Machines", "machines"],
    ["VmHost", "vm-host"],
    ["DNSResourceRecord", "dnsresource-record"],
    ["SSHKeys", "sshkeys"],
    ["IPAddresses", "ipaddresses"],
    ["BcacheCacheSet", "bcache-cache-set"],
  ] as const)
    assert.equal(commandOf(name), command);
});

test("an example has what the path names and what is required", () => {
  assert.equal(exampleCommand(machines.actions.read), "maas PROFILE machines read");
  assert.equal(exampleCommand(machine.actions.power_parameters), "maas PROFILE machine power-parameters SYSTEM_ID");
  assert.equal(exampleCommand(nodeScript.actions.add_tag), "maas PROFILE node-script add-tag NAME tag=TAG");
  assert.equal(exampleCommand(tags.actions.create), "maas PROFILE tags create name=NAME");
});
