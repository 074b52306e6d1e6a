/** From power to an address. */
import { type Rule, rule } from "./case.ts";
import {
  answeredDhcp,
  askedBootFile,
  askedDhcp,
  calledMetadata,
  dhcp,
  has,
  isQuiet,
  last,
  mustNetboot,
  quoted,
  said,
  SELF_TEST_SECONDS,
  wasOn,
} from "./seen.ts";

const SOON_SECONDS = 60;
const waitsToBoot = ["power_on", "dhcp", "boot_file", "kernel", "operator_power_on"];

export const dhcpRules: readonly Rule[] = [
  rule("foreign_dhcp_server", (c) => {
    if (calledMetadata(c)) return undefined;
    const e =
      dhcp(c, "foreign_server") ??
      said(c, /foreign server identifier|foreign DHCP server/i) ??
      last(c, "http", /^boot script refused: asked from .* has no lease/);
    const { foreignDhcp, dhcpServed } = c.facts;
    // Its request went to all; whom it took does not show where the other server is not asked aloud.
    const astray =
      foreignDhcp.length > 0 &&
      dhcpServed !== false &&
      askedDhcp(c) &&
      dhcp(c, "ack") === undefined &&
      !askedBootFile(c) &&
      isQuiet(c, SOON_SECONDS);
    if (!e && !astray) return undefined;
    const who = foreignDhcp.length > 0 ? ` (${foreignDhcp.join(", ")})` : "";
    return {
      summary: e
        ? `Another DHCP server${who} answered the machine: ${quoted(e.text)}.`
        : `Another DHCP server${who} is on the machine's network, and the machine did not take our offer.`,
      expected: "Only the DHCP server of this controller answers on the machine's network.",
      checks: [
        "Which other DHCP server is on this VLAN (a router, a lab host, another controller): switch it off there.",
        "That the switch port is on the VLAN that it should be on.",
      ],
    };
  }),
  rule("dhcp_no_address", (c) => {
    if (answeredDhcp(c) || askedBootFile(c)) return undefined;
    const e = dhcp(c, "no_subnet", "no_lease", "nak", "dropped");
    if (!e) return undefined;
    return {
      summary: `The machine asked for an address, and there was none for it: ${quoted(e.text)}.`,
      expected: "The machine's network has a subnet with a dynamic range, and DHCP is on for its VLAN.",
      checks: [
        "A dynamic IP range of the subnet, with free addresses.",
        "dhcp_on of the VLAN that the machine is plugged into.",
        "For a relayed network: the relay's own address.",
      ],
    };
  }),
  rule("no_dhcp_request", (c) => {
    const { waitingFor } = c.machine;
    if (!isQuiet(c, SELF_TEST_SECONDS)) return undefined;
    if (c.facts.dhcpServed === false || askedDhcp(c) || askedBootFile(c) || calledMetadata(c)) return undefined;
    if (!wasOn(c) || (waitingFor !== null && !waitsToBoot.includes(waitingFor))) return undefined;
    return {
      summary: "The machine is on, and no DHCP request of it was seen.",
      expected: `A DHCP request from ${c.facts.macs.join(" or ") || "one of its interfaces"} within a minute or two of switching on.`,
      checks: [
        "The cable and switch port of the interface that it starts from.",
        "The port's VLAN: one that a rack controller serves.",
        "The firmware's boot order: network first, and PXE or HTTP boot enabled.",
        "The MAC addresses known of the machine.",
        "The port's spanning tree: portfast, or the firmware gives up before the port forwards.",
      ],
    };
  }),
  rule("dhcp_not_served", (c) =>
    c.facts.dhcpServed === false &&
    isQuiet(c, SOON_SECONDS) &&
    wasOn(c) &&
    !askedBootFile(c) &&
    !calledMetadata(c) &&
    mustNetboot(c)
      ? {
          summary: `The machine is on, and DHCP is on for none of its networks${c.facts.foreignDhcp.length > 0 ? `; ${c.facts.foreignDhcp.join(", ")} answers there` : ""}.`,
          expected:
            "A rack controller serves DHCP on the VLAN of the machine's boot interface, or another server points to it.",
          checks: [
            "dhcp_on and the primary rack of that VLAN; that the controller was not started with --no-dhcp.",
            "next-server and boot file of a DHCP server of your own.",
          ],
        }
      : undefined,
  ),
];

/** It has an address, and makes nothing of it: whatever tells more goes before. */
export const bootRequestRules: readonly Rule[] = [
  rule("no_boot_file_request", (c) => {
    if (!isQuiet(c, SOON_SECONDS) || !answeredDhcp(c) || askedBootFile(c) || calledMetadata(c) || !mustNetboot(c))
      return undefined;
    // An installed system asks for its old address at once; firmware looks for a server first.
    if (dhcp(c, "request") && !dhcp(c, "discover") && !has(c, "dhcp", /discover/i)) return undefined;
    return {
      summary: "The machine got an address and asked for no boot file.",
      expected: "A request for a boot file by TFTP or HTTP right after the DHCP answer.",
      checks: [
        "That UDP port 69 and TCP port 5248 of the rack controller can be reached from the machine's network.",
        "The firmware: PXE may be off for this interface, or it takes HTTP boot only.",
        "The machine's console: firmware prints why (PXE-E..).",
      ],
    };
  }),
];
