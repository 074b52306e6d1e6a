/** Enlisting what a chassis or hypervisor holds, as API 1.0 asks for it. */
import { invalidField } from "@rackwright/domain/errors";
import { type Ctx } from "../context.ts";
import { clusterOf } from "./clusters.ts";
import { enlistFromVirsh } from "./virsh-enlist.ts";

export interface Probe {
  model: string;
  mac?: string | undefined;
  username?: string | undefined;
  password?: string | undefined;
  powerControl?: string | undefined;
  powerAddress?: string | undefined;
  powerPass?: string | undefined;
}

/** What each model needs, by the names that callers use. */
const needs: Record<string, Partial<Record<keyof Probe, string>>> = {
  seamicro15k: { mac: "mac", username: "username", password: "password" },
  virsh: { powerAddress: "power_address" },
  ucsm: { powerAddress: "url", username: "username", password: "password" },
};

/** @throws DomainError not_found, invalid_fields */
export async function probeHardware(ctx: Ctx, uuid: string, probe: Probe): Promise<void> {
  await clusterOf(ctx, uuid);
  const model = probe.model === "powerkvm" ? "virsh" : probe.model;
  const needed = Object.hasOwn(needs, model) ? needs[model] : undefined;
  if (!needed) throw invalidField("model", `"${probe.model}" is not one of seamicro15k, virsh.`);
  for (const [key, name] of Object.entries(needed))
    if (!probe[key as keyof Probe]?.trim()) throw invalidField(name, "This field is required.");
  if (model === "virsh")
    return void (await enlistFromVirsh(ctx, { address: probe.powerAddress ?? "", password: probe.powerPass }));
  throw invalidField("model", `Nothing here speaks to ${model}: add its machines one by one.`);
}
