/** The BMC, and whether the machine is on. */
import { type Case, type Rule, rule } from "./case.ts";
import { calledMetadata, has, isQuiet, last, quoted, SELF_TEST_SECONDS, wasOn } from "./seen.ts";

/** What failed last, unless the BMC did what was asked after it. */
function failure(c: Case, pattern: RegExp): string | undefined {
  const e = last(c, "bmc", /failed: /);
  if (!e || !pattern.test(e.text)) return undefined;
  const after = c.evidence.slice(c.evidence.indexOf(e) + 1);
  return after.some((x) => x.source === "bmc" && /took the order|shows that|done$/.test(x.text))
    ? undefined
    : quoted(e.text);
}

const AUTH =
  /not accepted|answered 40[13]|may not do that|K_g key|wrong password|unauthori[sz]ed|power_user and power_pass/i;
const UNREACHABLE =
  /no answer|cannot be resolved|ECONN|EHOST|ENET|ETIMEDOUT|unreachable|check the address|stopped answering|did not finish|answered 50[234]/i;
const NOT_SETTLED = /took the order to switch (\w+), and .* later the machine is/;
const expected = "The BMC takes the order and shows the new state.";

export const powerRules: readonly Rule[] = [
  rule("bmc_wrong_password", (c) => {
    const text = failure(c, AUTH);
    return text === undefined
      ? undefined
      : {
          summary: `The BMC did not accept the credentials: ${text}`,
          expected,
          checks: [
            "power_user and power_pass of the machine: try them at the BMC itself.",
            "Whether the BMC has locked the account after wrong passwords.",
            "The user's privilege level: switching power needs OPERATOR.",
          ],
        };
  }),
  rule("bmc_did_not_switch", (c) => {
    const text = failure(c, NOT_SETTLED);
    return text === undefined
      ? undefined
      : {
          summary: `The BMC took the order, and the machine did not follow: ${text}`,
          expected,
          checks: [
            "The machine's own front panel, and its power supply.",
            "power_off_mode hard, where the operating system ignores the button.",
            "A reset of the BMC itself.",
          ],
        };
  }),
  rule("bmc_unreachable", (c) => {
    const text = failure(c, UNREACHABLE);
    return text === undefined
      ? undefined
      : {
          summary: `The BMC does not answer: ${text}`,
          expected,
          checks: [
            "power_address: ping it from the rack controller.",
            "The BMC's cable, VLAN and firewall.",
            "That the BMC has its protocol enabled (IPMI over LAN).",
          ],
        };
  }),
  rule("bmc_refused", (c) => {
    const text = failure(c, /./);
    if (text === undefined || AUTH.test(text) || UNREACHABLE.test(text) || NOT_SETTLED.test(text)) return undefined;
    if (/rack/i.test(text)) return undefined; // its own rule
    return {
      summary: `The BMC refused the order: ${text}`,
      expected,
      checks: ["What the BMC's own log says.", "The power type and its parameters.", "Another cipher suite, for IPMI."],
    };
  }),
  rule("bmc_wrong_machine", (c) => {
    if (c.facts.sameBmc.length === 0 || !wasOn(c) || has(c, "dhcp tftp http metadata script", /./)) return undefined;
    // It may have gone off again, as a machine does that nobody waits for.
    if (c.machine.powerState !== "off" && !isQuiet(c, SELF_TEST_SECONDS)) return undefined;
    return {
      summary: `The BMC switched something on, and nothing was seen of this machine; ${c.facts.sameBmc.join(", ")} ${c.facts.sameBmc.length === 1 ? "has" : "have"} the same BMC in the power settings.`,
      expected: "Each machine has a BMC of its own, and appears on the network after it was switched on.",
      checks: [
        `power_address (and node id) of this machine and of ${c.facts.sameBmc.join(", ")}.`,
        "Which machine's lights went on.",
      ],
    };
  }),
  rule("power_off_in_the_middle", (c) => {
    const { machine } = c;
    const running =
      machine.waitingFor !== null &&
      !["power_on", "power_off", "operator_power_on", "reboot"].includes(machine.waitingFor);
    const off = last(c, "bmc", /shows that it is off|is off now/);
    const on = last(c, "bmc", /shows that it is on|power (?:on|cycle) done/);
    const observed = off !== undefined && on !== undefined && off.at > on.at;
    if (!running || !(machine.powerState === "off" || observed) || !(on !== undefined || calledMetadata(c)))
      return undefined;
    return {
      summary: `The machine went off in the middle, while it was waited for ${machine.waitingFor}.`,
      expected: "It stays on until its work is done.",
      checks: [
        "Whether somebody switched it off, by hand or at the BMC.",
        "Power supply, PDU, and the BMC's event log (overheating, brown-out).",
        "A kernel panic on its console.",
      ],
    };
  }),
  rule("operator_must_switch_on", (c) =>
    c.machine.waitingFor === "operator_power_on" && c.evidence.length === 0
      ? {
          summary: "Nobody has switched the machine on: its power type cannot do it.",
          expected: "Somebody switches it on by hand, and it starts from the network.",
          checks: ["Switch it on.", "Set a power type (power_type) that can, so that it needs nobody."],
        }
      : undefined,
  ),
];
