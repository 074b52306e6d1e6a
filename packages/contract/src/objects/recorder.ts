/** Replies of ours: timeline, diagnosis and changes. */
import { z } from "zod";

export const TimelineItem = z.object({
  /** The same whenever the item is read. */
  id: z.string(),
  at: z.string(),
  /** The door by which it was seen (bmc, dhcp, tftp, http, metadata, script, installer, console), or region. */
  source: z.string(),
  kind: z.enum(["evidence", "status", "action", "event"]),
  level: z.string(),
  text: z.string(),
  /** Boot epoch that it was seen in. */
  epoch: z.int().nullable(),
  username: z.string().nullable(),
  detail: z.unknown(),
});
export type TimelineItem = z.infer<typeof TimelineItem>;

export const Timeline = z.object({
  items: z.array(TimelineItem),
  /** To be given as after: what is newer. Items not settled yet come again, with the same id. */
  next: z.string(),
  /** To be given as before: what is older; null when there is nothing. */
  prev: z.string().nullable(),
  resource_uri: z.string(),
});
export type Timeline = z.infer<typeof Timeline>;

export const Finding = z.object({
  code: z.string(),
  summary: z.string(),
  expected: z.string(),
  checks: z.array(z.string()),
});
export type Finding = z.infer<typeof Finding>;

export const Diagnosis = z.object({
  system_id: z.string(),
  hostname: z.string(),
  status: z.string(),
  healthy: z.boolean(),
  /** One sentence for people. */
  summary: z.string(),
  waiting_for: z.string().nullable(),
  status_since: z.string(),
  status_deadline: z.string().nullable(),
  last_evidence: z.object({ at: z.string(), source: z.string(), text: z.string() }).nullable(),
  /** Why it failed, as it was written down then. */
  error_description: z.string(),
  findings: z.array(Finding),
  /** What is not wrong yet, and will cost time: measured when it was commissioned, or known of its networks. */
  warnings: z.array(Finding),
  resource_uri: z.string(),
});
export type Diagnosis = z.infer<typeof Diagnosis>;

/** A commissioning of which it is known what was found. */
export const InventoryTaken = z.object({
  /** Id of its script results; null: it came without. */
  commissioning: z.int().nullable(),
  at: z.string(),
});

export const InventoryDiff = z.object({
  system_id: z.string(),
  hostname: z.string(),
  /** null: there is none before, or none at all. */
  from: InventoryTaken.nullable(),
  to: InventoryTaken.nullable(),
  /** One sentence for people. */
  summary: z.string(),
  changes: z.array(
    z.object({
      /** system, cpu, memory, disk, nic, firmware, device */
      part: z.string(),
      /** gone, added, smaller, larger, newer, older, changed, moved, renamed, slower, faster, unplugged, plugged */
      change: z.string(),
      /** Serial number, MAC address, PCI id, or the name of the value. */
      name: z.string(),
      before: z.union([z.string(), z.number()]).nullable(),
      after: z.union([z.string(), z.number()]).nullable(),
      text: z.string(),
    }),
  ),
  /** What can be compared, the newest first. */
  inventories: z.array(InventoryTaken),
  resource_uri: z.string(),
});
export type InventoryDiff = z.infer<typeof InventoryDiff>;

export const Change = z.object({
  /** Its place: to be given as after, or as Last-Event-ID. */
  id: z.string(),
  kind: z.string(),
  entity: z.string(),
  entity_id: z.string(),
  at: z.string(),
  payload: z.unknown(),
});
export type Change = z.infer<typeof Change>;

export const ChangesPage = z.object({
  changes: z.array(Change),
  /** To be given as after next time. */
  next: z.string(),
  resource_uri: z.string(),
});
export type ChangesPage = z.infer<typeof ChangesPage>;
