/** What a service of a rack controller is told; passwords excepted. */
import { rackServing } from "@rackwright/domain/addressing/serving";
import type { Ctx } from "../context.ts";
import { decideDhcp } from "../reconcile/dhcp-decide.ts";
import { rackView } from "./rack-controllers.ts";

/** @returns null for a service that is told nothing. @throws DomainError not_found */
export async function agentConfigOf(ctx: Ctx, systemId: string, service: string): Promise<object | null> {
  await rackView(ctx, systemId);
  if (service !== "dhcp") return null;
  const { region } = ctx;
  if (!region.servesDhcp) return { interfaces: [], addresses: [], networks: [] };
  const { networks, wanted } = await decideDhcp(region);
  const { interfaces, addresses } = rackServing(systemId, networks);
  return { interfaces, addresses, networks: wanted.networks.filter((network) => network.rackTag === systemId) };
}
