/** What of DHCP has to be looked at again, as triggers tell it when a change commits (migration 0117). */
export interface DhcpWork {
  vlanIds: number[];
  macs: string[];
}

/** More reservations at once are no quicker looked at one by one. */
const MAX_MACS = 1000;
/** So much is done at once even when everything is to be looked at: somebody may be waiting for it. */
const FEW = 100;

export class DhcpDirty {
  #all = false;
  #vlanIds = new Set<number>();
  #macs = new Set<string>();

  /** Whether there is what came one by one, and it is not better done with everything. */
  get hasUrgent(): boolean {
    const size = this.#vlanIds.size + this.#macs.size;
    return size > 0 && (!this.#all || size <= FEW);
  }

  get hasAll(): boolean {
    return this.#all;
  }

  markAll(): void {
    this.#all = true;
  }

  /** @param payload `vlan ID`, `mac ADDRESS`, or `all` */
  hear(payload: string): void {
    const [kind, value = ""] = payload.split(" ");
    if (kind === "vlan" && /^\d+$/.test(value)) this.#vlanIds.add(Number(value));
    else if (kind === "mac" && value !== "") this.#macs.add(value);
    else this.#all = true;
    if (this.#macs.size > MAX_MACS) this.#all = true;
  }

  /** Whether everything is to be looked at; then nothing else is any more. Whoever takes work and fails marks all. */
  takeAll(): boolean {
    const all = this.#all;
    if (all) this.take();
    this.#all = false;
    return all;
  }

  /** What came one by one. */
  take(): DhcpWork {
    const work = { vlanIds: [...this.#vlanIds], macs: [...this.#macs] };
    this.#vlanIds.clear();
    this.#macs.clear();
    return work;
  }
}
