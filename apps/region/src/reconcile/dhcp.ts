/** Racks serve the DHCP that our VLANs, subnets, ranges and addresses ask for. Kea reads all of it from rows of its own database. */
import { type DhcpFacts, dhcpFacts } from "@rackwright/db/dhcp-wanted";
import { applyHosts } from "@rackwright/db/kea/hosts";
import { applyNetworks } from "@rackwright/db/kea/networks";
import { type KeaDatabase, keaAccess } from "@rackwright/db/kea-access";
import type { NotifyHub } from "@rackwright/db/notify";
import { planServing, type Serving } from "@rackwright/domain/addressing/serving";
import { applySnippets } from "@rackwright/domain/dhcp/snippet-apply";
import { validateWanted } from "@rackwright/domain/dhcp/validate";
import type { DhcpWanted } from "@rackwright/domain/dhcp/wanted";
import { getConfig } from "../app/config.ts";
import type { Region } from "../context.ts";
import { RackDhcp } from "./rack-dhcp.ts";
import { reconciler } from "./reconciler.ts";

type DhcpRegion = Pick<Region, "db" | "log" | "racks">;

export interface DhcpOptions {
  /** Kea's database, on the server of ours; null: this region serves no DHCP. */
  kea: KeaDatabase | null;
  hub: NotifyHub;
  /** As whom its role and database are made; default: as our own connection. */
  admin?: Region["db"]["connection"];
}

export interface DhcpReconciler {
  start(): Promise<void>;
  wake(): void;
  stop(): Promise<void>;
}

export function dhcpReconciler(region: DhcpRegion, options: DhcpOptions): DhcpReconciler {
  const { kea: database, hub, admin } = options;
  const kea = database && keaAccess({ db: region.db, database, ...(admin ? { admin } : {}) });
  const racks = new RackDhcp();
  const told = new Set<string>();
  let saidOff = false;
  const loop = reconciler<DhcpRegion>({
    name: "dhcp",
    everySeconds: 60,
    on: [
      "fabric",
      "vlan",
      "subnet",
      "ip_range",
      "ip_address",
      "reserved_ip",
      "dhcp_snippet",
      "interface",
      "machine",
      "device",
      "domain",
      "config",
      "rack",
    ],
    onRacks: true,
    async run(_, signal) {
      if (kea === null) {
        if (!saidOff) region.log.info("this region was started without DHCP: no rack serves any");
        saidOff = true;
        return;
      }
      const facts = await dhcpFacts(region.db);
      // No database for those who never switch DHCP on: their region needs no Kea.
      if (facts.vlans.length === 0 && !(await kea.exists())) return;
      const { serving, wanted, problems } = await decideDhcp(region, facts);
      for (const problem of problems)
        if (!told.has(problem)) region.log.warn({ reason: problem }, "not served by DHCP");
      told.clear();
      for (const problem of problems) told.add(problem);
      await kea.use(async (client) => {
        const networks = await applyNetworks(client, wanted.networks);
        racks.mustPull(networks.racks);
        const { releases } = await applyHosts(client, wanted.hosts);
        racks.mustRelease(releases.map((r) => r.ip));
      });
      await racks.tell(region, serving.racks, kea.database, signal);
    },
  });
  return { start: () => loop.start(region, hub), wake: () => loop.wake(), stop: () => loop.stop() };
}

export async function decideDhcp(
  region: Pick<Region, "db">,
  facts: DhcpFacts,
): Promise<{ serving: Serving; wanted: DhcpWanted; problems: string[] }> {
  const { upstream_dns, ntp_servers } = await getConfig(region.db.kysely, "upstream_dns", "ntp_servers");
  const words = (text: string | null) => (text ?? "").split(/[\s,]+/).filter((w) => w !== "");
  const serving = planServing(facts.vlans, facts.racks, {
    dnsServers: words(upstream_dns),
    ntpServers: words(ntp_servers),
    domainName: facts.domains[0] ?? "",
    searchDomains: facts.domains,
  });
  const served = new Set(serving.networks.flatMap((n) => n.subnets.map((s) => s.id)));
  // Those of a network that is not served at all are no problem of their own.
  const hosts = facts.hosts.filter((h) => served.has(h.subnetId));
  const added = applySnippets(serving.networks, hosts, facts.snippets);
  const { accepted, refused } = validateWanted({ networks: added.networks, hosts: added.hosts });
  return {
    serving,
    wanted: accepted,
    problems: [
      ...serving.unserved.map((u) => `${u.network}: ${u.message}`),
      ...added.unread.map((u) => `DHCP snippet '${u.name}': ${u.problem}`),
      ...refused.map((r) => r.message),
    ],
  };
}
