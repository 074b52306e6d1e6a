/** What the machine depends on, and time. */
import { type Rule, rule } from "./case.ts";
import { ago, isFresh, last, quoted } from "./seen.ts";

export const rackRules: readonly Rule[] = [
  rule("rack_gone", (c) => {
    const { racksConnected, bootRack } = c.facts;
    const refused = last(c, "bmc", /No rack controller is connected|rack controller .* is not connected/i);
    if (racksConnected > 0 && (bootRack === null || bootRack.connected)) return undefined;
    // A rack carries machines' requests as long as it lives.
    const heard = last(c, "metadata script installer", /./);
    if (heard && isFresh(c, heard)) return undefined;
    const which = racksConnected === 0 ? "No rack controller is" : `The rack controller ${bootRack?.hostname} is not`;
    return {
      summary: `${which} connected to the region${refused ? ` (${quoted(refused.text)})` : ""}.`,
      expected: "The rack controller of the machine's network is up and connected.",
      checks: ["That the rack controller runs, and its log.", "The network between rack controller and region."],
    };
  }),
];

export const progressRules: readonly Rule[] = [
  rule("still_progressing", (c) => {
    const e = c.evidence.at(-1);
    if (!e || !isFresh(c, e) || c.machine.statusDeadline === null || c.machine.statusDeadline > c.now) return undefined;
    return {
      summary: `The deadline was reached while the machine was still getting on: ${quoted(e.text)}, ${ago(c, e)}.`,
      expected: "Its work ends before the deadline, which moves with each step that it shows.",
      checks: ["node_timeout in the settings: raise it for slow hardware.", "What of its work takes so long."],
    };
  }),
];
