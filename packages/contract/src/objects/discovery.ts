/** What was seen on the networks (reference: objects-2.0.json). */
import { z } from "zod";

export const DiscoveryObserver = z.object({
  system_id: z.string(),
  hostname: z.string(),
  interface_id: z.int(),
  interface_name: z.string(),
});
export type DiscoveryObserver = z.infer<typeof DiscoveryObserver>;

export const Discovery = z.object({
  discovery_id: z.string(),
  ip: z.string().nullable(),
  mac_address: z.string().nullable(),
  mac_organization: z.string().nullable(),
  last_seen: z.string(),
  hostname: z.string().nullable(),
  fabric_name: z.string().nullable(),
  vid: z.int().nullable(),
  observer: DiscoveryObserver,
  resource_uri: z.string(),
});
export type Discovery = z.infer<typeof Discovery>;
