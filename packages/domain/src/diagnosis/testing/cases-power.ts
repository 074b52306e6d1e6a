/** Rules of power, and the BMCs that switch it. */
import { type Cases, bmc, booted, discover, on, running } from "./given.ts";

export const powerCases: Cases = {
  rack_gone: {
    named: [
      { facts: { racksConnected: 0 }, seen: ["bmc power cycle failed: No rack controller is connected to switch it."] },
      { facts: { bootRack: { hostname: "rack", connected: false } }, seen: booted },
    ],
    not: [
      { facts: { bootRack: null } },
      { facts: { racksConnected: 0 }, seen: [...running, "script signal FAILED: no disk"], now: 20 },
    ],
    says: /rack/,
  },
  bmc_wrong_password: {
    named: [
      {
        seen: bmc(
          "power on by the IPMI BMC 10.0.0.2: user or password not accepted (RAKP 2 HMAC is invalid): check power_user and power_pass",
        ),
      },
      { seen: bmc("POST http://bmc/on answered 401: check power_user and power_pass, or power_token") },
    ],
    not: [{ seen: [...bmc("user or password not accepted: check"), on] }],
    says: /credentials/,
  },
  bmc_did_not_switch: {
    named: [
      {
        seen: bmc(
          "the BMC 10.0.0.2 took the order to switch on, and 120 s later the machine is off: check the machine itself",
        ),
      },
    ],
    not: [{ seen: [on] }],
    says: /did not follow/,
  },
  bmc_unreachable: {
    named: [
      {
        seen: bmc(
          "power on by the IPMI BMC 10.0.0.2: no answer: check power_address, its network, and that IPMI over LAN is enabled",
        ),
      },
      {
        seen: bmc(
          "POST http://bmc/on failed: connect ECONNREFUSED: check the address, the network and that the service runs",
        ),
      },
    ],
    not: [{ seen: bmc("Invalid data field in request") }],
    says: /does not answer/,
  },
  bmc_refused: {
    named: [{ seen: bmc("power on by the IPMI BMC 10.0.0.2: Invalid data field in request") }],
    not: [{ seen: bmc("no answer: check power_address") }],
    says: /refused the order: .*Invalid data field/,
  },
  bmc_wrong_machine: {
    named: [
      { facts: { sameBmc: ["able-bat"] }, seen: [on] },
      { facts: { sameBmc: ["able-bat"] }, seen: [on], machine: { powerState: "off" }, now: 100 },
    ],
    not: [
      { facts: { sameBmc: ["able-bat"] }, seen: [on], now: 100 },
      { facts: { sameBmc: ["able-bat"] }, seen: [on, discover] },
      { seen: [on] },
    ],
    says: /able-bat has the same BMC/,
  },
  power_off_in_the_middle: {
    named: [
      { machine: { powerState: "off", waitingFor: "next_script" }, seen: [...running, "script signal WORKING"] },
      { machine: { waitingFor: "first_signal" }, seen: [...running, "bmc the BMC shows that it is off"] },
    ],
    not: [{ machine: { powerState: "off", waitingFor: "power_on" }, seen: [] }, { seen: running }],
    says: /went off/,
  },
  operator_must_switch_on: {
    named: [{ machine: { powerType: "manual", powerState: "unknown", waitingFor: "operator_power_on" } }],
    not: [{ machine: { powerType: "manual", waitingFor: "operator_power_on" }, seen: [discover] }],
    says: /Nobody has switched/,
  },
};
