/**
 * Whether all is served as it is wanted: what nobody told, and what somebody wrote into Kea's rows. It only finds, in short steps with room
 * for what is urgent between them; what it finds is decided anew and written like any change, so that it cannot write what is old by then.
 */
import { vlansWithDhcp } from "@rackwright/db/dhcp-wanted";
import { networkNames } from "@rackwright/db/kea/read-networks";
import { forgetRevisions } from "@rackwright/db/kea/revisions";
import type { KeaAccess } from "@rackwright/db/kea-access";
import type { Region } from "../context.ts";
import type { DhcpApply } from "./dhcp-apply.ts";
import type { DhcpDirty } from "./dhcp-dirty.ts";

/** Some milliseconds' work. */
const STEP_VLANS = 10;

export class DhcpSweep {
  readonly #region: Pick<Region, "db">;
  readonly #kea: KeaAccess;
  readonly #apply: DhcpApply;
  readonly #dirty: DhcpDirty;

  constructor(region: Pick<Region, "db">, kea: KeaAccess, apply: DhcpApply, dirty: DhcpDirty) {
    this.#region = region;
    this.#kea = kea;
    this.#apply = apply;
    this.#dirty = dirty;
  }

  /** @param between called before each step */
  async run(signal: AbortSignal, between: () => Promise<void>): Promise<void> {
    const names = await this.#kea.use(networkNames);
    const ofKea = names.map((name) => Number(/^vlan-(\d+)$/.exec(name)?.[1]));
    if (ofKea.some(Number.isNaN)) {
      this.#dirty.markAll(); // networks that are none of ours go when everything is written
      return;
    }
    const ids = [...new Set([...(await vlansWithDhcp(this.#region.db)), ...ofKea])];
    const steps = Array.from({ length: Math.ceil(ids.length / STEP_VLANS) }, (_, i) =>
      ids.slice(i * STEP_VLANS, (i + 1) * STEP_VLANS),
    );
    const inSteps = async (look: (step: number[]) => Promise<void>) => {
      for (const step of steps) {
        signal.throwIfAborted();
        await between();
        await look(step);
      }
    };
    await this.#apply.afresh(async () => {
      const found: number[] = [];
      await inSteps(async (step) => void found.push(...(await this.#apply.otherwise(step))));
      // Together: a subnet may have gone from one to the other.
      for (const id of found) this.#dirty.hear(`vlan ${id}`);
      await inSteps(async (step) => {
        for (const mac of await this.#apply.reservedOtherwise(step)) this.#dirty.hear(`mac ${mac}`);
      });
    });
    await this.#apply.strays();
    await this.#kea.use(forgetRevisions);
  }
}
