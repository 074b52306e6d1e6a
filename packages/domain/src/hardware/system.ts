import type { Part } from "./read.ts";

export interface SystemFacts {
  metadata: Record<string, string>;
  hardwareUuid?: string;
  isVirtual: boolean;
}

const systemKeys = ["vendor", "product", "family", "version", "sku", "serial"];
const mainboardKeys = ["vendor", "product", "serial", "version"];
const firmwareKeys = ["vendor", "date", "version"];
const chassisKeys = ["vendor", "type", "serial", "version"];
/** What vendors write where nobody wrote anything. */
const nothing = ["", "none", "0123456789"];

export function readSystem(resources: Part): SystemFacts {
  const system = resources.maybe("system");
  if (!system) return { metadata: {}, isVirtual: false };
  const metadata: Record<string, string> = {};
  const keep = (part: Part | undefined, keys: readonly string[], prefix: string) => {
    for (const key of keys) {
      const value = part?.text(key) ?? "";
      if (!nothing.includes(value.toLowerCase())) metadata[`${prefix}_${key}`] = value;
    }
  };
  keep(system, systemKeys, "system");
  keep(system.maybe("motherboard"), mainboardKeys, "mainboard");
  keep(system.maybe("firmware"), firmwareKeys, "mainboard_firmware");
  keep(system.maybe("chassis"), chassisKeys, "chassis");
  const uuid = system.text("uuid").toLowerCase();
  const kind = system.text("type");
  return {
    metadata,
    ...(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(uuid) ? { hardwareUuid: uuid } : {}),
    isVirtual: kind !== "" && kind !== "physical",
  };
}
