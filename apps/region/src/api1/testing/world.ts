/** A region as tests of API 1.0 see it: callers of each kind, a cluster, and machines in any status. */
import assert from "node:assert/strict";
import type { MachineStatus } from "@rackwright/domain/machine/status";
import { startChassisWorkflow } from "../../app/chassis.ts";
import { startTagEvaluation } from "../../app/tag-evaluation.ts";
import type { Token } from "../../auth/tokens.ts";
import { type AddedMachine, addImage, addMachine } from "../../testing/machines.ts";
import { type TestRegion, type TestUser, testRegion } from "../../testing/region.ts";
import { addVmHost, type FakeVmHost } from "../../testing/vm-hosts.ts";
import type { FilePart, RequestOptions, Values } from "../../testing/request.ts";

// oxlint-disable-next-line typescript/no-explicit-any
export type Json = any;

export interface Answer {
  status: number;
  text: string;
  /** undefined where the body is no JSON. */
  json: Json;
  bytes: Buffer;
  headers: Record<string, string | undefined>;
}

type Parts = Record<string, string | FilePart>;

export interface Client {
  get(path: string, query?: Values): Promise<Answer>;
  post(path: string, form?: Values): Promise<Answer>;
  put(path: string, form?: Values): Promise<Answer>;
  del(path: string): Promise<Answer>;
  upload(method: "POST" | "PUT", path: string, parts: Parts): Promise<Answer>;
  ask(method: string, path: string, options?: RequestOptions): Promise<Answer>;
}

export interface World {
  t: TestRegion;
  admin: Client;
  user: Client;
  other: Client;
  nobody: Client;
  /** The worker of the first cluster, and of another one. */
  worker: Client;
  stranger: Client;
  /** Path of the first cluster and of the other one: nodegroups/UUID/ */
  cluster: string;
  elsewhere: string;
  uuid: string;
  rack: { id: number; systemId: string };
  /** A hypervisor that the first cluster's rack reaches. */
  hypervisor: FakeVmHost;
  /** A client that signs with this key. */
  as(token: Token): Client;
  /** The same by API 2.0, as administrator. */
  admin2(method: string, path: string, options?: RequestOptions): Promise<Answer>;
  machine(status: MachineStatus, columns?: Record<string, unknown>): Promise<AddedMachine>;
  /** A Ready one with a disk that a system can be put on. */
  deployable(): Promise<AddedMachine>;
  /** A word that no other row uses. */
  word(prefix?: string): string;
  /** A /24 that no other row uses, by its first three numbers. */
  net(): string;
  mac(): string;
}

const parsed = (text: string): Json => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

function client(t: TestRegion, who: TestUser | Token | null, root = "/MAAS/api/1.0/"): Client {
  const ask = async (method: string, path: string, options: RequestOptions = {}): Promise<Answer> => {
    const { status, text, bytes, headers } = await t.request(who, method, `${root}${path}`, options);
    return { status, text, bytes, headers, json: parsed(text) };
  };
  return {
    ask,
    get: (path, query) => ask("GET", path, query ? { query } : {}),
    post: (path, form = {}) => ask("POST", path, { form }),
    put: (path, form = {}) => ask("PUT", path, { form }),
    del: (path) => ask("DELETE", path),
    upload: (method, path, multipart) => ask(method, path, { multipart }),
  };
}

/** The answer, when it has this status. */
export function is(answer: Answer, status: number): Answer {
  assert.equal(answer.status, status, answer.text.slice(0, 300));
  return answer;
}

/** A refusal with messages of just these fields. */
export function refuses(answer: Answer, ...fields: string[]): void {
  is(answer, 400);
  assert.deepEqual(Object.keys(answer.json ?? {}).toSorted(), fields.toSorted(), answer.text.slice(0, 300));
}

/** A refusal in words. */
export function refusesInText(answer: Answer): void {
  is(answer, 400);
  assert.match(answer.headers["content-type"] ?? "", /^text\/plain/);
  assert.notEqual(answer.text.trim(), "");
}

export const keysOf = (value: object): string[] => Object.keys(value).toSorted();

async function addRack(t: TestRegion, name: string): Promise<{ id: number; systemId: string }> {
  const systemId = `rack-${name}`;
  const { kysely } = t.db;
  const { id } = await kysely
    .insertInto("node")
    .values({ system_id: systemId, hostname: systemId, node_type: 2, status: 6 })
    .returning("id")
    .executeTakeFirstOrThrow();
  await kysely.insertInto("interface").values({ node_id: id, name: "eth0", vlan_id: 1 }).execute();
  t.racks.connect({ nodeId: id, systemId, hostname: systemId });
  return { id, systemId };
}

/** What deployed machines have their addresses of. */
const SUBNET = "172.20.0.0/16";

/** What the worker of a cluster signs with. */
export async function tokenOf({ admin }: Pick<World, "admin">, uuid: string): Promise<Token> {
  const { json } = is(await admin.post(`nodegroups/${uuid}/?op=worker_key`), 200);
  return { consumerKey: json.consumer_key, tokenKey: json.token_key, tokenSecret: json.token_secret, name: "" };
}

/** As if its commissioning had passed: released, it is Ready again. */
async function commissioned(t: TestRegion, nodeId: number): Promise<void> {
  const { kysely } = t.db;
  const set = await kysely
    .insertInto("script_set")
    .values({ node_id: nodeId, result_type: 0 })
    .returning("id")
    .executeTakeFirstOrThrow();
  const empty = Buffer.from("");
  await kysely
    .insertInto("script_result")
    .values({ set_id: set.id, name: "any", status: 2, exit_status: 0, stdout: empty, stderr: empty, output: empty })
    .execute();
  await kysely.updateTable("node").set({ commissioning_set_id: set.id }).where("id", "=", nodeId).execute();
}

export async function world(): Promise<World> {
  const t = await testRegion();
  await startTagEvaluation(t.region);
  await addImage(t);
  const rack = await addRack(t, "one");
  await addRack(t, "two");
  t.racks.answer("syncImages", () => null);
  const hypervisor = addVmHost(t, rack.id);
  await startChassisWorkflow(t.region);
  const admin = client(t, t.admin);
  is(await client(t, t.admin, "/MAAS/api/2.0/").post("subnets/", { cidr: SUBNET }), 200);
  const clusters = is(await admin.get("nodegroups/?op=list"), 200).json as { uuid: string }[];
  const [uuid = "", otherUuid = ""] = clusters.map((cluster) => cluster.uuid);
  const key = (of: string) => tokenOf({ admin }, of);
  let count = 0;
  const next = () => (count += 1);
  return {
    t,
    admin,
    user: client(t, t.user),
    other: client(t, t.other),
    nobody: client(t, null),
    worker: client(t, await key(uuid)),
    stranger: client(t, await key(otherUuid)),
    cluster: `nodegroups/${uuid}/`,
    elsewhere: `nodegroups/${otherUuid}/`,
    uuid,
    rack,
    hypervisor,
    as: (token) => client(t, token),
    admin2: (method, path, options) => client(t, t.admin, "/MAAS/api/2.0/").ask(method, path, options),
    machine: (status, columns) => addMachine(t, status, columns),
    async deployable() {
      const machine = await addMachine(t, "ready");
      await commissioned(t, machine.id);
      await t.db.kysely
        .insertInto("block_device")
        .values({ node_id: machine.id, name: "sda", size_bytes: 20 * 2 ** 30, block_size_bytes: 512 })
        .execute();
      const second = client(t, t.admin, "/MAAS/api/2.0/");
      const path = `machines/${machine.systemId}/?op=set_storage_layout`;
      is(await second.post(path, { storage_layout: "flat" }), 200);
      const link = `nodes/${machine.systemId}/interfaces/eth0/?op=link_subnet`;
      is(await second.post(link, { mode: "auto", subnet: SUBNET }), 200);
      return machine;
    },
    word: (prefix = "w") => `${prefix}${next()}`,
    net: () => `10.${100 + Math.floor(next() / 200)}.${next() % 250}`,
    mac: () =>
      `02:00:5e:00:${(next() >> 8).toString(16).padStart(2, "0")}:${(count & 255).toString(16).padStart(2, "0")}`,
  };
}

/**
 * A line of the list of what API 1.0 has to do: its id there, what is asked, what is expected, and how it is seen. What is not met, and why,
 * is what the check resolves to.
 */
export type Row = readonly [
  id: string,
  asked: string,
  expected: string,
  check: (w: World) => Promise<void | { notMet: string }>,
];
