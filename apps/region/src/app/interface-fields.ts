/** What callers state of an interface, found in the database and checked. */
import type { Tx } from "@rackwright/db/connect";
import { physicalHolder } from "@rackwright/db/interfaces";
import { DomainError, invalidField } from "@rackwright/domain/errors";
import { parseMac } from "@rackwright/domain/machine/names";
import type { Nic, NicProblem } from "@rackwright/domain/network/nic";
import { type GivenParams, linkFactsProblem } from "@rackwright/domain/network/nic-params";
import type { AssignFields } from "./interface-assign.ts";
import { vlanGiven } from "./named.ts";

/** undefined stays as it is. */
export interface InterfaceFields extends GivenParams, AssignFields {
  name?: string | undefined;
  mac_address?: string | undefined;
  /** Empty: none. */
  vlan?: string | undefined;
  parents?: string[] | undefined;
  parent?: string | undefined;
  tags?: string[] | undefined;
  link_connected?: boolean | undefined;
  interface_speed?: number | undefined;
  link_speed?: number | undefined;
  enabled?: boolean | undefined;
  numa_node?: number | undefined;
}

export function refuse(problem: NicProblem | undefined): void {
  if (problem) throw invalidField(problem.field, problem.message);
}

/** Id of the VLAN; null for none, undefined when nothing is said of it. */
export async function wantedVlan(tx: Tx, word: string | undefined): Promise<number | null | undefined> {
  if (word === undefined) return undefined;
  return word.trim() === "" ? null : (await vlanGiven(tx, word.trim())).id;
}

export function wantedParents(nics: readonly Nic[], words: readonly string[], field: "parents" | "parent"): Nic[] {
  return [...new Set(words)].map((word) => {
    const found = nics.find((nic) => String(nic.id) === word) ?? nics.find((nic) => nic.name === word);
    if (!found) throw invalidField(field, `The node has no interface '${word}'.`);
    return found;
  });
}

/** The one parent of a bridge or VLAN interface. @throws DomainError invalid_fields */
export function onlyParent(nics: readonly Nic[], fields: Pick<InterfaceFields, "parent" | "parents">): Nic[] {
  const words = fields.parent ? [fields.parent] : (fields.parents ?? []);
  if (words.length === 0) throw invalidField("parent", "This field is required.");
  return wantedParents(nics, words, "parent");
}

/** A MAC address that no physical interface has, except this one. @throws DomainError invalid_fields */
export async function freeMac(tx: Tx, text: string, exceptId: number | null): Promise<string> {
  const mac = parseMac(text);
  if (mac === undefined) throw invalidField("mac_address", `"${text}" is no MAC address.`);
  const holder = await physicalHolder(tx, mac, exceptId);
  if (holder) throw invalidField("mac_address", `${mac} is in use by ${holder.name} of ${holder.systemId} already.`);
  return mac;
}

/** MAC address of a bond, bridge or VLAN interface: a parent's, or one that is nobody's. */
export async function virtualMac(
  tx: Tx,
  text: string | undefined,
  parents: readonly Nic[],
  ownId: number | null,
): Promise<string | null> {
  if (!text) return parents[0]?.mac ?? null;
  const mac = parseMac(text);
  return parents.some((parent) => parent.mac === mac) && mac !== undefined ? mac : freeMac(tx, text, ownId);
}

/** @throws DomainError invalid_fields */
export function linkFacts(
  stored: Pick<Nic, "linkConnected" | "linkSpeed" | "interfaceSpeed">,
  fields: InterfaceFields,
) {
  const linkConnected = fields.link_connected ?? stored.linkConnected;
  const facts = {
    linkConnected,
    // A link that is said to be gone has no speed any more.
    linkSpeed: fields.link_speed ?? (linkConnected ? stored.linkSpeed : 0),
    interfaceSpeed: fields.interface_speed ?? stored.interfaceSpeed,
  };
  refuse(linkFactsProblem(facts));
  return { link_connected: facts.linkConnected, link_speed: facts.linkSpeed, interface_speed: facts.interfaceSpeed };
}

export const UNPLUGGED_FACTS = { linkConnected: true, linkSpeed: 0, interfaceSpeed: 0 } as const;

export function cleanTags(tags: readonly string[] | undefined): string[] {
  const clean = [...new Set(tags)];
  const long = clean.find((tag) => tag.length > 256);
  if (long !== undefined)
    throw new DomainError("invalid_fields", "tags: too long", {
      fields: { tags: ["A tag has at most 256 characters."] },
    });
  return clean;
}
