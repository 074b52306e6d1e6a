/** Virtual machines of libvirt, by virsh. A VM host's machines have this power type (virsh-host.ts). Retries and waiting: `run.ts`. */
import { powerDriver, type PowerState } from "../driver.ts";
import { PowerError } from "../driver.ts";
import { virsh as run, type VirshAttempt, virshSettings } from "./virsh-tool.ts";

export const virsh = powerDriver({
  name: "virsh",
  description: "Virsh (virtual systems)",
  settings: virshSettings,
  queryable: true,
  canSetBootOrder: false,
  addressSetting: "power_address",
  async query(attempt) {
    const said = (await run(attempt, "asking for the power state", ["domstate", domain(attempt)])).trim();
    const state = states[said];
    if (state === undefined) throw new PowerError("refused", `libvirt says "${said}" of ${attempt.settings.power_id}`);
    return state;
  },
  on: (attempt) => order(attempt, "switching on", "start", /already (active|running)/i),
  off: (attempt) => order(attempt, "switching off", "destroy", /domain is not running/i),
});

/** Paused ones hold their memory and go on where they were: they are on. */
const states: Record<string, PowerState> = {
  running: "on",
  idle: "on",
  paused: "on",
  "in shutdown": "on",
  pmsuspended: "on",
  "shut off": "off",
  crashed: "off",
  "no state": "off",
};

/** One word, so that no name is taken for an option. */
const domain = ({ settings }: VirshAttempt): string => `--domain=${settings.power_id}`;

/** What is so already is no error. */
async function order(attempt: VirshAttempt, doing: string, verb: string, already: RegExp): Promise<void> {
  await run(attempt, doing, [verb, domain(attempt)]).catch((error: unknown) => {
    if (!(error instanceof PowerError) || !already.test(error.message)) throw error;
  });
}
