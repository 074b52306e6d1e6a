/** The kernel's table of neighbours, as `ip neigh` prints it. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { z } from "zod";

const run = promisify(execFile);

const tableSchema = z.array(
  z.object({ dst: z.string(), lladdr: z.string().optional(), state: z.array(z.string()).optional() }),
);

export interface Neighbour {
  ip: string;
  mac: string | undefined;
  /** reachable: it has answered, within the last minute (base_reachable_time); pending: the kernel is still asking; gone: it did not answer. */
  state: "reachable" | "pending" | "gone";
}

/** linux/neighbour.h: what was heard of before, and is asked again once something is sent to it, is pending too. */
const PENDING = ["INCOMPLETE", "STALE", "DELAY", "PROBE"];

export async function neighbours(interfaceName: string, signal: AbortSignal): Promise<Map<string, Neighbour>> {
  const { stdout } = await run("ip", ["-4", "-j", "neigh", "show", "dev", interfaceName], {
    signal,
    maxBuffer: 16 << 20,
    env: { PATH: process.env.PATH, LC_ALL: "C" },
  });
  const table = tableSchema.parse(JSON.parse(stdout.trim() || "[]"));
  return new Map(
    table.map(({ dst, lladdr, state = [] }) => {
      const is = state.includes("REACHABLE")
        ? "reachable"
        : state.some((s) => PENDING.includes(s))
          ? "pending"
          : "gone";
      return [dst, { ip: dst, mac: lladdr, state: is }];
    }),
  );
}
