/** Replies of ours: pages of machines, and how many there are. */
import { z } from "zod";

/** What a list shows of a machine; all of it: `machine read`. */
export const MachineSummary = z.object({
  system_id: z.string(),
  hostname: z.string(),
  fqdn: z.string(),
  status: z.int(),
  status_name: z.string(),
  status_message: z.string(),
  status_since: z.string(),
  status_deadline: z.string().nullable(),
  waiting_for: z.string().nullable(),
  error_description: z.string(),
  owner: z.string().nullable(),
  pool: z.string().nullable(),
  zone: z.string(),
  domain: z.string(),
  tag_names: z.array(z.string()),
  architecture: z.string().nullable(),
  cpu_count: z.int(),
  /** MiB. */
  memory: z.int(),
  /** Of all physical disks, in 10^6 bytes. */
  storage: z.number(),
  physical_disk_count: z.int(),
  power_state: z.string(),
  /** When it was last asked. */
  power_checked_at: z.string().nullable(),
  power_type: z.string(),
  ip_addresses: z.array(z.string()),
  /** Of the boot interface. */
  mac_address: z.string().nullable(),
  osystem: z.string(),
  distro_series: z.string(),
  locked: z.boolean(),
  description: z.string(),
  resource_uri: z.string(),
});
export type MachineSummary = z.infer<typeof MachineSummary>;

export const MachinesPage = z.object({
  machines: z.array(MachineSummary),
  /** To be given as after; null on the last page. */
  next: z.string().nullable(),
  resource_uri: z.string(),
});
export type MachinesPage = z.infer<typeof MachinesPage>;

export const MachineCounts = z.object({
  /** How many match. A machine of several tags is counted once here, and once in each group. */
  total: z.int(),
  by: z.string(),
  /** The largest first; value null: without one. */
  groups: z.array(z.object({ value: z.string().nullable(), count: z.int() })),
  resource_uri: z.string(),
});
export type MachineCounts = z.infer<typeof MachineCounts>;
