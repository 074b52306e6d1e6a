/**
 * A machine through its whole life by API 1.0 alone, seen the same by 2.0 at every step. What the machine is, emulated or of the lab, is the
 * caller's.
 */
import assert from "node:assert/strict";
import { statusCode } from "@rackwright/domain/machine/status";
import { until } from "@rackwright/testkit/until";

export interface OldNode {
  system_id: string;
  hostname: string;
  owner: string | null;
  status: number;
  substatus: number;
  power_state: string;
  macaddress_set: { mac_address: string }[];
  cpu_count: number;
  memory: number;
  storage: number;
  ip_addresses: string[];
  tag_names: string[];
  distro_series: string;
}

/** What 2.0 says of the same machine. */
interface Machine extends Pick<OldNode, "owner" | "status" | "power_state" | "cpu_count" | "memory" | "ip_addresses"> {
  fqdn: string;
  storage: number;
  tag_names: string[];
  distro_series: string;
  status_message: string;
  interface_set: { mac_address: string }[];
}

/** @throws Error with the reply when it is not a success */
export type Call = (method: "GET" | "POST" | "PUT", path: string, form?: Record<string, string>) => Promise<unknown>;

export interface OldLifeOptions {
  /** API 1.0, as an administrator. */
  old: Call;
  /** API 1.0, without credentials. */
  stranger: Call;
  /** API 2.0, to look only. */
  now: Call;
  username: string;
  mac: string;
  /** As 1.0 takes them: power_type, power_parameters_*. */
  power: Record<string, string>;
  userData: string;
  /** For each step. */
  timeoutMs: number;
  everyMs: number;
  say: (line: string) => void;
  /** Fulfilled when the system on its disk has started for the nth time, and can be switched off. */
  started(times: number): Promise<unknown>;
}

/** Codes of `status`; those of `substatus` are 2.0's. */
const NEW = 0;
const COMMISSIONING = 1;
const READY = 4;
const ALLOCATED = 6;
/** Codes of `substatus`: nothing better comes of waiting. */
const FAILED: readonly number[] = [
  statusCode.failed_commissioning,
  statusCode.failed_testing,
  statusCode.failed_deployment,
  statusCode.failed_releasing,
];

export interface OldLife {
  systemId: string;
  /** That it had while it was deployed. */
  address: string;
}

/** Until it is Ready again. */
export async function liveByOldApi(options: OldLifeOptions): Promise<OldLife> {
  const { old, stranger, say } = options;
  const made = (await stranger("POST", "nodes/?op=new", {
    architecture: "amd64/generic",
    mac_addresses: options.mac,
  })) as OldNode;
  const id = made.system_id;
  const step = (what: string, ok: (node: OldNode) => boolean) => agreed(options, id, what, ok);

  assert.equal(made.status, NEW);
  await step("new", (node) => node.status === NEW);
  await old("PUT", `nodes/${id}/`, options.power);
  const begun = (await old("POST", `nodes/${id}/?op=commission`)) as OldNode;
  assert.equal(begun.status, COMMISSIONING);
  const ready = await step("commissioned", (node) => node.status === READY);
  assert.ok(ready.cpu_count > 0 && ready.memory > 0 && ready.storage > 0);
  const results = (await old("GET", `commissioning-results/?op=list&system_id=${id}`)) as { name: string }[];
  assert.ok(results.some((one) => one.name === "maas-lshw"));

  const wanted = { name: ready.hostname.split(".")[0] ?? "", mem: "1", agent_name: "test" };
  const acquired = (await old("POST", "nodes/?op=acquire", wanted)) as OldNode;
  assert.deepEqual([acquired.system_id, acquired.status, acquired.owner], [id, ALLOCATED, options.username]);
  await step("acquired", (node) => node.substatus === statusCode.allocated);
  const allocated = (await old("GET", "nodes/?op=list_allocated")) as OldNode[];
  assert.deepEqual(
    allocated.map((node) => node.system_id),
    [id],
  );

  const user_data = Buffer.from(options.userData).toString("base64");
  const starting = (await old("POST", `nodes/${id}/?op=start`, { user_data })) as OldNode;
  assert.deepEqual([starting.status, starting.substatus], [ALLOCATED, statusCode.deploying]);
  const deployed = await step("started", (node) => node.substatus === statusCode.deployed);
  const address = deployed.ip_addresses.find((one) => !one.includes(":"));
  assert.ok(address, "it has an address");
  await options.started(1);

  await old("POST", `nodes/${id}/?op=stop`);
  const stopped = await step("stopped", (node) => node.power_state === "off");
  assert.deepEqual([stopped.status, stopped.owner], [ALLOCATED, options.username]);
  await old("POST", `nodes/${id}/?op=start`);
  await step("started again", (node) => node.power_state === "on" && node.substatus === statusCode.deployed);
  await options.started(2);

  await old("POST", `nodes/${id}/?op=release`);
  const released = await step("released", (node) => node.status === READY && node.power_state === "off");
  assert.equal(released.owner, null);
  say(`${id} is Ready again`);
  return { systemId: id, address };
}

/** The node by 1.0, once it is so; 2.0's view of it must agree. */
async function agreed(
  { old, now, say, timeoutMs, everyMs }: OldLifeOptions,
  id: string,
  what: string,
  ok: (node: OldNode) => boolean,
): Promise<OldNode> {
  let last: unknown;
  const seen = await until(
    async () => {
      // Twice by 1.0: what changed between the three looks proves nothing.
      const node = (await old("GET", `nodes/${id}/`)) as OldNode;
      const machine = (await now("GET", `machines/${id}/`)) as Machine;
      const again = await old("GET", `nodes/${id}/`);
      last = [node, machine.status, machine.status_message];
      if (ok(node) && JSON.stringify(node) === JSON.stringify(again)) return { node, machine };
      return FAILED.includes(node.substatus) ? { failed: machine.status_message } : undefined;
    },
    { timeoutMs, everyMs, what },
  ).catch((error: unknown) => {
    throw new Error(`${String(error)}: ${JSON.stringify(last)}`, { cause: error });
  });
  if (seen.failed !== undefined) throw new Error(`not ${what}: ${seen.failed}`);
  const { node, machine } = seen;
  assert.deepEqual(
    {
      hostname: node.hostname,
      owner: node.owner,
      status: node.substatus,
      power_state: node.power_state,
      cpu_count: node.cpu_count,
      memory: node.memory,
      storage: node.storage,
      ip_addresses: node.ip_addresses,
      tag_names: node.tag_names,
      distro_series: node.distro_series,
      macs: node.macaddress_set.map((one) => one.mac_address),
    },
    {
      hostname: machine.fqdn,
      owner: machine.owner,
      status: machine.status,
      power_state: machine.power_state,
      cpu_count: machine.cpu_count,
      memory: machine.memory,
      storage: Math.floor(machine.storage),
      ip_addresses: machine.ip_addresses,
      tag_names: machine.tag_names,
      distro_series: machine.distro_series,
      macs: machine.interface_set.map((one) => one.mac_address),
    },
    what,
  );
  say(`${what}: 1.0 says ${node.status}, 2.0 ${machine.status}, power ${node.power_state}`);
  return node;
}
