/** Subnets and VLANs as callers name them, or the refusal that says what is wrong with the name. */
import type { Tx } from "@rackwright/db/connect";
import type { SubnetRow } from "@rackwright/db/machine-views";
import { findSubnet, subnetsNamed, vlansNamed } from "@rackwright/db/network-find";
import { subnetOfAddress, type VlanRow } from "@rackwright/db/networks";
import { parseIp } from "@rackwright/domain/addressing/ip";
import { DomainError, invalidField } from "@rackwright/domain/errors";
import type { Region } from "../context.ts";

export type Db = Region["db"]["kysely"] | Tx;

/** Of a path. @throws DomainError not_found, bad_request when several are meant */
export async function subnetOf(db: Db, word: string): Promise<SubnetRow> {
  const [subnet, second] = await subnetsNamed(db, word);
  if (!subnet) throw new DomainError("not_found", `There is no subnet '${word}'.`);
  if (second && isGroup(word))
    throw new DomainError(
      "bad_request",
      `'${word}' names several subnets, ${subnet.cidr} and ${second.cidr} among them.`,
    );
  return subnet;
}

/** Of a parameter. @throws DomainError invalid_fields */
export async function subnetGiven(db: Db, word: string, field = "subnet"): Promise<SubnetRow> {
  const [subnet, second] = await subnetsNamed(db, word);
  if (!subnet) throw invalidField(field, `There is no subnet '${word}'.`);
  if (second && isGroup(word))
    throw invalidField(field, `'${word}' names several subnets, ${subnet.cidr} and ${second.cidr} among them.`);
  return subnet;
}

/** Of a parameter. @throws DomainError invalid_fields */
export async function vlanGiven(db: Db, word: string, field = "vlan"): Promise<VlanRow> {
  const [vlan, second] = await vlansNamed(db, word);
  if (!vlan) throw invalidField(field, `There is no VLAN '${word}': give its id, or fabric:NAME,vid:TAG.`);
  if (second) throw invalidField(field, `'${word}' names several VLANs: give an id, or fabric:NAME,vid:TAG.`);
  return vlan;
}

/** What it names are properties that several may have; of one name or address the first is meant. */
const isGroup = (word: string): boolean => /^(fabric|space|vid|vlan):/.test(word);

/** The subnet that is named, or the best one that holds an address. @throws DomainError invalid_fields */
export async function subnetFor(
  db: Db,
  word: string | undefined,
  address: { field: string; text: string },
): Promise<SubnetRow> {
  if (word) return subnetGiven(db, word);
  const ip = address.text.trim();
  if (!parseIp(ip)) throw invalidField(address.field, `"${address.text}" is no IP address.`);
  const subnet = await subnetOfAddress(db, ip);
  if (!subnet) throw invalidField("subnet", `No subnet holds ${ip}: create it first, or name another.`);
  return subnet;
}

/** By the id that a row refers to. */
export async function subnetById(db: Db, id: number): Promise<SubnetRow> {
  const subnet = await findSubnet(db, String(id));
  if (!subnet) throw new Error(`subnet ${id} is referred to and not there`);
  return subnet;
}
