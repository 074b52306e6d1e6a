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
  resource_uri: z.string(),
});
export type Diagnosis = z.infer<typeof Diagnosis>;

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
