/** What DHCP shall serve, decided from our tables: everything, or what concerns some VLANs. */
import { type DhcpScope, dhcpFacts } from "@rackwright/db/dhcp-wanted";
import { planServing } from "@rackwright/domain/addressing/serving";
import { applySnippets } from "@rackwright/domain/dhcp/snippet-apply";
import { validateWanted } from "@rackwright/domain/dhcp/validate";
import type { DhcpNetwork, DhcpWanted } from "@rackwright/domain/dhcp/wanted";
import { getConfig } from "../app/config.ts";
import type { Region } from "../context.ts";

export interface Decided {
  /** VLANs that are to be served. */
  vlanIds: number[];
  /** Networks before they were checked: what racks listen for does not wait for a subnet to be mended. */
  networks: DhcpNetwork[];
  wanted: DhcpWanted;
  /** What cannot be served, and what to do about it. */
  problems: string[];
}

export const networkName = (vlanId: number): string => `vlan-${vlanId}`;

export async function decideDhcp(region: Pick<Region, "db">, scope: DhcpScope = {}): Promise<Decided> {
  const [facts, { upstream_dns, ntp_servers }] = await Promise.all([
    dhcpFacts(region.db, scope),
    getConfig(region.db.kysely, "upstream_dns", "ntp_servers"),
  ]);
  const words = (text: string | null) => (text ?? "").split(/[\s,]+/).filter((w) => w !== "");
  const serving = planServing(facts.vlans, facts.racks, {
    dnsServers: words(upstream_dns),
    ntpServers: words(ntp_servers),
    domainName: facts.domains[0] ?? "",
    searchDomains: facts.domains,
  });
  const names = scope.vlanIds && new Set(scope.vlanIds.map(networkName));
  const isAsked = (name: string) => names?.has(name) ?? true;
  const networks = serving.networks.filter((n) => isAsked(n.name));
  const served = new Set(networks.flatMap((n) => n.subnets.map((s) => s.id)));
  // Those of a network that is not served at all are no problem of their own.
  const hosts = facts.hosts.filter((h) => served.has(h.subnetId));
  const added = applySnippets(networks, hosts, facts.snippets);
  const { macs } = scope;
  const asked = macs ? added.hosts.filter((h) => macs.includes(h.mac)) : added.hosts;
  const { accepted, refused } = validateWanted({ networks: added.networks, hosts: asked });
  return {
    vlanIds: facts.vlans.map((v) => v.id).filter((id) => isAsked(networkName(id))),
    networks,
    wanted: accepted,
    problems: [
      ...serving.unserved.filter((u) => isAsked(u.network)).map((u) => `${u.network}: ${u.message}`),
      ...added.unread.map((u) => `DHCP snippet '${u.name}': ${u.problem}`),
      ...refused.map((r) => r.message),
    ],
  };
}
