/** Enlisting what a chassis or hypervisor holds, as API 1.0 asks for it. */
import { invalidField } from "@rackwright/domain/errors";
import { powerTypeOf } from "@rackwright/domain/machine/chassis";
import type { Ctx } from "../context.ts";
import { addChassis } from "./chassis.ts";
import { clusterOf } from "./clusters.ts";
import { renamedFields } from "./renamed-fields.ts";

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

/** What else is given is passed over: it is of another model. */
function credentials(model: string, { username, password, powerPass, powerControl }: Probe) {
  if (model === "virsh") return { password: powerPass };
  return { username, password, ...(model === "seamicro15k" ? { power_control: powerControl } : {}) };
}

/**
 * As API 2.0 adds a chassis, by the cluster's rack; what is found is New.
 * @throws DomainError not_found, invalid_fields, rack_unavailable
 */
export async function probeHardware(ctx: Ctx, uuid: string, probe: Probe): Promise<void> {
  const { systemId } = await clusterOf(ctx, uuid);
  const model = powerTypeOf(probe.model);
  const needed = Object.hasOwn(needs, model) ? needs[model] : undefined;
  if (!needed) throw invalidField("model", `"${probe.model}" is not one of seamicro15k, virsh.`);
  for (const [key, name] of Object.entries(needed))
    if (!probe[key as keyof Probe]?.trim()) throw invalidField(name, "This field is required.");
  await renamedFields({ chassis_type: "model", hostname: needed.powerAddress ?? "mac", password: "power_pass" }, () =>
    addChassis(ctx, {
      chassis_type: model,
      hostname: probe.powerAddress ?? probe.mac ?? "",
      ...credentials(model, probe),
      accept_all: false,
      rack_controller: systemId,
    }),
  );
}
