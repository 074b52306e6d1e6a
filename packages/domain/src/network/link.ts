/** What a link of an interface to a subnet may be, and what it puts in place of others (reference: networking-storage.md section 5). */
import { allocType } from "../addressing/alloc-type.ts";
import type { Occupancy } from "../addressing/allocate.ts";
import { inCidr, parseCidr, parseIp } from "../addressing/ip.ts";
import { dynamicRangeOf } from "../addressing/kept-ip-rules.ts";
import { DomainError, invalidField } from "../errors.ts";
import type { LinkMode } from "./model.ts";

export const LINK_MODES = ["auto", "dhcp", "static", "link_up"] as const satisfies readonly LinkMode[];

export interface ExistingLink {
  id: number;
  type: number;
  ip: string | null;
  subnetId: number | null;
}

/** Its mode; undefined for what was merely observed. */
export function modeOf(link: Pick<ExistingLink, "type" | "ip">): LinkMode | undefined {
  switch (link.type) {
    case allocType.auto:
      return "auto";
    case allocType.dhcp:
      return "dhcp";
    case allocType.discovered:
      return undefined;
    default:
      return link.ip === null ? "link_up" : "static";
  }
}

export interface LinkRequest {
  mode: LinkMode;
  ip: string | undefined;
  force: boolean;
  defaultGateway: boolean;
  subnet: { cidr: string; vlanId: number; gateway: string | null } | undefined;
}

export interface LinkSurroundings {
  nicName: string;
  nicVlanId: number | null;
  /** Name of the bond that the interface is in. */
  bond: string | undefined;
  links: readonly ExistingLink[];
}

export interface LinkPlan {
  /** Ids of links that go first. */
  clear: number[];
  /** The interface moves to this VLAN. */
  moveTo: number | undefined;
  type: number;
}

/** @throws DomainError invalid_fields */
export function planLink(request: LinkRequest, around: LinkSurroundings): LinkPlan {
  const { mode, subnet, force } = request;
  if (around.bond !== undefined)
    throw invalidField("__all__", `${around.nicName} is in the bond ${around.bond}: link that.`);
  if ((mode === "auto" || mode === "static") && !subnet) throw invalidField("subnet", `Mode ${mode} needs a subnet.`);
  if (request.ip !== undefined && mode !== "static")
    throw invalidField("ip_address", `An address can be given for mode static only, not for ${mode}.`);
  if (request.defaultGateway && (mode === "dhcp" || mode === "link_up" || !subnet?.gateway))
    throw invalidField("default_gateway", "It needs mode auto or static, and a subnet with a gateway.");
  const real = around.links.filter((link) => modeOf(link) !== undefined && modeOf(link) !== "link_up");
  if (mode === "link_up" && real.length > 0 && !force)
    throw invalidField("mode", `${around.nicName} has other links: unlink them, or give force=true to remove them.`);
  if (mode === "dhcp" && !force && real.some((link) => modeOf(link) === "dhcp"))
    throw invalidField("mode", `${around.nicName} has a DHCP link already: it can have one.`);
  const moves = subnet !== undefined && subnet.vlanId !== around.nicVlanId;
  if (moves && around.nicVlanId !== null && !force)
    throw invalidField(
      "subnet",
      `${subnet.cidr} is not on the VLAN of ${around.nicName}: choose another, or give force=true to move the interface.`,
    );
  return {
    clear: cleared(request, around.links).map((link) => link.id),
    moveTo: moves ? subnet.vlanId : undefined,
    type: mode === "auto" ? allocType.auto : mode === "dhcp" ? allocType.dhcp : allocType.sticky,
  };
}

function cleared({ mode, force }: LinkRequest, links: readonly ExistingLink[]): ExistingLink[] {
  const own = links.filter((link) => modeOf(link) !== undefined);
  if (force || mode === "link_up") return own;
  return own.filter((link) => modeOf(link) === "link_up" || (mode !== "dhcp" && modeOf(link) === "dhcp"));
}

export interface AddressRefusals {
  /** Where the address is not in the subnet. */
  outside: "invalid_fields" | "not_found";
  field: string;
}

/**
 * Why an interface cannot have just this address.
 * @param mac the interface's
 * @throws DomainError invalid_fields or not_found (outside), forbidden (a dynamic range), conflict (somebody else's)
 */
export function checkWantedAddress(
  address: string,
  mac: string | null,
  subnet: Occupancy,
  { outside, field }: AddressRefusals,
): void {
  const [ip, cidr] = [parseIp(address), parseCidr(subnet.cidr)];
  if (!ip) throw invalidField(field, `"${address}" is no IP address.`);
  if (!cidr) throw new Error(`a subnet has the CIDR ${subnet.cidr}, which is none`);
  if (!inCidr(ip, cidr)) {
    const message = `${address} is not inside of the subnet ${subnet.cidr}.`;
    throw outside === "not_found" ? new DomainError("not_found", message) : invalidField(field, message);
  }
  const unusable =
    cidr.family === 4
      ? cidr.prefix < 31 && (ip.value === cidr.first || ip.value === cidr.last)
      : cidr.prefix <= 126 && ip.value === cidr.first;
  if (unusable) throw invalidField(field, `${address} is the network, broadcast or anycast address of ${subnet.cidr}.`);
  const range = dynamicRangeOf(address, subnet);
  if (range)
    throw new DomainError(
      "forbidden",
      `${address} is in the dynamic range ${range.start} to ${range.end}: choose one outside of it.`,
    );
  if (subnet.allocated.includes(address)) throw new DomainError("conflict", `${address} is in use already.`);
  const kept = subnet.kept ?? [];
  const own = kept.find((each) => each.mac === mac);
  if (own && own.ip !== address)
    throw new DomainError(
      "conflict",
      `${own.ip} is reserved for ${mac} in ${subnet.cidr}: use it, or delete the reserved IP.`,
    );
  const other = kept.find((each) => each.ip === address && each.mac !== mac);
  if (other) throw new DomainError("conflict", `${address} is reserved for ${other.mac}.`);
}
