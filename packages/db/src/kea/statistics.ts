import type { ClientBase } from "pg";

/**
 * Let PostgreSQL look anew at how much there is of everything. Until it does so by itself, a minute or more after many rows were written,
 * it takes the tables for as small as they were: ours and Kea's prepared statements then read all reservations to find one.
 */
export async function refreshStatistics(client: ClientBase): Promise<void> {
  await client.query(
    "analyze hosts, dhcp4_options, dhcp4_options_server, dhcp4_shared_network, dhcp4_shared_network_server, dhcp4_subnet, dhcp4_subnet_server, dhcp4_pool",
  );
}
