import { disabledBootMethods } from "@rackwright/domain/dhcp/boot-methods";
import type { DhcpNetwork, DhcpPool, DhcpSubnet } from "@rackwright/domain/dhcp/wanted";
import type { ClientBase } from "pg";
import { furtherOptions, OPTION } from "./options.ts";

interface SubnetRow {
  id: string;
  cidr: string;
  network: string | null;
  lease_seconds: string | null;
  required: string | null;
  context: { "next-server"?: string } | null;
  pools: DhcpPool[] | null;
  options: Record<string, string> | null;
}

/**
 * The networks as the rows of Kea's configuration backend tell them, so that a change made by hand is seen and undone.
 * @param names of those to read; default: all
 */
export async function readNetworks(client: ClientBase, names?: readonly string[]): Promise<DhcpNetwork[]> {
  const values = names ? [names] : [];
  const networks = await client.query<{
    name: string;
    interface: string | null;
    tag: string | null;
    mtu: string | null;
  }>(
    `select n.name, n.interface,
       (select s.tag from dhcp4_shared_network_server ns join dhcp4_server s on s.id = ns.server_id
        where ns.shared_network_id = n.id order by s.id limit 1) as tag,
       (select o.formatted_value from dhcp4_options o where o.shared_network_name = n.name and o.code = ${OPTION.mtu} limit 1) as mtu
     from dhcp4_shared_network n ${names ? "where n.name = any($1::text[])" : ""} order by n.id`,
    values,
  );
  const subnets = await client.query<SubnetRow>(
    `select s.subnet_id as id, s.subnet_prefix as cidr, s.shared_network_name as network, s.valid_lifetime as lease_seconds,
       s.require_client_classes as required, s.user_context as context,
       (select json_agg(json_build_object('start', host(p.start_address), 'end', host(p.end_address)) order by p.start_address)
        from dhcp4_pool p where p.subnet_id = s.subnet_id) as pools,
       (select json_object_agg(o.code, o.formatted_value) from dhcp4_options o where o.dhcp4_subnet_id = s.subnet_id) as options
     from dhcp4_subnet s ${names ? "where s.shared_network_name = any($1::text[])" : ""} order by s.subnet_id`,
    values,
  );
  const byNetwork = Map.groupBy(subnets.rows, ({ network }) => network);
  const read = networks.rows.map((row) => toNetwork(row, byNetwork.get(row.name) ?? []));
  // A subnet outside of any network is none of ours; shown as one, it differs from everything wanted and is removed.
  const strays = byNetwork.get(null) ?? [];
  return strays.length === 0 ? read : [...read, toNetwork({ name: "", interface: null, tag: null, mtu: null }, strays)];
}

/** Names of all; empty of subnets outside of any network. */
export async function networkNames(client: ClientBase): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    "select name from dhcp4_shared_network union select '' from dhcp4_subnet where shared_network_name is null",
  );
  return rows.map(({ name }) => name);
}

function toNetwork(
  row: { name: string; interface: string | null; tag: string | null; mtu: string | null },
  subnets: SubnetRow[],
): DhcpNetwork {
  return {
    name: row.name,
    rackTag: row.tag ?? "",
    interface: row.interface,
    mtu: Number(row.mtu ?? 1500),
    subnets: subnets.map(toSubnet),
  };
}

function toSubnet(row: SubnetRow): DhcpSubnet {
  const option = (code: number) => row.options?.[code] ?? "";
  const list = (code: number) =>
    option(code)
      .split(", ")
      .filter((item) => item !== "");
  const options = furtherOptions(row.options);
  return {
    id: Number(row.id),
    cidr: row.cidr,
    pools: row.pools ?? [],
    nextServer: row.context?.["next-server"] ?? "",
    gateway: option(OPTION.routers) || null,
    dnsServers: list(OPTION.dns),
    ntpServers: list(OPTION.ntp),
    domainName: option(OPTION.domainName),
    searchDomains: list(OPTION.search),
    leaseSeconds: Number(row.lease_seconds ?? 0),
    disabledBootMethods: disabledBootMethods(JSON.parse(row.required ?? "[]") as string[]),
    ...(options.length > 0 ? { options } : {}),
  };
}
