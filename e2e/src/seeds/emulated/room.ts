/** A controller with emulated machines, for a user who types. */
import { upRoom } from "@rackwright/controller/up-process";
import { Fleet } from "@rackwright/testkit/fleet/fleet";
import { RegionApi } from "@rackwright/testkit/fleet/region-api";
import { until } from "@rackwright/testkit/until";
import { passes, Plays } from "./plays.ts";

/** Chosen by what MAC addresses make of a machine: this one has three cards, the first with a cable, and two disks. */
export const MACS = {
  one: "0a:5e:ed:00:00:02",
  wrongNetwork: "0a:5e:ed:00:00:03",
  silent: "0a:5e:ed:00:00:04",
  byHand: "0a:5e:ed:00:00:05",
} as const;

const faults: Record<string, string> = {
  [MACS.wrongNetwork]: "wrong-network",
  [MACS.silent]: "stall-install",
  // Somebody else plays it.
  [MACS.byHand]: "never-boots",
};

export interface Room {
  /** http://host:port/MAAS */
  host: string;
  apiKey: string;
  /** HTTP of the rack. */
  bootUrl: string;
  /** A new directory. */
  dir: string;
  plays: Plays;
  told: string[];
}

export async function inRoom(body: (room: Room) => Promise<void>): Promise<void> {
  await using up = upRoom();
  const ready = await up.up(["--simulated"]);
  const api = new RegionApi(ready.url, ready.api_key);
  const bootUrl = await until(() => api.bootUrl(), { what: "a rack" });
  const plays = new Plays();
  plays.set("seeds-greeting", () => passes("hello from Linux\n", "aside\n"));
  plays.set("51-every-time", () => passes("each time\n"));
  const ending = new AbortController();
  const told: string[] = [];
  const fleet = new Fleet({
    api,
    bootUrl,
    speed: 100,
    faults: (mac) => [faults[mac] ?? []].flat(),
    prints: plays.prints,
    tell: (text) => void told.push(text),
    signal: ending.signal,
  });
  const playing = fleet.play();
  try {
    const host = ready.url.replace(/\/$/, "");
    await body({ host, apiKey: ready.api_key, bootUrl, dir: up.dir, plays, told });
  } finally {
    ending.abort();
    await playing;
  }
}
