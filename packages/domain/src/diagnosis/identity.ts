/** Two that hold the same thing. */
import { type Rule, rule } from "./case.ts";
import { dhcp, last, quoted } from "./seen.ts";

const GIVEN = /given to (\S+) \(([0-9a-f:]+)\), and is now asked for from (\S+) \(([0-9a-f:]+)\)/;

export const identityRules: readonly Rule[] = [
  rule("duplicate_mac", (c) => {
    const twice = c.facts.conflicts
      .map((text) => GIVEN.exec(text))
      .find((m) => m !== null && m[2] === m[4] && m[1] !== m[3]);
    if (!twice) return undefined;
    return {
      summary: `Two machines have the MAC address ${twice[2]}: it asked from ${twice[1]} and from ${twice[3]}.`,
      expected: "Each network card has an address of its own.",
      checks: [
        "Cloned virtual machines, or cards whose address was set by hand.",
        "On which switch ports that MAC address is learnt.",
      ],
    };
  }),
  rule("secret_conflict", (c) => {
    const text = c.facts.conflicts.find((t) => GIVEN.test(t));
    if (text === undefined) return undefined;
    return {
      summary: `Two asked for the boot of this machine, so the second was refused: ${quoted(text)}.`,
      expected: "One network card of the machine starts it, once per boot.",
      checks: [
        "Whether two interfaces of the machine start from the network at once: leave it to one.",
        "Whether the machine restarted in the middle of its start.",
        "Whether somebody else on the network asks for its boot script.",
      ],
    };
  }),
  rule("lease_taken", (c) => {
    const e =
      dhcp(c, "conflict", "decline") ??
      last(c, "dhcp", /declined .*somebody else uses it/) ??
      last(c, "http", /^boot script refused: asked from \S+, while \S+ has (?!no lease)/);
    if (!e) return undefined;
    return {
      summary: `The address meant for the machine is in somebody else's hands: ${quoted(e.text)}.`,
      expected: "The address that DHCP leases to the machine is used by nothing else.",
      checks: [
        "What answers at that address (ping, arp) from the rack controller.",
        "Addresses set by hand within the dynamic range: reserve them.",
      ],
    };
  }),
];
