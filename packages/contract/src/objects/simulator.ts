import { z } from "zod";

export const SimulatorState = z.object({
  /** Where racks serve machines by HTTP. */
  racks: z.array(z.object({ hostname: z.string(), http_port: z.int().nullable(), addresses: z.array(z.string()) })),
  on: z.int(),
  off: z.int(),
  /** On, and played by no simulator. */
  unplayed: z.int(),
  resource_uri: z.string(),
});
export type SimulatorState = z.infer<typeof SimulatorState>;

export const PlayedMachine = z.object({
  system_id: z.string(),
  /** Which start of the machine this is about. */
  start: z.int(),
  wanted: z.enum(["on", "off"]),
  architecture: z.string(),
  bios_boot_method: z.string().nullable(),
  mac_addresses: z.array(z.string()),
});
export type PlayedMachine = z.infer<typeof PlayedMachine>;

/** Starts by system id. */
export const SimulatorStarts = z.record(z.string(), z.int());
export type SimulatorStarts = z.infer<typeof SimulatorStarts>;
