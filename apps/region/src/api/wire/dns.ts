/** Domains, names and records as the API shows them (reference: objects-2.0.json). */
import type { Domain } from "@rackwright/contract/objects/common";
import type { DNSResource, DNSResourceRecord } from "@rackwright/contract/objects/dns";
import { API_ROOT } from "@rackwright/contract/table";
import type { NodeName, RecordRow } from "@rackwright/db/dns";
import type { DomainRow } from "@rackwright/db/domains";
import type { ResourceView } from "../../app/dns-resources.ts";
import { wireAddress } from "./device.ts";

export function wireDomain(d: DomainRow): Domain {
  return {
    id: d.id,
    name: d.name,
    ttl: d.ttl,
    authoritative: d.authoritative,
    resource_record_count: d.resourceRecordCount,
    is_default: d.is_default,
    resource_uri: `${API_ROOT}/domains/${d.id}/`,
  };
}

const fqdn = ({ name, domain }: { name: string; domain: string }): string =>
  name === "@" ? domain : `${name}.${domain}`;

export function wireRecord(record: RecordRow): DNSResourceRecord {
  return {
    id: record.id,
    fqdn: fqdn(record),
    ttl: record.ttl,
    rrtype: record.rrtype,
    rrdata: record.rrdata,
    resource_uri: `${API_ROOT}/dnsresourcerecords/${record.id}/`,
  };
}

export function wireResource({ resource, addresses, records }: ResourceView): DNSResource {
  return {
    id: resource.id,
    fqdn: fqdn(resource),
    address_ttl: resource.addressTtl,
    ip_addresses: addresses.map(wireAddress),
    resource_records: records.map(wireRecord),
    resource_uri: `${API_ROOT}/dnsresources/${resource.id}/`,
  };
}

/** One entry per name, with a record per address. */
export function wireOwnNames(names: readonly NodeName[]): DNSResource[] {
  return [...Map.groupBy(names, fqdn)].map(([name, entries]) => ({
    id: -1,
    fqdn: name,
    address_ttl: null,
    ip_addresses: null,
    resource_records: entries.map((entry) => ({
      system_id: entry.systemId,
      node_type: entry.nodeType,
      user_id: entry.userId,
      dnsresource_id: null,
      ttl: entry.ttl,
      rrtype: entry.ip.includes(":") ? "AAAA" : "A",
      rrdata: entry.ip,
      dnsdata_id: null,
    })),
    resource_uri: `${API_ROOT}/dnsresources/-1/`,
  }));
}
