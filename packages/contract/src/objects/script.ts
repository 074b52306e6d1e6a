/** Replies of the API, field by field (reference: objects-2.0.json). */
import { z } from "zod";

export const ScriptRevision = z.object({
  id: z.int(),
  comment: z.string().nullable(),
  created: z.string(),
  data: z.string().optional(),
});
export type ScriptRevision = z.infer<typeof ScriptRevision>;

export const Script = z.object({
  id: z.int(),
  name: z.string(),
  title: z.string(),
  description: z.string(),
  tags: z.array(z.string()),
  type: z.int(),
  type_name: z.string(),
  hardware_type: z.int(),
  hardware_type_name: z.string(),
  parallel: z.int(),
  parallel_name: z.string(),
  results: z.unknown(),
  parameters: z.record(z.string(), z.unknown()),
  packages: z.record(z.string(), z.unknown()),
  timeout: z.string(),
  destructive: z.boolean(),
  for_hardware: z.array(z.string()),
  may_reboot: z.boolean(),
  recommission: z.boolean(),
  history: z.array(ScriptRevision),
  default: z.boolean(),
  apply_configured_networking: z.boolean(),
  resource_uri: z.string(),
});
export type Script = z.infer<typeof Script>;

export const ScriptResult = z.object({
  id: z.int(),
  created: z.string(),
  updated: z.string(),
  name: z.string(),
  status: z.int(),
  status_name: z.string(),
  exit_status: z.int().nullable(),
  started: z.string().nullable(),
  ended: z.string().nullable(),
  runtime: z.string(),
  starttime: z.unknown(),
  endtime: z.unknown(),
  estimated_runtime: z.string(),
  parameters: z.record(z.string(), z.unknown()),
  script_id: z.int().nullable(),
  script_revision_id: z.int().nullable(),
  suppressed: z.boolean(),
  output: z.string().optional(),
  stdout: z.string().optional(),
  stderr: z.string().optional(),
  result: z.string().optional(),
});
export type ScriptResult = z.infer<typeof ScriptResult>;

export const ScriptSet = z.object({
  id: z.int(),
  system_id: z.string(),
  type: z.int(),
  type_name: z.string(),
  last_ping: z.string().nullable(),
  status: z.int(),
  status_name: z.string(),
  started: z.string().nullable(),
  ended: z.string().nullable(),
  runtime: z.string(),
  results: z.array(ScriptResult),
  suppressed: z.boolean().optional(),
  resource_uri: z.string(),
});
export type ScriptSet = z.infer<typeof ScriptSet>;
