/** What a service of a rack controller is told; passwords excepted. */
import { dhcpFacts } from "@rackwright/db/dhcp-wanted";
import type { Ctx } from "../context.ts";
import { decideDhcp } from "../reconcile/dhcp.ts";
import { rackView } from "./rack-controllers.ts";

/** @returns null for a service that is told nothing. @throws DomainError not_found */
export async function agentConfigOf(ctx: Ctx, systemId: string, service: string): Promise<object | null> {
  await rackView(ctx, systemId);
  if (service !== "dhcp") return null;
  const { region } = ctx;
  if (!region.servesDhcp) return { interfaces: [], addresses: [], networks: [] };
  const { serving, wanted } = await decideDhcp(region, await dhcpFacts(region.db));
  const own = serving.racks.find((rack) => rack.systemId === systemId);
  return {
    interfaces: own?.interfaces ?? [],
    addresses: own?.addresses ?? [],
    networks: wanted.networks.filter((network) => network.rackTag === systemId),
  };
}
