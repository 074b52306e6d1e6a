/**
 * The machines and their BMCs, in no process that is killed: power by HTTP, a journal of every order and of what it did. As with real
 * BMCs an order takes its time, is carried out whether or not its sender is still there, and one comes after the other.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { hardwareOf, loopbackAddress } from "@rackwright/testkit/fleet/hardware";
import { EmulatedMachine, type World } from "@rackwright/testkit/fleet/machine";
import { chance, type Chance } from "@rackwright/testkit/fleet/seed";
import type { Order } from "./power-journal.ts";

/** An order is carried out after at most so long, and answered after at most as long again. */
const SLOW_MS = 500;

export interface Bmc {
  machine: EmulatedMachine;
  state: "on" | "off";
  /** What its life is about, by which orders are judged. */
  phase: string;
  /** Phases that found it on. */
  foundOn: Set<string>;
  orders: Order[];
  url: string;
  /** Somebody presses the button: an enlisting machine's only way. */
  press(): void;
}

export class Bmcs {
  readonly #server: Server;
  readonly #luck: Chance;
  readonly #byName = new Map<string, { bmc: Bmc; order: (wanted: "on" | "off") => Promise<void> }>();

  constructor(seed: string) {
    this.#luck = chance(`bmcs ${seed}`);
    this.#server = createServer((request, reply) => void this.#serve(request, reply));
  }

  async listen(): Promise<void> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  add(index: number, world: World, signal: AbortSignal): Bmc {
    const mac = `0a:de:ad:${[16, 8, 0].map((bits) => ((index >> bits) & 255).toString(16).padStart(2, "0")).join(":")}`;
    const name = mac.replaceAll(":", "");
    const hardware = hardwareOf([mac], index + 1);
    const machine = new EmulatedMachine(world, {
      hardware,
      faults: [],
      address: loopbackAddress(hardware.place),
      platform: index % 2 === 0 ? "pcbios" : "efi",
    });
    const { port } = this.#server.address() as AddressInfo;
    let power: { cut: AbortController; ended: Promise<void> } | undefined;
    const press = () => {
      const cut = new AbortController();
      bmc.state = "on";
      const ended = machine.powerOn(AbortSignal.any([cut.signal, signal])).then(() => {
        bmc.state = "off";
      });
      power = { cut, ended };
    };
    const bmc: Bmc = {
      machine,
      state: "off",
      phase: "",
      foundOn: new Set(),
      orders: [],
      url: `http://127.0.0.1:${port}/${name}`,
      press,
    };
    let last: Promise<unknown> = Promise.resolve();
    const order = (wanted: "on" | "off") => {
      const turn = last.then(async () => {
        await sleep(this.#luck.next() * SLOW_MS);
        const { phase } = bmc;
        const did = bmc.state !== wanted;
        bmc.orders.push({ at: Date.now(), phase, wanted, did, doing: machine.doing });
        if (wanted === "on" && did) press();
        if (wanted === "off" && did) {
          power?.cut.abort(new Error("power was cut"));
          await power?.ended;
        }
      });
      last = turn;
      return turn;
    };
    this.#byName.set(name, { bmc, order });
    return bmc;
  }

  async #serve(request: IncomingMessage, reply: ServerResponse): Promise<void> {
    request.resume();
    const [, name = "", what = ""] = (request.url ?? "").split("/");
    const known = this.#byName.get(name);
    if (!known) return void reply.writeHead(404).end();
    if (request.method === "POST" && (what === "on" || what === "off")) await known.order(what);
    await sleep(this.#luck.next() * SLOW_MS);
    reply.writeHead(200, { "content-type": "text/plain" });
    reply.end(`status: ${known.bmc.state === "on" ? "running" : "stopped"}\n`);
  }
}
