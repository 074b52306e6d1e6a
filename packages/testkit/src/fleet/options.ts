/** Options of `script/simulate`. */
import { parseArgs } from "node:util";
import { type ChosenFault, faults, parseFault } from "./faults.ts";

export interface SimulateOptions {
  url: string;
  apiKey: string;
  machines: number;
  playAll: boolean;
  speed: number;
  faults: ChosenFault[];
  bootUrl: string | undefined;
  requests: number;
  dhcp: boolean;
  /** Names the machines that are enlisted. */
  seed: string | undefined;
}

const table = Object.entries(faults)
  .map(([name, { summary }]) => `    ${name.padEnd(24)} ${summary}\n`)
  .join("");

export const usage = `Usage: MAAS_URL=http://localhost:5240/MAAS/ MAAS_APIKEY=... script/simulate [options]
Plays emulated machines against a region that was made with script/up --simulated. Stop it with Ctrl-C.

  --machines N             enlist N new ones, each with hardware of its own
  --play-all               play every machine that the region switches on, until Ctrl-C
  --speed N                so many times faster than real machines (10)
  --fault NAME[:SHARE]     let machines misbehave, all or a share (0.1, 10%) of them; may be repeated
  --requests N             HTTP requests of all machines at once (64)
  --dhcp                   play DHCP too: tell the region what its server would log of the machines
  --boot-url URL           HTTP of the rack, when the region's own word does not lead there
  --seed WORD              enlist the same machines as another time with this word
  --help

Faults:
${table}`;

/** @throws Error with what is wrong with them */
export function parseOptions(
  argv: readonly string[],
  environment: { MAAS_URL?: string | undefined; MAAS_APIKEY?: string | undefined },
): SimulateOptions | "help" {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      machines: { type: "string", default: "0" },
      "play-all": { type: "boolean", default: false },
      speed: { type: "string", default: "10" },
      fault: { type: "string", multiple: true, default: [] },
      dhcp: { type: "boolean", default: false },
      requests: { type: "string", default: "64" },
      "boot-url": { type: "string" },
      seed: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return "help";
  const { MAAS_URL: url, MAAS_APIKEY: apiKey } = environment;
  if (!url || !URL.canParse(url))
    throw new Error("MAAS_URL is not set to the region's address: http://localhost:5240/MAAS/");
  if (!apiKey) throw new Error("MAAS_APIKEY is not set to an administrator's API key: bin/maas apikey prints one");
  const machines = positive("--machines", values.machines, 0);
  if (machines === 0 && !values["play-all"]) throw new Error("nothing to do: use --machines N, --play-all or both");
  return {
    url,
    apiKey,
    machines,
    playAll: values["play-all"],
    speed: positive("--speed", values.speed, Number.MIN_VALUE),
    faults: values.fault.map(parseFault),
    bootUrl: values["boot-url"]?.replace(/\/+$/, ""),
    dhcp: values.dhcp,
    requests: positive("--requests", values.requests, 1),
    seed: values.seed,
  };
}

function positive(option: string, text: string, least: number): number {
  const value = Number(text);
  if (text === "" || !Number.isFinite(value) || value < least)
    throw new Error(`${option} ${text} is no number${least > 0 ? " above 0" : ""}`);
  return value;
}
