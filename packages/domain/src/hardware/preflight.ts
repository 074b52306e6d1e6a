/** What a machine measured of its surroundings while it was commissioned (machine/resources/machine-preflight). */
import type { Part } from "./read.ts";

export interface Preflight {
  /** Interface that the region is reached by, with what passes through it; absent where it could not be told. */
  path?: {
    interface: string;
    target: string;
    mtu: number;
    /** Bytes of the largest packet that was answered; 0: none was. */
    passes: number;
  };
  /** Machine's clock minus the region's. */
  clockOffsetSeconds?: number;
  /** The clock that runs while it is off, minus the region's. */
  hardwareClockOffsetSeconds?: number;
  /** Name servers that it was told of. */
  nameServers: readonly { address: string; answers: boolean }[];
  /** Addresses that the region's name stands for, or its only one. */
  region: readonly { address: string; reached: boolean }[];
  /** What of it could not be found out, in words: the region's name has no address. */
  troubles: readonly string[];
}

const MAX_SERVERS = 16;

/** @throws BadReport on what is none */
export function readPreflight(report: Part): Preflight | undefined {
  const found = report.maybe("preflight");
  if (!found) return undefined;
  const path = found.maybe("path");
  return {
    ...(path === undefined
      ? {}
      : {
          path: {
            interface: path.text("interface", 15),
            target: path.text("target", 64),
            mtu: path.natural("mtu", 0, 65_536),
            passes: path.natural("passes", 0, 65_536),
          },
        }),
    ...offset(found, "clockOffsetSeconds", "clock_offset_seconds"),
    ...offset(found, "hardwareClockOffsetSeconds", "hardware_clock_offset_seconds"),
    nameServers: found
      .parts("name_servers", MAX_SERVERS)
      .map((one) => ({ address: one.text("address", 64), answers: one.flag("answers") })),
    region: found
      .parts("region", MAX_SERVERS)
      .map((one) => ({ address: one.text("address", 64), reached: one.flag("reached") })),
    troubles: found
      .list("troubles", MAX_SERVERS)
      .filter((one): one is string => typeof one === "string")
      .map((one) => one.slice(0, 255)),
  };
}

/** Whole seconds, of either sign. */
function offset<K extends string>(found: Part, name: K, key: string): { readonly [P in K]?: number } {
  const value = found.raw(key);
  return (typeof value === "number" && Number.isFinite(value) ? { [name]: Math.round(value) } : {}) as {
    readonly [P in K]?: number;
  };
}
