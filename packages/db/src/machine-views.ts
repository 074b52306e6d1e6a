/** Nodes with all that a reply about them shows. A fixed number of statements, however many nodes. */
import { type Kysely, type Selectable, sql } from "kysely";
import { resourceRecordCount } from "./domains.ts";
import type { NodeRow } from "./machines.ts";
import type {
  BlockDeviceTable,
  DomainTable,
  FilesystemTable,
  InterfaceTable,
  NumaNodeTable,
  PartitionTable,
  ResourcePoolTable,
  CacheSetTable,
  Schema,
  StorageGroupTable,
  SubnetTable,
  ZoneTable,
} from "./schema.ts";

export type InterfaceRow = Selectable<InterfaceTable>;
export type BlockDeviceRow = Selectable<BlockDeviceTable>;
export type PartitionRow = Selectable<PartitionTable>;
export type FilesystemRow = Selectable<FilesystemTable>;
export type SubnetRow = Selectable<SubnetTable>;

/** A VLAN as replies show it, with the names of what it belongs to. */
export interface VlanView {
  id: number;
  vid: number;
  name: string | null;
  mtu: number;
  dhcpOn: boolean;
  externalDhcp: string | null;
  relayVlanId: number | null;
  fabricId: number;
  fabricName: string;
  spaceName: string | null;
  primaryRack: string | null;
  secondaryRack: string | null;
}

export interface LinkRow {
  id: number;
  allocType: number;
  ip: string | null;
  subnetId: number | null;
  interfaceId: number;
}

/** A result that counts in the state of a node's scripts. */
export interface ResultStatus {
  nodeId: number;
  resultType: number;
  hardwareType: number;
  status: number;
}

export interface MachineView {
  row: NodeRow;
  owner: string | null;
  domain: Selectable<DomainTable> & { resourceRecordCount: number };
  zone: Selectable<ZoneTable>;
  pool: Selectable<ResourcePoolTable> | null;
  interfaces: InterfaceRow[];
  /** Child to parents, by interface id. */
  parents: Map<number, number[]>;
  links: Map<number, LinkRow[]>;
  blockDevices: BlockDeviceRow[];
  partitions: Map<number, PartitionRow[]>;
  filesystems: FilesystemRow[];
  groups: Selectable<StorageGroupTable>[];
  cacheSets: Selectable<CacheSetTable>[];
  numaNodes: Selectable<NumaNodeTable>[];
  metadata: Map<string, string>;
  tags: string[];
  /** In the order of their names, as `tags`. */
  tagIds: number[];
  results: ResultStatus[];
  latestEvent: { type: string; description: string } | null;
  /** What was last seen of the boot that it waits for, as it was written down; null for one that does not wait. */
  lastEvidence: { at: Date; source: string; text: string } | null;
  vlans: Map<number, VlanView>;
  subnets: Map<number, SubnetRow>;
  /** Of one that lives on a VM host. */
  vm: VmPlace | null;
}

/** Which virtual machine it is, and where. */
export interface VmPlace {
  nodeId: number;
  vmId: number;
  hostId: number;
  hostName: string;
  /** System id of the node that the host runs on. */
  hostSystemId: string | null;
}

const anyOf = (ids: readonly number[]) => sql<number>`any(${ids}::bigint[])`;

export async function loadVlans(db: Kysely<Schema>, ids?: readonly number[]): Promise<Map<number, VlanView>> {
  let query = db
    .selectFrom("vlan as v")
    .innerJoin("fabric as f", "f.id", "v.fabric_id")
    .leftJoin("space as s", "s.id", "v.space_id")
    .leftJoin("node as r1", "r1.id", "v.primary_rack_id")
    .leftJoin("node as r2", "r2.id", "v.secondary_rack_id")
    .select([
      "v.id",
      "v.vid",
      "v.name",
      "v.mtu",
      "v.dhcp_on as dhcpOn",
      "v.external_dhcp as externalDhcp",
      "v.relay_vlan_id as relayVlanId",
      "v.fabric_id as fabricId",
      sql<string>`coalesce(f.name, 'fabric-' || f.id)`.as("fabricName"),
      "s.name as spaceName",
      "r1.system_id as primaryRack",
      "r2.system_id as secondaryRack",
    ])
    .orderBy("v.id");
  if (ids) query = query.where("v.id", "=", anyOf(ids));
  const rows = await query.execute();
  return new Map(rows.map((v) => [v.id, v]));
}

/** What many machines show alike: loaded once for a long list. */
export interface SharedRows {
  owners: Map<number, string>;
  domains: Map<number, MachineView["domain"]>;
  zones: Map<number, MachineView["zone"]>;
  pools: Map<number, NonNullable<MachineView["pool"]>>;
  vlans: Map<number, VlanView>;
  subnets: Map<number, SubnetRow>;
  /** Their names, in the order of these. */
  tags: Map<number, string>;
}

const byId = <T extends { id: number }>(rows: readonly T[]) => new Map(rows.map((r) => [r.id, r]));

/** What these nodes share; without nodes, all that there is. */
export async function loadShared(
  db: Kysely<Schema>,
  nodes?: readonly Pick<NodeRow, "owner_id" | "domain_id" | "zone_id" | "pool_id">[],
): Promise<SharedRows> {
  const only = (of: (node: Pick<NodeRow, "owner_id" | "domain_id" | "zone_id" | "pool_id">) => number | null) =>
    nodes ? sql<boolean>`id = ${anyOf(nodes.map(of).filter((id) => id !== null))}` : sql<boolean>`true`;
  const [owners, domains, zones, pools, vlans, subnets, tags] = await Promise.all([
    db
      .selectFrom("app_user")
      .select(["id", "username"])
      .where(only((n) => n.owner_id))
      .execute(),
    db
      .selectFrom("domain")
      .selectAll()
      .select(resourceRecordCount.as("resourceRecordCount"))
      .where(only((n) => n.domain_id))
      .execute(),
    db
      .selectFrom("zone")
      .selectAll()
      .where(only((n) => n.zone_id))
      .execute(),
    db
      .selectFrom("resource_pool")
      .selectAll()
      .where(only((n) => n.pool_id))
      .execute(),
    loadVlans(db),
    db.selectFrom("subnet").selectAll().execute(),
    db.selectFrom("tag").select(["id", "name"]).orderBy("name").execute(),
  ]);
  return {
    owners: new Map(owners.map((o) => [o.id, o.username])),
    domains: byId(domains),
    zones: byId(zones),
    pools: byId(pools),
    vlans,
    subnets: byId(subnets),
    tags: new Map(tags.map((t) => [t.id, t.name])),
  };
}

/**
 * Views of these nodes, in the order of the ids; ones that are gone are left out.
 * @param known what they share, of the same snapshot
 */
export async function loadMachineViews(
  db: Kysely<Schema>,
  ids: readonly number[],
  known?: SharedRows,
): Promise<MachineView[]> {
  if (ids.length === 0) return [];
  const nodes = await db.selectFrom("node").selectAll().where("id", "=", anyOf(ids)).execute();
  const [
    shared,
    interfaces,
    parents,
    links,
    blockDevices,
    partitions,
    filesystems,
    groups,
    cacheSets,
    numaNodes,
    metadata,
    tags,
    results,
    events,
    evidence,
    vms,
  ] = await Promise.all([
    known ?? loadShared(db, nodes),
    db.selectFrom("interface").selectAll().where("node_id", "=", anyOf(ids)).orderBy("id").execute(),
    db
      .selectFrom("interface_parent as p")
      .innerJoin("interface as i", "i.id", "p.child_id")
      .select(["p.child_id", "p.parent_id"])
      .where("i.node_id", "=", anyOf(ids))
      .execute(),
    db
      .selectFrom("ip_address as a")
      .innerJoin("interface as i", "i.id", "a.interface_id")
      .select(["a.id", "a.alloc_type as allocType", "a.ip", "a.subnet_id as subnetId", "i.id as interfaceId"])
      .where("i.node_id", "=", anyOf(ids))
      .orderBy("a.id")
      .execute(),
    db.selectFrom("block_device").selectAll().where("node_id", "=", anyOf(ids)).orderBy("id").execute(),
    db
      .selectFrom("partition as p")
      .innerJoin("block_device as b", "b.id", "p.block_device_id")
      .selectAll("p")
      .where("b.node_id", "=", anyOf(ids))
      .orderBy("p.block_device_id")
      .orderBy("p.index")
      .execute(),
    db.selectFrom("filesystem").selectAll().where("node_id", "=", anyOf(ids)).orderBy("id").execute(),
    db.selectFrom("storage_group").selectAll().where("node_id", "=", anyOf(ids)).orderBy("id").execute(),
    db.selectFrom("cache_set").selectAll().where("node_id", "=", anyOf(ids)).orderBy("id").execute(),
    db.selectFrom("numa_node").selectAll().where("node_id", "=", anyOf(ids)).orderBy("index").execute(),
    db.selectFrom("node_metadata").selectAll().where("node_id", "=", anyOf(ids)).execute(),
    db
      .selectFrom("node_tag as nt")
      .innerJoin("tag as t", "t.id", "nt.tag_id")
      .select(["nt.node_id", "t.id", "t.name"])
      .where("nt.node_id", "=", anyOf(ids))
      .orderBy("t.name")
      .execute(),
    latestResults(db, nodes),
    latestEvents(db, ids),
    latestEvidence(
      db,
      nodes.filter((n) => n.status_deadline !== null),
    ),
    vmPlaces(db, ids),
  ]);
  const groupBy = <T>(rows: T[], key: (row: T) => number) => Map.groupBy(rows, key);
  const interfacesOf = groupBy(interfaces, (i) => i.node_id ?? 0);
  const parentsOf = new Map(
    [...groupBy(parents, (p) => p.child_id)].map(([child, rows]) => [child, rows.map((r) => r.parent_id)]),
  );
  const linksOf = groupBy(links as LinkRow[], (l) => l.interfaceId);
  const disksOf = groupBy(blockDevices, (b) => b.node_id);
  const partitionsOf = groupBy(partitions, (p) => p.block_device_id);
  const filesystemsOf = groupBy(filesystems, (f) => f.node_id);
  const groupsOf = groupBy(groups, (g) => g.node_id);
  const cacheSetsOf = groupBy(cacheSets, (c) => c.node_id);
  const numaOf = groupBy(numaNodes, (n) => n.node_id);
  const metadataOf = groupBy(metadata, (m) => m.node_id);
  const tagsOf = groupBy(tags, (t) => t.node_id);
  const resultsOf = groupBy(results, (r) => r.nodeId);
  const eventOf = new Map(events.map((e) => [e.nodeId, e]));
  const evidenceOf = new Map(evidence.map((e) => [e.nodeId, e]));
  const vmOf = new Map(vms.map((vm) => [vm.nodeId, vm]));
  const nodesById = byId(nodes);
  return ids.flatMap((id): MachineView[] => {
    const row = nodesById.get(id);
    const domain = row && shared.domains.get(row.domain_id);
    const zone = row && shared.zones.get(row.zone_id);
    if (!row || !domain || !zone) return [];
    return [
      {
        row,
        owner: row.owner_id === null ? null : (shared.owners.get(row.owner_id) ?? null),
        domain,
        zone,
        pool: row.pool_id === null ? null : (shared.pools.get(row.pool_id) ?? null),
        interfaces: interfacesOf.get(id) ?? [],
        parents: parentsOf,
        links: linksOf,
        blockDevices: disksOf.get(id) ?? [],
        partitions: partitionsOf,
        filesystems: filesystemsOf.get(id) ?? [],
        groups: groupsOf.get(id) ?? [],
        cacheSets: cacheSetsOf.get(id) ?? [],
        numaNodes: numaOf.get(id) ?? [],
        metadata: new Map((metadataOf.get(id) ?? []).map((m) => [m.key, m.value])),
        tags: (tagsOf.get(id) ?? []).map((t) => t.name),
        tagIds: (tagsOf.get(id) ?? []).map((t) => t.id),
        results: resultsOf.get(id) ?? [],
        latestEvent: eventOf.get(id) ?? null,
        lastEvidence: evidenceOf.get(id) ?? null,
        vlans: shared.vlans,
        subnets: shared.subnets,
        vm: vmOf.get(id) ?? null,
      },
    ];
  });
}

/**
 * What counts in the state of each node's scripts: the results of its current commissioning, and of each test on each device the last one
 * that was not aborted, whichever run it was in. Suppressed ones do not count, nor do older runs of tests that are gone.
 */
async function latestResults(
  db: Kysely<Schema>,
  nodes: readonly Pick<NodeRow, "id" | "commissioning_set_id">[],
): Promise<ResultStatus[]> {
  const ids = nodes.map((n) => n.id);
  const current = nodes.map((n) => n.commissioning_set_id).filter((id) => id !== null);
  const { rows } = await sql<ResultStatus>`
    select r.node_id as "nodeId", r.result_type as "resultType", coalesce(sc.hardware_type, 0) as "hardwareType", r.status
    from (
      (select distinct on (s.node_id, r.name, r.block_device_id, r.interface_id)
        s.node_id, s.result_type, r.script_id, r.status, r.suppressed
      from script_set s join node n on n.id = s.node_id join script_result r on r.set_id = s.id
      where s.node_id = ${anyOf(ids)} and s.result_type = 2 and r.status <> 5
        and (r.script_id is not null or s.id = n.testing_set_id)
      order by s.node_id, r.name, r.block_device_id, r.interface_id, r.id desc)
      union all
      select s.node_id, s.result_type, r.script_id, r.status, r.suppressed
      from script_set s join script_result r on r.set_id = s.id
      where s.id = ${anyOf(current)} and r.status <> 5
    ) r left join script sc on sc.id = r.script_id
    where not r.suppressed`.execute(db);
  return rows;
}

/** The newest evidence of the boot that each of these nodes is in. */
async function latestEvidence(
  db: Kysely<Schema>,
  nodes: readonly Pick<NodeRow, "id" | "boot_epoch">[],
): Promise<{ nodeId: number; at: Date; source: string; text: string }[]> {
  if (nodes.length === 0) return [];
  const { rows } = await sql<{ nodeId: number; at: Date; source: string; text: string }>`
    select n.id as "nodeId", e.at, e.source, e.text
    from unnest(${nodes.map((n) => n.id)}::bigint[], ${nodes.map((n) => n.boot_epoch)}::bigint[]) as n(id, epoch)
    cross join lateral (
      select at, source, text from evidence where node_id = n.id and boot_epoch = n.epoch order by id desc limit 1) e`.execute(
    db,
  );
  return rows;
}

async function vmPlaces(db: Kysely<Schema>, ids: readonly number[]): Promise<VmPlace[]> {
  const rows = await db
    .selectFrom("virtual_machine as vm")
    .innerJoin("vm_host as h", "h.id", "vm.vm_host_id")
    .leftJoin("node as n", "n.id", "h.host_node_id")
    .select([
      "vm.node_id as nodeId",
      "vm.id as vmId",
      "h.id as hostId",
      "h.name as hostName",
      "n.system_id as hostSystemId",
    ])
    .where("vm.node_id", "=", anyOf(ids))
    .execute();
  return rows.flatMap((row) => (row.nodeId === null ? [] : [{ ...row, nodeId: row.nodeId }]));
}

/** The newest event of level info or worse of each node. */
async function latestEvents(
  db: Kysely<Schema>,
  ids: readonly number[],
): Promise<{ nodeId: number; type: string; description: string }[]> {
  const { rows } = await sql<{ nodeId: number; type: string; description: string }>`
    select n.id as "nodeId", e.type, e.description
    from unnest(${ids}::bigint[]) as n(id)
    cross join lateral (select type, description from event where node_id = n.id and level >= 20 order by id desc limit 1) e`.execute(
    db,
  );
  return rows;
}
