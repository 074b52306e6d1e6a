import assert from "node:assert/strict";
import { test } from "node:test";
import { DomainError } from "../errors.ts";
import { checkChassis } from "./chassis.ts";

const refused = (type: string, given: Parameters<typeof checkChassis>[1]) => {
  try {
    checkChassis(type, given);
  } catch (error) {
    assert.ok(error instanceof DomainError);
    return Object.entries(error.fields ?? {}).map(([field, [message]]) => `${field}: ${message}`)[0];
  }
  return undefined;
};

test("what can be asked is taken, with its own options", () => {
  for (const type of ["virsh", "powerkvm", " Virsh "]) {
    assert.equal(refused(type, {}), undefined);
    assert.equal(refused(type, { password: "secret", prefix_filter: "web", username: "", port: undefined }), undefined);
  }
});

test("unknown types, missing and foreign options, and types that nothing speaks to, are named", () => {
  const login = { username: "root", password: "secret" };
  for (const [type, given, message] of [
    ["nosuch", {}, /^chassis_type: "nosuch" is not one of hmcz, mscm/],
    ["constructor", {}, /^chassis_type: "constructor" is not one of/],
    ["virsh", { username: "root" }, /^username: A chassis of type virsh has none/],
    ["virsh", { port: 22 }, /^port: /],
    ["ucsm", { username: "root" }, /^password: A chassis of type ucsm needs it/],
    ["mscm", { ...login, prefix_filter: "x" }, /^prefix_filter: /],
    [
      "proxmox",
      { username: "root", verify_ssl: false, token_name: "t" },
      /^chassis_type: Nothing here speaks to proxmox/,
    ],
    ["seamicro15k", { ...login, power_control: "ipmi" }, /^chassis_type: Nothing here speaks to seamicro15k/],
    ["vmware", login, /^chassis_type: Nothing here speaks to vmware: add its machines one by one/],
  ] as const)
    assert.match(refused(type, given) ?? "", message, type);
});
