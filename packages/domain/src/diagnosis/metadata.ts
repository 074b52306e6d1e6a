/** From a running kernel to the first signal. */
import { type Rule, rule } from "./case.ts";
import { ago, calledMetadata, isQuiet, last, quoted, said, signalled } from "./seen.ts";

/** cloud-init has started what it was given by then. */
const STEP_SECONDS = 180;

export const metadataRules: readonly Rule[] = [
  rule("clock_off", (c) => {
    const e = said(
      c,
      /clock (?:is )?(?:\S+ )*(?:off|wrong|ahead|behind)|timestamp .*(?:expired|too (?:old|far)|refused)|Expired timestamp|not yet valid/i,
    );
    // The runner learns the time from the refusal, and goes on.
    if (
      !e ||
      c.evidence.slice(c.evidence.indexOf(e) + 1).some((x) => x.source === "script" || x.source === "installer")
    )
      return undefined;
    return {
      summary: `The machine's clock is wrong: ${quoted(e.text)}.`,
      expected: "Signed requests carry a time within five minutes of the controller's.",
      checks: [
        "Date and time in the machine's firmware, and its battery.",
        "That the machine reaches a time server (ntp_servers).",
        "The controller's own clock.",
      ],
    };
  }),
  rule("region_unreachable", (c) => {
    const e = said(
      c,
      /region cannot be reached|cannot reach the region|region (?:is )?(?:away|unreachable|did not answer)|(?:metadata|datasource).*(?:timed out|unreachable|refused|No route)/i,
    );
    if (!e) return undefined;
    return {
      summary: `The machine does not reach the region: ${quoted(e.text)}.`,
      expected: "The machine reaches the metadata service through its rack controller (port 5248).",
      checks: [
        "Routing, VLAN and firewall between the machine's network and the rack controller.",
        "That the rack controller is connected to the region.",
        "The addresses that the machine is configured with, where custom networking is applied.",
      ],
    };
  }),
  rule("runner_silent", (c) => {
    if (!isQuiet(c, STEP_SECONDS) || !calledMetadata(c) || signalled(c)) return undefined;
    const { waitingFor } = c.machine;
    if (waitingFor !== null && !["first_signal", "image", "kernel", "next_script"].includes(waitingFor))
      return undefined;
    const e = last(c, "metadata", /./);
    if (!e || /installed system/.test(e.text)) return undefined;
    return {
      summary: `The machine reached the metadata service (${quoted(e.text)}, ${ago(c, e)}), and nothing that was to run there has signalled.`,
      expected: "The runner or installer signals within a minute of fetching its user-data.",
      checks: [
        "The console: cloud-init's output, and errors of Python.",
        "/var/log/cloud-init-output.log on the machine (enable_ssh lets you in).",
        "That the image has what the runner needs: Python 3.",
      ],
    };
  }),
];
