/** What the installer is told of a machine's disks and network, for people and programs that read it as curtin's. */
import { DomainError } from "@rackwright/domain/errors";
import { refuse } from "@rackwright/domain/machine/lifecycle";
import { renderNetplan } from "@rackwright/domain/network/netplan";
import { renderCurtinStorage } from "@rackwright/domain/storage/curtin";
import { stringify } from "yaml";
import type { Ctx } from "../context.ts";
import { machineForPlan } from "./deploy-plan.ts";
import { viewableMachine } from "./machines.ts";

/** YAML, without the credentials that the installer is given beside it. */
export async function curtinConfig(ctx: Ctx, systemId: string): Promise<string> {
  const { machine } = await viewableMachine(ctx, systemId);
  refuse("get_curtin_config", machine);
  if (machine.ephemeralDeploy)
    throw new DomainError("bad_request", `${machine.hostname} runs from memory: nothing is installed on its disks.`);
  const { storage, network } = await machineForPlan(ctx.region.db.kysely, machine.id);
  return stringify({ storage: renderCurtinStorage(storage), network: renderNetplan(network) });
}
