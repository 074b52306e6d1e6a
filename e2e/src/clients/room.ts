/** A controller with emulated machines, for clients that are not ours. */
import { type Ready, upRoom } from "@rackwright/controller/up-process";
import { Fleet } from "@rackwright/testkit/fleet/fleet";
import { RegionApi } from "@rackwright/testkit/fleet/region-api";
import { until } from "@rackwright/testkit/until";

export interface ClientRoom extends AsyncDisposable {
  api: RegionApi;
  up: Ready;
  /** A machine that is Ready, with a webhook BMC. @returns its system id */
  readyMachine: (hostname: string, mac: string) => Promise<string>;
  /** What is known of the machines, and what they and the controller said last, for whoever fails. */
  told(): Promise<string>;
}

export const ADMIN_PASSWORD = "not-a-secret-in-a-test";

/** Emulated machines live this much faster than real ones. */
const SPEED = 100;

export async function clientRoom(): Promise<ClientRoom> {
  const room = upRoom();
  const ending = new AbortController();
  const told: string[] = [];
  let playing: Promise<unknown> = Promise.resolve();
  const close = async () => {
    ending.abort();
    await playing;
    await room[Symbol.asyncDispose]();
  };
  try {
    const up = await room.up(["--simulated"], { env: { RACKWRIGHT_ADMIN_PASSWORD: ADMIN_PASSWORD } });
    const api = new RegionApi(up.url, up.api_key);
    const bootUrl = await until(() => api.bootUrl(), { what: "a rack" });
    const tell = (text: string) => void told.push(text);
    playing = new Fleet({ api, bootUrl, speed: SPEED, faults: [], signal: ending.signal, tell }).play();
    return {
      api,
      up,
      async readyMachine(hostname, mac) {
        const { system_id: id } = (await api.call("POST", "machines/", [
          ["hostname", hostname],
          ["mac_addresses", mac],
          ["architecture", "amd64/generic"],
          ["power_type", "webhook"],
          ["power_parameters_power_on_uri", "http://192.0.2.1/on"],
          ["power_parameters_power_off_uri", "http://192.0.2.1/off"],
          ["power_parameters_power_query_uri", "http://192.0.2.1/query"],
        ])) as { system_id: string };
        await until(
          async () => ((await api.call("GET", `machines/${id}/`)) as { status_name: string }).status_name === "Ready",
          { timeoutMs: 60_000, everyMs: 200, what: `${hostname} to be Ready` },
        );
        return id;
      },
      told: async () => [...(await standing(api)), ...told.slice(-20), up.stderr().slice(-4000)].join("\n"),
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

interface Standing {
  hostname: string;
  status_name: string;
  status_message: string;
  waiting_for: string | null;
  last_evidence: unknown;
}

async function standing(api: RegionApi): Promise<string[]> {
  const machines = (await api.call("GET", "machines/")) as Standing[];
  return machines.map((m) =>
    JSON.stringify([m.hostname, m.status_name, m.status_message, m.waiting_for, m.last_evidence]),
  );
}
