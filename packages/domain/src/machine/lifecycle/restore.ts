/** Back to what commissioning left: the default links, the default layout (lifecycle.md section 13). */
import { event } from "../event.ts";
import { type Action, refuse } from "../lifecycle.ts";
import type { Decision, Effect, Machine } from "../machine.ts";
import { decision } from "./decision.ts";

export type RestoreAction = Extract<Action, `restore_${string}`>;

const networking: Effect[] = [{ do: "drop_virtual_interfaces" }, { do: "default_links" }];
const storage: Effect[] = [{ do: "default_storage_layout" }];

const restored: Record<RestoreAction, { what: string; effects: Effect[] }> = {
  restore_default_configuration: { what: "network and storage configuration", effects: [...networking, ...storage] },
  restore_networking_configuration: { what: "network configuration", effects: networking },
  restore_storage_configuration: { what: "storage configuration", effects: storage },
};

export function restore(m: Machine, action: RestoreAction): Decision {
  refuse(action, m);
  const { what, effects } = restored[action];
  return decision({}, [event("NODE", `Restored the default ${what} of '${m.hostname}'.`)], effects);
}
