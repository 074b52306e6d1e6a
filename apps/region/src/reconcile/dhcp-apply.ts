/** Kea's rows made those that are wanted: of everything, of some VLANs, or of some MAC addresses. */
import { reservationsOf, vlansDecidedWith, vlansRelayedTo } from "@rackwright/db/dhcp-wanted";
import { applyHosts, type HostScope, readHosts } from "@rackwright/db/kea/hosts";
import { dropLeases } from "@rackwright/db/kea/leases";
import { applyNetworks } from "@rackwright/db/kea/networks";
import { readNetworks } from "@rackwright/db/kea/read-networks";
import { refreshStatistics } from "@rackwright/db/kea/statistics";
import type { KeaAccess } from "@rackwright/db/kea-access";
import { diffHosts, diffNetworks, isEmptyDiff } from "@rackwright/domain/dhcp/diff";
import type { DhcpHost, DhcpNetwork } from "@rackwright/domain/dhcp/wanted";
import type { Region } from "../context.ts";
import { type Decided, decideDhcp, networkName } from "./dhcp-decide.ts";
import { DhcpServed } from "./dhcp-served.ts";
import type { RackDhcp } from "./rack-dhcp.ts";

/** So many VLANs' reservations are written in one go: it leaves room for what comes meanwhile. */
const STEP_VLANS = 25;
/** Leases that end one by one. Each costs Kea a command, and more would keep networks waiting. */
const FEW_LEASES = 50;
/** So many reservations and networks more than before, and PostgreSQL is made to look at their tables anew. */
const MANY_MORE = 500;

export class DhcpApply {
  readonly #region: Pick<Region, "db" | "log" | "racks">;
  readonly #kea: KeaAccess;
  readonly #racks: RackDhcp;
  readonly #served = new DhcpServed();
  /** Problems that were logged and still hold, as far as is known. */
  #said = new Set<string>();
  #met: Set<string> | undefined;
  /** Reservations and networks, since statistics were refreshed. */
  #grown = 0;

  constructor(region: Pick<Region, "db" | "log" | "racks">, kea: KeaAccess, racks: RackDhcp) {
    this.#region = region;
    this.#kea = kea;
    this.#racks = racks;
  }

  /**
   * Everything: first networks, then reservations.
   * @param between called now and then, so that urgent work need not wait
   */
  async all(signal: AbortSignal, between: () => Promise<void>): Promise<void> {
    await this.afresh(async () => {
      const { gone, decided } = await this.#networks(undefined);
      await this.tell(signal);
      await this.#hosts([], gone);
      const ids = decided.vlanIds;
      for (let i = 0; i < ids.length; i += STEP_VLANS) {
        signal.throwIfAborted();
        await between();
        await this.#hosts(ids.slice(i, i + STEP_VLANS), []);
      }
      await this.strays();
    });
    await this.tell(signal);
  }

  /** While everything is looked at: problems that are not met again are over, and are said anew when they come back. */
  async afresh(look: () => Promise<void>): Promise<void> {
    const met = new Set<string>();
    this.#met = met;
    await look();
    this.#said = met;
    this.#met = undefined;
  }

  /** Reservations of subnets that Kea has no more go. */
  async strays(): Promise<void> {
    await this.#write([], "stray");
  }

  /** Of these VLANs and what is decided with them, those whose networks are not served as they are wanted. Nothing is written. */
  async otherwise(given: readonly number[]): Promise<number[]> {
    const { ids, decided } = await this.#decideNetworks(given);
    this.#say(decided.problems);
    const names = (ids ?? []).map(networkName);
    const actual = await this.#kea.use((client) => readNetworks(client, names));
    const isAsWanted = (name: string) => {
      const named = (networks: readonly DhcpNetwork[]) => networks.filter((n) => n.name === name);
      return (
        isEmptyDiff(diffNetworks(named(actual), named(decided.wanted.networks))) &&
        this.#served.isServedAs(name, named(decided.networks)[0])
      );
    };
    return (ids ?? []).filter((id) => !isAsWanted(networkName(id)));
  }

  /** Whose reservations on these VLANs are not those that are wanted. Nothing is written. */
  async reservedOtherwise(vlanIds: readonly number[]): Promise<string[]> {
    const { wanted, problems } = await decideDhcp(this.#region, { vlanIds });
    this.#say(problems);
    const subnetIds = wanted.networks.flatMap((n) => n.subnets.map((s) => s.id));
    const actual = await this.#kea.use((client) => readHosts(client, { subnetIds }));
    const diff = diffHosts(actual, wanted.hosts);
    return [...new Set([...diff.insert, ...diff.update, ...diff.delete].map(({ mac }) => mac))];
  }

  /** For the end of a run: after much came, what follows is to be found quickly. */
  async refresh(): Promise<void> {
    if (this.#grown < MANY_MORE) return;
    await this.#kea.use(refreshStatistics);
    this.#grown = 0;
  }

  /** Some VLANs, and what is decided with them. Racks serve their networks before reservations are looked at. */
  async vlans(given: readonly number[], signal: AbortSignal): Promise<void> {
    const { touched, gone, dependent } = await this.#networks(given);
    const relayed = dependent.length > 0 ? await this.#networks(dependent) : undefined;
    await this.tell(signal);
    await this.#hosts([...touched, ...(relayed?.touched ?? [])], [...gone, ...(relayed?.gone ?? [])]);
  }

  /** Reservations of some MAC addresses, and of whoever claims the same addresses: those that they have, and then those that they had. */
  async macs(given: readonly string[]): Promise<void> {
    const { db } = this.#region;
    const freed = await this.#reservations(await reservationsOf(db, given, []));
    if (freed.length === 0) return;
    const waiting = await reservationsOf(db, [], freed);
    if (waiting.macs.length > 0) await this.#reservations(waiting);
  }

  /** @returns addresses that are reserved no more, or for somebody else */
  async #reservations(scope: { macs: string[]; vlanIds: number[] }): Promise<string[]> {
    const { wanted, problems } = await decideDhcp(this.#region, scope);
    this.#say(problems);
    return await this.#write(wanted.hosts, { macs: scope.macs });
  }

  /** @returns addresses that are reserved no more, or for somebody else: their leases end */
  async #write(hosts: readonly DhcpHost[], scope: HostScope): Promise<string[]> {
    return await this.#kea.use(async (client) => {
      const { releases, inserted, deleted } = await applyHosts(client, hosts, scope);
      this.#grown += inserted - deleted;
      const freed = releases.map((r) => r.ip);
      if (freed.length > FEW_LEASES) await dropLeases(client, freed);
      else this.#racks.mustRelease(freed);
      return freed;
    });
  }

  async tell(signal: AbortSignal): Promise<void> {
    await this.#racks.tell(this.#region, this.#served.byRack(), this.#kea.database, signal);
  }

  /**
   * @returns VLANs with subnets that are served anew or otherwise, whose reservations have to be looked at; subnets that are served no more;
   * and VLANs whose relay's target is served otherwise than before
   */
  async #networks(
    given: readonly number[] | undefined,
  ): Promise<{ touched: number[]; gone: number[]; dependent: number[]; decided: Decided }> {
    const { ids, decided } = await this.#decideNetworks(given);
    this.#say(decided.problems);
    const { networks } = decided.wanted;
    const applied = await this.#kea.use((client) => applyNetworks(client, networks, ids?.map(networkName)));
    this.#racks.mustPull(applied.racks);
    this.#grown += applied.diff.insertSubnets.length - applied.diff.deleteSubnets.length;
    const changed = this.#served.remember(decided.networks, ids);
    const kept = new Set(networks.flatMap((n) => n.subnets.map((s) => s.id)));
    const gone = applied.before.flatMap((n) => n.subnets.map((s) => s.id)).filter((id) => !kept.has(id));
    const dependent = changed.length > 0 ? await vlansRelayedTo(this.#region.db, changed) : [];
    const written = new Set([...applied.diff.insertSubnets, ...applied.diff.updateSubnets].map((s) => s.network.name));
    const touched = decided.vlanIds.filter((id) => written.has(networkName(id)));
    return { touched, gone, dependent: dependent.filter((id) => !ids?.includes(id)), decided };
  }

  /** Side by side: that something overlaps is rare. */
  async #decideNetworks(
    given: readonly number[] | undefined,
  ): Promise<{ ids: readonly number[] | undefined; decided: Decided }> {
    const decide = (ids: readonly number[] | undefined) =>
      decideDhcp(this.#region, { ...(ids ? { vlanIds: ids } : {}), macs: [] });
    if (!given) return { ids: given, decided: await decide(given) };
    const [ids, decided] = await Promise.all([this.#withOverlapping(given), decide(given)]);
    return ids.length === new Set(given).size ? { ids, decided } : { ids, decided: await decide(ids) };
  }

  /** A CIDR is served once: where two of ours overlap, the one decides about the other. */
  async #withOverlapping(given: readonly number[]): Promise<number[]> {
    const overlapping = await vlansDecidedWith(this.#region.db, given, this.#served.cidrsOf(given));
    return [...new Set([...given, ...overlapping])].sort((a, b) => a - b);
  }

  async #hosts(vlanIds: readonly number[], gone: readonly number[]): Promise<void> {
    if (vlanIds.length === 0 && gone.length === 0) return;
    const { wanted, problems } = await decideDhcp(this.#region, { vlanIds });
    this.#say(problems);
    const subnetIds = [...wanted.networks.flatMap((n) => n.subnets.map((s) => s.id)), ...gone];
    if (subnetIds.length > 0) await this.#write(wanted.hosts, { subnetIds });
  }

  #say(problems: readonly string[]): void {
    for (const problem of problems) {
      if (!this.#said.has(problem) && !this.#met?.has(problem))
        this.#region.log.warn({ reason: problem }, "not served by DHCP");
      (this.#met ?? this.#said).add(problem);
    }
  }
}
