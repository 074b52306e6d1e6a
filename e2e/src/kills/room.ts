/** A controller and a rack, each in a process of its own, on an embedded PostgreSQL: to be killed, and kept running all the same. */
import { appendFileSync, readFileSync } from "node:fs";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { processesOn, RACK, type Running, UP, type UpRoom } from "@rackwright/controller/up-process";
import { freePort } from "@rackwright/testkit/free-port";
import { until } from "@rackwright/testkit/until";
import { makeEmulatedImage } from "./image.ts";
import { type Ending, Kept } from "./kept.ts";
import type { Victim } from "./plan.ts";

const LOGS = ["--log-level", "info"];
const ENV = { RACKWRIGHT_ADMIN_PASSWORD: "a password" };
/** After any kill, on a busy host. */
const SERVING_MS = 120_000;
/** Of one request; the rack itself gives the region less. */
const ANSWER_MS = 30_000;
/** The supervisor looks at PostgreSQL every 2 s, and has then to end itself. */
const END_AFTER_POSTGRES_MS = 20_000;

export interface Kills {
  url: string;
  apiKey: string;
  /** HTTP of the rack. */
  bootUrl: string;
  kill(victim: Victim): void;
  /** Until a machine would be answered through the rack. @returns milliseconds since the last kill */
  serving(): Promise<number>;
  /** Ends that nobody wanted: not killed, and not because PostgreSQL was. */
  unwanted: string[];
  starts(): { controller: number; rack: number };
  postgres: { socketDir: string; passwordFile: string };
  /** What each process said last: why something does not come. */
  tails(): string;
  /** End all in order. @returns what is left running, and what did not end in order */
  stop(): Promise<string[]>;
}

/**
 * @param logs directory for what the processes say
 * @throws Error when the controller does not get ready; it has ended then, and its last words are in the log
 */
export async function startRoom(
  room: UpRoom,
  { log, logs }: { log: (line: string) => void; logs: string | undefined },
): Promise<Kills> {
  const image = await makeEmulatedImage(join(room.dir, "image"));
  const [port, rackPort] = [await freePort(), await freePort()];
  const killed = { controller: 0, rack: 0, postgres: 0 };
  let lastKill = performance.now();
  const unwanted: string[] = [];
  const ended = (who: "controller" | "rack") => (ending: Ending) => {
    const afterPostgres = who === "controller" && ending.at - killed.postgres < END_AFTER_POSTGRES_MS;
    log(`${who} ended (${ending.code ?? "killed"})`);
    if (logs !== undefined)
      appendFileSync(join(logs, `${who}.log`), `${ending.said}=== ended (${ending.code ?? "killed"})\n`);
    if (ending.code === undefined || ending.code === 0 || afterPostgres) return;
    unwanted.push(`${who} ended with ${ending.code}: ${ending.said.trim().split("\n").at(-1) ?? ""}`);
  };
  const started = (who: "controller" | "rack", running: Running) => {
    if (logs !== undefined)
      running.child.stderr?.on("data", (said: Buffer) => appendFileSync(join(logs, `${who}.log`), said));
    return running;
  };
  const up = [...UP, "--data", room.data, "--json", "--host", "127.0.0.1", "--no-dhcp", "--no-rack"];
  const controller = new Kept(
    () => started("controller", room.run([...up, "--port", String(port), "--image", image, ...LOGS], { env: ENV })),
    ended("controller"),
  );
  const line = await firstLine(controller.current).catch(async (error: unknown) => {
    log(`controller: ${controller.tail()}`);
    await controller.stop();
    throw error;
  });
  const ready = JSON.parse(line) as { url: string; api_key: string };
  const secret = join(room.dir, "rack-secret");
  await copyFile(join(room.data, "rack-secret"), secret);
  const origin = `http://127.0.0.1:${port}`;
  const rack = new Kept(() => {
    const where = ["--data", join(room.dir, "rack"), "--host", "127.0.0.1", "--http-port", String(rackPort)];
    const what = ["--region", origin, "--secret-file", secret, "--no-tftp", "--no-dhcp", ...LOGS];
    return started("rack", room.run([...RACK, ...where, ...what]));
  }, ended("rack"));
  return {
    url: ready.url,
    apiKey: ready.api_key,
    bootUrl: `http://127.0.0.1:${rackPort}`,
    unwanted,
    starts: () => ({ controller: controller.starts, rack: rack.starts }),
    postgres: { socketDir: join(room.data, "postgres/socket"), passwordFile: join(room.data, "postgres/password") },
    async serving() {
      const answered = async () => {
        const signal = AbortSignal.timeout(ANSWER_MS);
        const reply = await fetch(`http://127.0.0.1:${rackPort}/ipxe.cfg-02-00-00-00-00-01`, { signal });
        return reply.ok && !(await reply.text()).includes("no boot script now");
      };
      await until(answered, { timeoutMs: SERVING_MS, everyMs: 100, what: "everything to serve again" });
      return performance.now() - lastKill;
    },
    kill(victim) {
      lastKill = performance.now();
      if (victim === "controller") return controller.kill();
      if (victim === "rack") return rack.kill();
      killed.postgres = performance.now();
      for (const pid of victims(room, victim === "postgres")) killPid(pid);
    },
    tails: () =>
      [
        `controller: ${controller.tail()}`,
        `rack: ${rack.tail()}`,
        `PostgreSQL said last:\n${tailOf(join(room.data, "postgres/postgresql.log"))}`,
      ].join("\n"),
    async stop() {
      const stopped = { rack: await rack.stop(), controller: await controller.stop() };
      const wrong = Object.entries(stopped).flatMap(([who, what]) => (what === undefined ? [] : [`${who} ${what}`]));
      return [...wrong, ...processesOn(room.dir).map((pid) => `process ${pid}`)];
    },
  };
}

/** PostgreSQL's processes work in its cluster. */
function victims(room: UpRoom, whole: boolean): number[] {
  const pid = postmaster(room);
  if (!whole) return pid === undefined ? [] : [pid];
  return processesOn(join(room.data, "postgres")).filter((one) => one !== process.pid);
}

function postmaster(room: UpRoom): number | undefined {
  try {
    return room.postgresPid();
  } catch {
    return undefined; // killed before, and not yet started again
  }
}

function tailOf(file: string): string {
  try {
    return readFileSync(file, "utf8").trimEnd().split("\n").slice(-20).join("\n");
  } catch (error) {
    return String(error);
  }
}

function killPid(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

function firstLine(running: Running): Promise<string> {
  const line = () => /^(.*)\n/.exec(running.stdout())?.[1];
  return until(line, { timeoutMs: 60_000, what: "the controller to be ready" });
}
