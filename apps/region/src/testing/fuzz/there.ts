/** What exists in the region now, so that paths and parameters lead to something. */
import type { Action } from "@rackwright/contract/action";
import { pathParams } from "@rackwright/contract/action";
import type { Database } from "@rackwright/db/connect";

type Row = Record<string, string>;

/** Rows whose columns are the parameters of a path, by the path's beginning; the longest that fits is taken. */
const ROWS: readonly [RegExp, string][] = [
  [
    /partition/,
    `select n.system_id, b.id as device_id, p.id from partition p join block_device b on b.id = p.block_device_id join node n on n.id = b.node_id`,
  ],
  [/blockdevices/, "select n.system_id, b.id, b.id as device_id from block_device b join node n on n.id = b.node_id"],
  [/interfaces/, "select n.system_id, i.id from interface i join node n on n.id = i.node_id"],
  [/bcache-cache-set/, "select n.system_id, c.id from cache_set c join node n on n.id = c.node_id"],
  [/raid|volume-group|bcache|vmfs/, "select n.system_id, g.id from storage_group g join node n on n.id = g.node_id"],
  [/results/, "select n.system_id, s.id from script_set s join node n on n.id = s.node_id"],
  [/rackcontrollers/, "select system_id from node where node_type in (2, 4)"],
  [/devices\/\{/, "select system_id from node where node_type = 1"],
  [/system_id/, "select system_id from node"],
  [/vlans/, "select fabric_id, vid, id as vlan_id, id from vlan"],
  [/selections/, "select source_id as boot_source_id, id from boot_source_selection"],
  [
    /upload/,
    "select s.resource_id as id, f.id as file_id from boot_resource_file f join boot_resource_set s on s.id = f.set_id",
  ],
  [/license-key\//, "select osystem, distro_series from license_key"],
  [/users/, "select username from app_user where username not in ('admin', 'user', 'other')"],
  [/files/, "select filename, filename as id from stored_file"],
  [/scripts/, "select name from script"],
  [/tags/, "select name from tag"],
  [/zones/, "select name from zone"],
];

/** Tables of the resources whose path has an id alone. */
const TABLES: Record<string, string> = {
  BootResource: "boot_resource",
  BootSource: "boot_source",
  BootSourceSelections: "boot_source",
  DHCPSnippet: "dhcp_snippet",
  DNSResource: "dns_resource",
  DNSResourceRecord: "dns_record",
  Domain: "domain",
  Fabric: "fabric",
  IPRange: "ip_range",
  Notification: "notification",
  PackageRepository: "package_repository",
  ReservedIp: "reserved_ip",
  ResourcePool: "resource_pool",
  SSHKey: "ssh_key",
  SSLKey: "ssl_key",
  Space: "space",
  StaticRoute: "static_route",
  Subnet: "subnet",
  Vlans: "fabric",
};

/** Tables whose ids and names parameters may want. */
const WANTED = [
  "block_device",
  "partition",
  "interface",
  "subnet",
  "vlan",
  "fabric",
  "space",
  "zone",
  "domain",
  "resource_pool",
  "tag",
];

export class There {
  readonly #ids = new Map<string, string[]>();
  readonly #names = new Map<string, string[]>();
  readonly #rows = new Map<string, Row[]>();
  readonly #db: Database;
  systemIds: string[] = [];

  private constructor(db: Database) {
    this.#db = db;
  }

  /** As it is now. @param actions whose paths are wanted */
  static async look(db: Database, actions: readonly Action[]): Promise<There> {
    const there = new There(db);
    there.systemIds = await there.#column("select system_id as value from node");
    for (const table of WANTED) {
      there.#ids.set(table, await there.#column(`select id as value from ${table}`));
      const { rows } = await db.pool.query(
        "select 1 from information_schema.columns where table_name = $1 and column_name = 'name'",
        [table],
      );
      if (rows.length > 0)
        there.#names.set(table, await there.#column(`select name as value from ${table} where name is not null`));
    }
    for (const { resource } of actions)
      if (!there.#rows.has(resource.path))
        there.#rows.set(resource.path, await there.#pathRows(resource.name, resource.path));
    return there;
  }

  async #column(sql: string): Promise<string[]> {
    const { rows } = await this.#db.pool.query<{ value: unknown }>(sql);
    return rows.map(({ value }) => String(value));
  }

  async #pathRows(name: string, path: string): Promise<Row[]> {
    if (pathParams(path).length === 0) return [];
    const table = TABLES[name];
    const sql =
      table === undefined
        ? ROWS.find(([beginning]) => beginning.test(path))?.[1]
        : `select id, id as fabric_id, id as boot_source_id from ${table}`;
    if (sql === undefined) return [];
    const { rows } = await this.#db.pool.query<Record<string, unknown>>(sql);
    return rows.map((row) => Object.fromEntries(Object.entries(row).map(([key, value]) => [key, String(value)])));
  }

  idsOf(table: string): string[] {
    return this.#ids.get(table === "pool" ? "resource_pool" : table) ?? [];
  }

  namesOf(table: string): string[] {
    return this.#names.get(table === "pool" ? "resource_pool" : table) ?? this.idsOf(table);
  }

  /** Values for the parameters of this path that belong together. */
  rowsFor(path: string): Row[] {
    return this.#rows.get(path) ?? [];
  }
}
