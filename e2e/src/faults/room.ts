/** One controller with emulated machines, a second rack, and what is done to a machine from outside. */
import { join } from "node:path";
import { RACK, type Ready, type Running, type UpRoom } from "@rackwright/controller/up-process";
import type { RegionApi } from "@rackwright/testkit/fleet/region-api";
import { until } from "@rackwright/testkit/until";

/** From outside of one machine. */
export interface MachineSide {
  /** Its power settings lead to the BMC of another machine, as that one's do. */
  wireToNeighbour(): Promise<void>;
  /** Somebody corrects its architecture to one that there is no image for. */
  changeArchitecture(): Promise<void>;
  killRack(): Promise<void>;
  /** A test that runs under the network that the machine will be deployed with. */
  addNetworkTest(): Promise<void>;
}

export interface Setting {
  api: RegionApi;
  room: UpRoom;
  up: Ready;
  /** HTTP of the controller's own rack. */
  bootUrl: string;
  otherRack: { url: string; process: Running };
}

/** Deadlines of a minute, and DHCP said to be served where the machines are: what a user sets. */
export async function arrange(api: RegionApi, room: UpRoom, up: Ready): Promise<Setting> {
  const bootUrl = await until(() => api.bootUrl(), { what: "a rack" });
  await api.call("POST", "maas/?op=set_config", [
    ["name", "node_timeout"],
    ["value", "1"],
  ]);
  const racks = (await api.call("GET", "rackcontrollers/")) as { system_id: string }[];
  const vlans = (await api.call("GET", "fabrics/0/vlans/")) as { id: number; vid: number }[];
  const vlan = vlans.find(({ vid }) => vid === 0);
  await api.call("POST", "subnets/", [
    ["cidr", "100.64.0.0/10"],
    ["vlan", String(vlan?.id)],
  ]);
  await api.call("POST", "ipranges/", [
    ["type", "dynamic"],
    ["start_ip", "100.64.0.10"],
    ["end_ip", "100.64.0.250"],
  ]);
  await api.call("PUT", "fabrics/0/vlans/0/", [
    ["dhcp_on", "true"],
    ["primary_rack", racks[0]?.system_id ?? ""],
  ]);
  return { api, room, up, bootUrl, otherRack: await startOtherRack(room, up) };
}

async function startOtherRack(room: UpRoom, up: Ready): Promise<Setting["otherRack"]> {
  const data = join(room.dir, "other-rack");
  const origin = new URL(up.url).origin;
  const how = ["--region", origin, "--secret-file", join(room.data, "rack-secret"), "--data", data];
  const ports = ["--host", "127.0.0.1", "--http-port", "0", "--no-tftp", "--no-dhcp"];
  const process = room.run([...RACK, ...how, ...ports]);
  const port = await until(() => Number(/"httpBootPort":(\d+)/.exec(process.stderr())?.[1]) || undefined, {
    timeoutMs: 20_000,
    what: "the second rack to serve",
  });
  return { url: `http://127.0.0.1:${port}`, process };
}

const NETWORK_TEST = `#!/bin/sh
# --- Start MAAS 1.0 script metadata ---
# name: network-trial
# script_type: testing
# apply_configured_networking: true
# timeout: 60
# --- End MAAS 1.0 script metadata ---
true
`;

export function sideOf({ api, otherRack }: Setting, systemId: string, address: string): MachineSide {
  return {
    async wireToNeighbour() {
      const neighbour = await addMachine(api, { macs: [neighbourOf(address)], address });
      await api.report({ bmc: [`${systemId}:at-${neighbour}`] });
    },
    async changeArchitecture() {
      await api.call("PUT", `machines/${systemId}/`, [["architecture", "arm64/generic"]]);
    },
    async killRack() {
      otherRack.process.child.kill("SIGKILL");
      await otherRack.process.ended;
    },
    async addNetworkTest() {
      await api.call("POST", "scripts/", [["script", NETWORK_TEST]]);
    },
  };
}

const neighbourOf = (address: string): string =>
  `0a:ff:${address
    .split(".")
    .map((part) => Number(part).toString(16).padStart(2, "0"))
    .join(":")}`;

/** @returns its system id */
export async function addMachine(
  api: RegionApi,
  machine: { macs: readonly string[]; address: string },
): Promise<string> {
  const made = await api.call("POST", "machines/", [
    ...machine.macs.map((mac): [string, string] => ["mac_addresses", mac]),
    ["architecture", "amd64/generic"],
    ["power_type", "ipmi"],
    ["power_parameters_power_address", machine.address],
    ["power_parameters_power_user", "maas"],
    ["power_parameters_power_pass", "a word"],
    ["commission", "false"],
  ]);
  return (made as { system_id: string }).system_id;
}
