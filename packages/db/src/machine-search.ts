/** Which machines: filters of lists and constraints of allocate, as one SQL condition (reference: lifecycle.md section 9.1). */
import { asksForParts, type Fit, parseParts, type Parts } from "@rackwright/domain/allocation/fit";
import { DomainError, type FieldMessages } from "@rackwright/domain/errors";
import {
  type MachineStatus,
  machineStatuses,
  simpleStatus,
  simpleStatuses,
  statusCode,
} from "@rackwright/domain/machine/status";
import { type Kysely, type RawBuilder, sql } from "kysely";
import type { Tx } from "./connect.ts";
import { type Condition, either, has, hasDevice, Messages, onNetwork, subnetIs, vlanIs } from "./machine-conditions.ts";
import { fittingMachines } from "./machine-parts.ts";
import { unnamed } from "./naming-client.ts";
import type { Schema } from "./schema.ts";

/** Names as the API has them; each with its values. Empty lists and undefined do not narrow. */
export type MachineCriteria = Record<string, string | readonly string[] | undefined>;

/** A condition that must not hold has the name with not_ before it, or not_in_. */
interface Criterion {
  condition: (values: readonly string[], fields: Messages) => Condition;
  /** All values must hold, each by itself (tags); else any of them. */
  each?: boolean;
}

const texts = (values: readonly string[]) => sql`any(${values}::text[])`;
const lowered = (values: readonly string[]) => texts(values.map((v) => v.toLowerCase()));

function atLeast(column: RawBuilder<number>): Criterion {
  return {
    condition: (values, messages) => {
      const number = Number(values.at(-1));
      if (!Number.isFinite(number) || number < 0) messages.add(`Invalid number: ${values.at(-1)}`);
      // As float8: whoever asks for more than an integer holds gets no match, not an error.
      return sql<boolean>`${column} >= ${Number.isFinite(number) ? number : 0}::float8`;
    },
  };
}

const STATUS_WORDS: Record<string, MachineStatus> = Object.fromEntries(machineStatuses.map((s) => [s, s]));

const DEPLOYMENT_TARGETS = ["memory", "disk"];
const noneOf = (word: string, words: readonly string[]) => `"${word}" is not one of ${words.join(", ")}.`;

const fabricNames = sql`select coalesce(f.name, 'fabric-' || f.id) from fabric f where f.id = v.fabric_id`;

const onVmHost = (where: Condition) =>
  sql<boolean>`exists (select from virtual_machine vm join vm_host h on h.id = vm.vm_host_id where vm.node_id = node.id and ${where})`;

/** By the name without its not_; what lists and allocate have in common. */
const criteria: Record<string, Criterion> = {
  hostname: { condition: (v) => sql<boolean>`lower(node.hostname) = ${lowered(v)}` },
  name: {
    condition: (v) =>
      sql<boolean>`(lower(node.hostname) = ${lowered(v)} or lower(node.hostname || '.' || (select d.name from domain d where d.id = node.domain_id)) = ${lowered(v)})`,
  },
  id: { condition: (v) => sql<boolean>`node.system_id = ${texts(v)}` },
  system_id: { condition: (v) => sql<boolean>`node.system_id = ${texts(v)}` },
  mac_address: {
    condition: (v, messages) => {
      const macs = v.map((m) => m.toLowerCase().replaceAll("-", ":"));
      for (const mac of macs)
        if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(mac)) messages.add(`Invalid MAC address: ${mac}`);
      return has.interface(sql<boolean>`text(i.mac) = ${texts(macs)}`);
    },
  },
  domain: { condition: (v) => sql<boolean>`(select d.name from domain d where d.id = node.domain_id) = ${texts(v)}` },
  zone: { condition: (v) => sql<boolean>`(select z.name from zone z where z.id = node.zone_id) = ${texts(v)}` },
  pool: {
    condition: (v) => sql<boolean>`(select p.name from resource_pool p where p.id = node.pool_id) = ${texts(v)}`,
  },
  agent_name: { condition: (v) => sql<boolean>`node.agent_name = ${texts(v)}` },
  owner: {
    condition: (v) => sql<boolean>`(select u.username from app_user u where u.id = node.owner_id) = ${texts(v)}`,
  },
  power_state: { condition: (v) => sql<boolean>`node.power_state = ${lowered(v)}` },
  status: {
    condition: (v, messages) => {
      const codes = v.flatMap((word) => {
        const status = STATUS_WORDS[word.toLowerCase()];
        if (status === undefined) messages.add(`"${word}" is no status: use one of ${machineStatuses.join(", ")}.`);
        return status === undefined ? [] : [statusCode[status]];
      });
      return sql<boolean>`node.status = any(${codes}::smallint[])`;
    },
  },
  simple_status: {
    condition: (v, messages) => {
      const words = v.map((word) => word.toLowerCase());
      for (const word of words) if (!simpleStatuses.includes(word)) messages.add(noneOf(word, simpleStatuses));
      const codes = machineStatuses.filter((s) => words.includes(simpleStatus(s))).map((s) => statusCode[s]);
      return sql<boolean>`node.status = any(${codes}::smallint[])`;
    },
  },
  deployment_target: {
    condition: (v, messages) => {
      const words = v.map((word) => word.toLowerCase());
      for (const word of words) if (!DEPLOYMENT_TARGETS.includes(word)) messages.add(noneOf(word, DEPLOYMENT_TARGETS));
      return sql<boolean>`(case when node.ephemeral_deploy then 'memory' else 'disk' end) = ${texts(words)}`;
    },
  },
  pod: { condition: (v) => onVmHost(sql<boolean>`h.name = ${texts(v)}`) },
  pod_type: { condition: (v) => onVmHost(sql<boolean>`h.type = ${lowered(v)}`) },
  devices: { condition: (v, messages) => either(v.map((text) => hasDevice(text, messages))) },
  arch: {
    condition: (v) =>
      either(
        v.map((a) =>
          a.includes("/")
            ? sql<boolean>`node.architecture = ${a}`
            : sql<boolean>`split_part(node.architecture, '/', 1) = ${a === "arm" ? "armhf" : a}`,
        ),
      ),
  },
  cpu_count: atLeast(sql<number>`node.cpu_count`),
  cpu_speed: atLeast(sql<number>`node.cpu_speed`),
  mem: atLeast(sql<number>`node.memory_mib`),
  tags: {
    each: true,
    condition: (v) =>
      sql<boolean>`exists (select from node_tag nt join tag t on t.id = nt.tag_id where nt.node_id = node.id and t.name = ${texts(v)})`,
  },
  fabrics: {
    condition: (v) => has.interface(sql<boolean>`((${fabricNames}) = ${texts(v)} or text(v.fabric_id) = ${texts(v)})`),
  },
  fabric_classes: {
    condition: (v) =>
      has.interface(sql<boolean>`(select f.class_type from fabric f where f.id = v.fabric_id) = ${texts(v)}`),
  },
  vlans: { each: true, condition: (v, messages) => has.interface(either(v.map((t) => vlanIs(t, messages)))) },
  subnets: { each: true, condition: (v, messages) => has.link(either(v.map((t) => subnetIs(t, messages)))) },
  // API 1.0: routers by their MAC addresses, and subnets by their ids, which an interface may be on without a link.
  connected_to: { each: true, condition: (v) => sql<boolean>`node.routers @> ${v}::text[]` },
  networks: { each: true, condition: (v, messages) => onNetwork(v, messages) },
  link_speed: { condition: (v, messages) => has.interface(atLeast(sql<number>`i.link_speed`).condition(v, messages)) },
};

/** The bare name of a criterion, and whether it is a not_ one. */
function parseName(name: string): { base: string; negated: boolean } {
  if (name.startsWith("not_in_")) return { base: name.slice(7), negated: true };
  return name.startsWith("not_") ? { base: name.slice(4), negated: true } : { base: name, negated: false };
}

/**
 * @throws DomainError invalid_fields for a name or value that makes no sense
 */
export function satisfies(wanted: MachineCriteria): Condition {
  const fields: FieldMessages = {};
  const conditions: Condition[] = [];
  for (const [name, given] of Object.entries(wanted)) {
    const values = given === undefined ? [] : typeof given === "string" ? [given] : given;
    if (values.length === 0) continue;
    const { base, negated } = parseName(name);
    const criterion = criteria[base];
    if (!criterion) {
      fields[name] = ["No such constraint."];
      continue;
    }
    const messages = new Messages(name, fields);
    const parts = criterion.each
      ? values.map((v) => criterion.condition([v], messages))
      : [criterion.condition(values, messages)];
    conditions.push(...parts.map((part) => (negated ? sql<boolean>`not coalesce(${part}, false)` : part)));
  }
  const first = Object.entries(fields)[0];
  if (first) throw new DomainError("invalid_fields", `${first[0]}: ${first[1][0]}`, { fields });
  return conditions.length === 0 ? sql<boolean>`true` : sql<boolean>`${sql.join(conditions, sql` and `)}`;
}

export interface SearchOptions {
  criteria: MachineCriteria;
  /** null: sees all; else only unowned machines and this user's. */
  visibleTo: number | null;
  nodeTypes: readonly number[];
  /** Only machines allocated with this API key. */
  allocatedToken?: string;
}

/** What SQL decides, and what is looked at machine by machine. @throws DomainError invalid_fields */
function divide({ storage, interfaces, ...criteria }: MachineCriteria): { criteria: MachineCriteria; parts: Parts } {
  const text = (given: MachineCriteria[string]) => (typeof given === "string" ? given : given?.at(-1));
  return { criteria, parts: parseParts({ storage: text(storage), interfaces: text(interfaces) }) };
}

/** Ids of the nodes that match, oldest first. */
export async function searchNodeIds(db: Kysely<Schema>, options: SearchOptions): Promise<number[]> {
  const { criteria, parts } = divide(options.criteria);
  let query = db
    .selectFrom("node")
    .select("node.id")
    .where("node.node_type", "=", sql<number>`any(${options.nodeTypes}::smallint[])`)
    .where(satisfies(criteria))
    .orderBy("node.id");
  const { visibleTo } = options;
  if (visibleTo !== null)
    query = query.where((eb) =>
      eb.or([eb("node_type", "<>", 0), eb("owner_id", "is", null), eb("owner_id", "=", visibleTo)]),
    );
  if (options.allocatedToken !== undefined) query = query.where("allocated_token", "=", options.allocatedToken);
  const rows = await query.modifyEnd(unnamed).execute();
  const ids = rows.map((r) => r.id);
  return [...(await fittingMachines(db, ids, parts)).keys()];
}

/**
 * Lock one Ready machine that satisfies the criteria, the cheapest first (lifecycle.md section 9). Racing callers each get a different one:
 * rows being taken are passed over. When nothing is left but rows that somebody holds, one of them is waited for, since that may be a
 * heartbeat and not a rival; when a rival took it, the search begins again.
 * @returns its id, and which disks and interfaces meet what was asked; undefined when there is none
 */
export async function lockAllocatable(
  tx: Tx,
  wanted: MachineCriteria,
  userId: number | null,
): Promise<{ id: number; fit: Fit } | undefined> {
  const { criteria, parts } = divide(wanted);
  const all = tx
    .selectFrom("node")
    .select("node.id")
    .where("node.node_type", "=", 0)
    .where("node.status", "=", statusCode.ready)
    .where("node.locked", "=", false)
    .where((eb) => (userId === null ? eb.val(true) : eb.or([eb("owner_id", "is", null), eb("owner_id", "=", userId)])))
    .where(satisfies(criteria))
    .orderBy(sql`node.cpu_count + node.memory_mib / 1024.0`)
    .orderBy("node.id")
    .modifyEnd(unnamed);
  const fits = asksForParts(parts)
    ? await fittingMachines(
        tx,
        (await all.execute()).map((r) => r.id),
        parts,
      )
    : undefined;
  const query = fits ? all.where("node.id", "=", sql<number>`any(${[...fits.keys()]}::bigint[])`) : all;
  const one = query.limit(1);
  const found = ({ id }: { id: number }) => ({ id, fit: fits?.get(id) ?? {} });
  for (;;) {
    const free = await one.forUpdate("node").skipLocked().executeTakeFirst();
    if (free) return found(free);
    // Each statement sees what was committed before it: nothing here means that nothing matches any more.
    if (!(await one.executeTakeFirst())) return undefined;
    const waited = await one.forUpdate("node").executeTakeFirst();
    if (waited) return found(waited);
  }
}
