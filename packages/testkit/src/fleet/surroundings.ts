/** What an emulated machine measures of its surroundings, as machine/scripts/commissioning/50-maas-01-commissioning prints it. */
import type { Hardware } from "./hardware.ts";

/** What is wrong around it. */
export const troubles = [
  "small-mtu",
  "clock",
  "hardware-clock",
  "name-server",
  "region-address",
  "region-name",
  "slow-link",
  "shared-uuid",
  "shared-mac",
] as const;
export type Trouble = (typeof troubles)[number];

const REGION = "100.64.0.1";
const NAME_SERVER = "100.64.0.2";

export function preflight(hw: Hardware, has: (trouble: Trouble) => boolean): object {
  const hour = 3600;
  return {
    path: {
      interface: hw.nics[0]?.name ?? "",
      target: REGION,
      mtu: has("small-mtu") ? 9000 : 1500,
      passes: 1500,
    },
    clock_offset_seconds: has("clock") ? 240 : 0,
    hardware_clock_offset_seconds: has("hardware-clock") ? 2 * hour : 1,
    name_servers: [{ address: NAME_SERVER, answers: !has("name-server") }],
    region: has("region-name")
      ? []
      : [
          { address: REGION, reached: true },
          ...(has("region-address") ? [{ address: "192.168.0.1", reached: false }] : []),
        ],
    troubles: has("region-name") ? ["region.example: Name or service not known"] : [],
  };
}

/** The hardware as it is reported where something is wrong with it that others notice. */
export function asReported(hw: Hardware, has: (trouble: Trouble) => boolean): Hardware {
  return {
    ...hw,
    uuid: has("shared-uuid") ? "5ae6e5b0-0000-4000-8000-000000000001" : hw.uuid,
    nics: [...hw.nics, ...(has("shared-mac") ? [{ name: "enp99s0", mac: "06:5a:e6:00:00:01", linked: false }] : [])],
  };
}
