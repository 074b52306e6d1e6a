/** Networks as the API shows them (reference: objects-2.0.json; traps: client-wire.md "Values that trip a decoder"). */
import type { Fabric, Interface, IPRange, Link, Subnet, VLAN } from "@rackwright/contract/objects/network";
import { API_ROOT } from "@rackwright/contract/table";
import type { InterfaceRow, LinkRow, SubnetRow, VlanView } from "@rackwright/db/machine-views";

export function vlanName(v: Pick<VlanView, "name" | "vid">): string {
  return v.name ?? (v.vid === 0 ? "untagged" : String(v.vid));
}

export function wireVlan(v: VlanView, vlans: ReadonlyMap<number, VlanView>): VLAN {
  const relay = v.relayVlanId === null ? undefined : vlans.get(v.relayVlanId);
  return {
    id: v.id,
    vid: v.vid,
    name: vlanName(v),
    fabric: v.fabricName,
    fabric_id: v.fabricId,
    mtu: v.mtu,
    primary_rack: v.primaryRack,
    secondary_rack: v.secondaryRack,
    dhcp_on: v.dhcpOn,
    external_dhcp: v.externalDhcp,
    relay_vlan: relay ? wireVlan({ ...relay, relayVlanId: null }, vlans) : null,
    space: v.spaceName ?? "undefined",
    resource_uri: `${API_ROOT}/vlans/${v.id}/`,
  };
}

export function wireFabric(
  f: { id: number; name: string | null; class_type: string | null },
  vlans: readonly VlanView[],
  all: ReadonlyMap<number, VlanView>,
): Fabric {
  return {
    id: f.id,
    name: f.name ?? `fabric-${f.id}`,
    class_type: f.class_type,
    vlans: vlans.map((v) => wireVlan(v, all)),
    resource_uri: `${API_ROOT}/fabrics/${f.id}/`,
  };
}

export function wireSubnet(s: SubnetRow, vlans: ReadonlyMap<number, VlanView>): Subnet {
  const vlan = vlans.get(s.vlan_id);
  if (!vlan) throw new Error(`subnet ${s.id} is on a VLAN ${s.vlan_id} that was not loaded`);
  return {
    id: s.id,
    name: s.name,
    description: s.description,
    vlan: wireVlan(vlan, vlans),
    space: vlan.spaceName ?? "undefined",
    cidr: s.cidr,
    gateway_ip: s.gateway_ip,
    dns_servers: s.dns_servers,
    rdns_mode: s.rdns_mode,
    active_discovery: s.active_discovery,
    allow_dns: s.allow_dns,
    allow_proxy: s.allow_proxy,
    managed: s.managed,
    disabled_boot_architectures: s.disabled_boot_architectures,
    resource_uri: `${API_ROOT}/subnets/${s.id}/`,
  };
}

export function wireIpRange(
  r: {
    id: number;
    type: string;
    start_ip: string;
    end_ip: string;
    comment: string | null;
    username: string | null;
    email: string | null;
    is_superuser: boolean | null;
  },
  subnet: Subnet,
): IPRange {
  const user =
    r.username === null
      ? null
      : {
          username: r.username,
          email: r.email ?? "",
          is_local: true,
          is_superuser: r.is_superuser ?? false,
          resource_uri: `${API_ROOT}/users/${r.username}/`,
        };
  return {
    id: r.id,
    type: r.type,
    start_ip: r.start_ip,
    end_ip: r.end_ip,
    comment: r.comment,
    user,
    subnet,
    resource_uri: `${API_ROOT}/ipranges/${r.id}/`,
  };
}

/** Modes of links by how the address is chosen (networking-storage.md section 4). */
export const allocType = { auto: 0, sticky: 1, userReserved: 4, dhcp: 5, discovered: 6 } as const;

function linkMode(link: LinkRow): string {
  if (link.allocType === allocType.auto) return "auto";
  if (link.allocType === allocType.dhcp) return "dhcp";
  return link.ip === null ? "link_up" : "static";
}

export interface InterfaceContext {
  /** null: of no node that is known. */
  systemId: string | null;
  /** All interfaces of the machine. */
  interfaces: readonly InterfaceRow[];
  parents: ReadonlyMap<number, number[]>;
  links: ReadonlyMap<number, LinkRow[]>;
  shared: SharedNetworks;
}

/** What interfaces of many machines show alike. One that came while the rest was read is not known, and is left out. */
export interface SharedNetworks {
  vlan(id: number): VLAN | null;
  subnet(id: number): Subnet | null;
  /** Bytes, of a VLAN. */
  mtu(vlanId: number): number;
}

export function sharedNetworks(
  vlans: ReadonlyMap<number, VlanView>,
  subnets: ReadonlyMap<number, SubnetRow>,
): SharedNetworks {
  return {
    vlan(id) {
      const vlan = vlans.get(id);
      return vlan ? wireVlan(vlan, vlans) : null;
    },
    subnet(id) {
      const subnet = subnets.get(id);
      return subnet ? wireSubnet(subnet, vlans) : null;
    },
    mtu: (id) => vlans.get(id)?.mtu ?? 1500,
  };
}

export function wireInterface(i: InterfaceRow, of: InterfaceContext): Interface {
  const names = (ids: readonly number[]) =>
    of.interfaces
      .filter((other) => ids.includes(other.id))
      .map((other) => other.name)
      .sort();
  // Of its own machine: all that were loaded would be looked through again for each interface.
  const children = of.interfaces.filter((other) => of.parents.get(other.id)?.includes(i.id)).map((other) => other.id);
  const subnetOf = (id: number | null) => (id === null ? null : of.shared.subnet(id));
  const all = of.links.get(i.id) ?? [];
  const observed = all.filter((l) => l.allocType === allocType.discovered && l.ip !== null);
  const { accept_ra, ...stored } = i.params as Record<string, unknown>;
  const params = accept_ra === undefined ? stored : { ...stored, "accept-ra": accept_ra };
  return {
    system_id: of.systemId,
    id: i.id,
    name: i.name,
    type: i.type,
    vlan: i.vlan_id === null ? null : of.shared.vlan(i.vlan_id),
    mac_address: i.mac,
    parents: names(of.parents.get(i.id) ?? []),
    children: names(children),
    tags: i.tags,
    enabled: i.enabled,
    links: all
      .filter((l) => l.allocType !== allocType.discovered)
      .map((l): Link => {
        const subnet = subnetOf(l.subnetId);
        // Absent, not null: gomaasapi refuses null here.
        return {
          id: l.id,
          mode: linkMode(l),
          ...(l.ip === null ? {} : { ip_address: l.ip }),
          ...(subnet ? { subnet } : {}),
        };
      }),
    params: (Object.keys(params).length === 0 && i.type === "physical" ? "" : params) as Interface["params"],
    discovered:
      observed.length === 0 ? null : observed.map((l) => ({ subnet: subnetOf(l.subnetId), ip_address: l.ip ?? "" })),
    effective_mtu: typeof params.mtu === "number" ? params.mtu : i.vlan_id === null ? 1500 : of.shared.mtu(i.vlan_id),
    vendor: i.vendor,
    product: i.product,
    firmware_version: i.firmware_version,
    link_connected: i.link_connected,
    interface_speed: i.interface_speed,
    link_speed: i.link_connected ? i.link_speed : 0,
    numa_node: i.numa_node,
    sriov_max_vf: i.sriov_max_vf,
    resource_uri: `${API_ROOT}/nodes/${of.systemId ?? "None"}/interfaces/${i.id}/`,
  };
}
