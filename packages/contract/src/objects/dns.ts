/** Replies about names in domains (reference: objects-2.0.json). */
import { z } from "zod";
import { StaticIPAddress } from "./address.ts";

export const DNSResourceRecord = z.object({
  id: z.int(),
  fqdn: z.string(),
  ttl: z.int().nullable(),
  rrtype: z.string(),
  rrdata: z.string(),
  resource_uri: z.string(),
});
export type DNSResourceRecord = z.infer<typeof DNSResourceRecord>;

/** Of a node's name, which nobody made a resource for. */
export const SyntheticRecord = z.object({
  system_id: z.string().nullable(),
  node_type: z.int().nullable(),
  user_id: z.int().nullable(),
  dnsresource_id: z.int().nullable(),
  ttl: z.int().nullable(),
  rrtype: z.string(),
  rrdata: z.string(),
  dnsdata_id: z.int().nullable(),
});
export type SyntheticRecord = z.infer<typeof SyntheticRecord>;

export const DNSResource = z.object({
  id: z.int(),
  fqdn: z.string(),
  address_ttl: z.int().nullable(),
  ip_addresses: z.array(StaticIPAddress).nullable(),
  resource_records: z.array(z.union([DNSResourceRecord, SyntheticRecord])),
  resource_uri: z.string(),
});
export type DNSResource = z.infer<typeof DNSResource>;
