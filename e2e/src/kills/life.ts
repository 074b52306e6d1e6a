/** One machine's life, as a user's program drives it: enlist, commission, test, allocate, deploy, release. */
import type { Bmc } from "./bmcs.ts";
import type { Client, MachineView } from "./client.ts";
import type { Follower } from "./follower.ts";
import type { Wish } from "./power-journal.ts";

/** A wish that was not fulfilled. */
export class Unfulfilled extends Error {
  readonly kind: "lost" | "stuck" | "failed";
  /** Whose timeline tells more. */
  readonly systemId: string | undefined;
  constructor(kind: "lost" | "stuck" | "failed", message: string, systemId?: string) {
    super(message);
    this.kind = kind;
    this.systemId = systemId;
  }
}

export const phases: Readonly<Record<string, Wish>> = {
  enlist: "nothing",
  commission: "cycle",
  test: "cycle",
  allocate: "nothing",
  deploy: "cycle",
  release: "off",
  "": "nothing",
};

export interface Life {
  client: Client;
  follower: Follower;
  bmc: Bmc;
  /** A phase that takes longer is stuck. */
  limitMs: number;
  /** Addresses that machines hold, as they were told; by whom. */
  held: Map<string, string>;
  /** Addresses that two machines held at once. */
  onDuplicate(text: string): void;
}

export async function live(life: Life): Promise<void> {
  const { client, bmc, held } = life;
  const { mac } = bmc.machine;
  const phase = async (name: string, work: () => Promise<unknown>) => {
    bmc.phase = name;
    if (bmc.state === "on") bmc.foundOn.add(name);
    await work();
  };
  let id = "";
  await phase("enlist", async () => {
    bmc.press();
    id = await enlisted(life);
    await client.ask("PUT", `machines/${id}/`, {
      power_type: "webhook",
      power_parameters_power_on_uri: `${bmc.url}/on`,
      power_parameters_power_off_uri: `${bmc.url}/off`,
      power_parameters_power_query_uri: `${bmc.url}/state`,
    });
  });
  await phase("commission", async () => {
    await client.act(id, `machines/${id}/?op=commission`);
    await reach(life, id, "Ready");
  });
  await phase("test", async () => {
    await client.act(id, `machines/${id}/?op=test`);
    await reach(life, id, "Ready");
  });
  await phase("allocate", async () => {
    await client.act(id, "machines/?op=allocate", { system_id: id });
    await reach(life, id, "Allocated");
  });
  let addresses: string[] = [];
  await phase("deploy", async () => {
    await client.act(id, `machines/${id}/?op=deploy`);
    const { ip_addresses } = await reach(life, id, "Deployed");
    addresses = ip_addresses;
    for (const address of addresses) {
      const other = held.get(address);
      if (other !== undefined) life.onDuplicate(`${address} is given to ${mac} while ${other} has it`);
      if (bmc.machine.disk?.network.includes(`${address}/`) === false)
        life.onDuplicate(`${mac} was told other addresses than ${address}, which the region says`);
      held.set(address, mac);
    }
    if (addresses.length === 0) throw new Unfulfilled("failed", `${mac} is deployed without an address`);
  });
  await phase("release", async () => {
    // Somebody else may get them before we hear that it was released.
    for (const address of addresses) held.delete(address);
    await client.act(id, `machines/${id}/?op=release`);
    await reach(life, id, "Ready");
  });
  bmc.phase = "";
}

async function enlisted({ client, follower, bmc, limitMs }: Life): Promise<string> {
  const { mac } = bmc.machine;
  const until = performance.now() + limitMs;
  for (;;) {
    const [found] = await client.ask<MachineView[]>("GET", `machines/?mac_address=${encodeURIComponent(mac)}`);
    if (found?.status_name === "New" && bmc.machine.doing === "off") return found.system_id;
    if (found?.status_name.toLowerCase().includes("failed")) throw failed(found, bmc);
    if (performance.now() > until) throw found ? stuck(found, bmc) : lost(bmc);
    await follower.anything(2000);
  }
}

async function reach({ client, follower, bmc, limitMs }: Life, id: string, status: string): Promise<MachineView> {
  const until = performance.now() + limitMs;
  for (;;) {
    const machine = await client.machine(id);
    if (machine.status_name === status) return machine;
    if (machine.status_name.toLowerCase().includes("failed")) throw failed(machine, bmc);
    if (performance.now() > until) throw stuck(machine, bmc);
    await follower.changed(id, 2000);
  }
}

const lost = (bmc: Bmc) =>
  new Unfulfilled("lost", `${bmc.machine.mac}: the region does not know it; it is at: ${bmc.machine.doing}`);
const failed = (machine: MachineView, bmc: Bmc) =>
  new Unfulfilled(
    "failed",
    `${machine.system_id} (${bmc.phase}): ${machine.status_name}: ${machine.error_description || machine.status_message}; it is at: ${bmc.machine.doing}`,
    machine.system_id,
  );
const stuck = (machine: MachineView, bmc: Bmc) =>
  new Unfulfilled(
    "stuck",
    `${machine.system_id} (${bmc.phase}): ${machine.status_name} since ${machine.status_since}, waits for ${machine.waiting_for}; it is at: ${bmc.machine.doing}`,
    machine.system_id,
  );
