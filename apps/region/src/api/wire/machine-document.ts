/** A machine's JSON as it is kept: all but what it shares with others, which is put in when it is sent. */
import type { Machine } from "@rackwright/contract/objects/machine";
import type { LinkRow, MachineView, SharedRows } from "@rackwright/db/machine-views";
import type { DocumentKind } from "../../app/machine-documents.ts";
import { HoleFiller, hole, holeWithin, textWithHoles } from "../../http/holes.ts";
import { defaultGateways, domainObject, machineWith, poolObject, type SharedParts, zoneObject } from "./machine.ts";
import type { NetworkView } from "./machine-network.ts";
import { type SharedNetworks, sharedNetworks } from "./network.ts";

type Gateways = Machine["default_gateways"];
type ChoosesFrom = Pick<NetworkView, "row" | "interfaces"> & { links: (readonly [number, readonly LinkRow[]])[] };

const holedNetworks: SharedNetworks = {
  vlan: (id) => hole("vlan", id),
  subnet: (id) => hole("subnet", id),
  mtu: (id) => hole("mtu", id),
};

function holes(v: MachineView): SharedParts {
  const { row } = v;
  return {
    ...holedNetworks,
    domain: hole("domain", row.domain_id),
    fqdn: `${row.hostname}.${holeWithin("domain name", row.domain_id)}`,
    owner: row.owner_id === null ? null : hole("owner", row.owner_id),
    zone: hole("zone", row.zone_id),
    pool: row.pool_id === null ? null : hole("pool", row.pool_id),
    tag_names: v.tagIds.length === 0 ? [] : hole("tags", v.tagIds),
    default_gateways: hole<Gateways>("gateways", choosesFrom(v)),
  };
}

/** Which gateway follows from the subnets, whose gateways and DHCP change. */
function choosesFrom({ row, interfaces, links }: MachineView): ChoosesFrom {
  const linked = interfaces.filter(({ id }) => links.get(id)?.some((link) => link.subnetId !== null));
  return {
    row: {
      boot_interface_id: row.boot_interface_id,
      gateway_link_v4_id: row.gateway_link_v4_id,
      gateway_link_v6_id: row.gateway_link_v6_id,
    },
    interfaces: linked.map(({ id, name, type, mac, enabled, vlan_id }) => ({ id, name, type, mac, enabled, vlan_id })),
    links: linked.map(({ id }) => [id, links.get(id) ?? []] as const),
  };
}

function filler(shared: SharedRows): (text: string) => string {
  const { vlans, subnets } = shared;
  const networks = sharedNetworks(vlans, subnets);
  const names = [...shared.tags];
  const order = new Map(names.map(([id], at) => [id, at]));
  const of = <T>(rows: ReadonlyMap<number, T>, id: number): T => {
    const row = rows.get(id);
    if (row === undefined) throw new Error(`a kept machine refers to ${id}, which is gone`);
    return row;
  };
  const fillers = new HoleFiller({
    vlan: (id: number) => networks.vlan(id),
    subnet: (id: number) => networks.subnet(id),
    mtu: (id: number) => networks.mtu(id),
    domain: (id: number) => domainObject({ domain: of(shared.domains, id) }),
    "domain name": (id: number) => of(shared.domains, id).name,
    owner: (id: number) => of(shared.owners, id),
    zone: (id: number) => zoneObject(of(shared.zones, id)),
    pool: (id: number) => poolObject(of(shared.pools, id)),
    tags: (ids: number[]) =>
      ids
        .map((id) => of(order, id))
        .sort((a, b) => a - b)
        .map((at) => names[at]?.[1]),
    gateways: ({ row, interfaces, links }: ChoosesFrom) =>
      defaultGateways({ row, interfaces, parents: new Map(), links: new Map(links), vlans, subnets }),
  });
  return (text) => fillers.fill(text);
}

/** As it stands in a list. */
export const machineDocument: DocumentKind<MachineView, SharedRows> = {
  name: "machine",
  textOf: (view) => textWithHoles(machineWith(view, holes(view)), 1),
  filler,
};
