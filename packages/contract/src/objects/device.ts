/** Devices: what has addresses and is not deployed (reference: objects-2.0.json). */
import { z } from "zod";
import { Domain, Zone } from "./common.ts";
import { Interface } from "./network.ts";

export const Device = z.object({
  system_id: z.string(),
  hostname: z.string(),
  description: z.string(),
  domain: Domain,
  fqdn: z.string(),
  owner: z.string().nullable(),
  owner_data: z.record(z.string(), z.string()),
  parent: z.string().nullable(),
  tag_names: z.array(z.string()),
  address_ttl: z.int().nullable(),
  ip_addresses: z.array(z.string()),
  interface_set: z.array(Interface),
  zone: Zone,
  node_type: z.int(),
  node_type_name: z.string(),
  workload_annotations: z.record(z.string(), z.string()),
  resource_uri: z.string(),
});
export type Device = z.infer<typeof Device>;
