/** DHCP snippets (reference: objects-2.0.json). */
import { z } from "zod";
import { Subnet } from "./network.ts";

export const DHCPSnippetRevision = z.object({
  id: z.int(),
  value: z.string(),
  created: z.string(),
});
export type DHCPSnippetRevision = z.infer<typeof DHCPSnippetRevision>;

/** What clients read of a snippet's node. */
export const NodeRaw = z.object({
  hostname: z.string(),
  description: z.string(),
  node_type: z.int(),
  resource_uri: z.string(),
});
export type NodeRaw = z.infer<typeof NodeRaw>;

export const DHCPSnippet = z.object({
  id: z.int(),
  name: z.string(),
  value: z.string(),
  history: z.array(DHCPSnippetRevision),
  description: z.string(),
  enabled: z.boolean(),
  node: NodeRaw.nullable(),
  subnet: Subnet.nullable(),
  global_snippet: z.boolean(),
  resource_uri: z.string(),
});
export type DHCPSnippet = z.infer<typeof DHCPSnippet>;
