/** What was seen on the networks (reference: objects-2.0.json). */
import { z } from "zod";

export const DiscoveryObserver = z.object({
  system_id: z.string(),
  hostname: z.string(),
  interface_id: z.int(),
  interface_name: z.string(),
});
export type DiscoveryObserver = z.infer<typeof DiscoveryObserver>;

const ScanController = z.object({ system_id: z.string(), hostname: z.string() });
export const ScanResult = z.object({
  result: z.string(),
  scan_attempted_on: z.array(ScanController),
  failed_to_connect_to: z.array(ScanController),
  scan_started_on: z.array(ScanController),
  scan_failed_on: z.array(ScanController),
  rpc_call_timed_out_on: z.array(ScanController),
  failures: z.array(z.object({ type: z.string(), message: z.string() })),
});
export type ScanResult = z.infer<typeof ScanResult>;

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
