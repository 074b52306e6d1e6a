import { renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { Client } from "pg";
import { identify } from "../postgres/process.ts";
import { startPostgres } from "../postgres/start.ts";
import { serverFile, testServerDir, type ServerFile } from "./server.ts";

/** The test server's supervisor: runs until told to end, or until nobody was connected for a while. */
const IDLE_LIMIT_MS = 5 * 60_000;
const LOOK_EVERY_MS = 10_000;

const say = (message: string) => process.stderr.write(`${new Date().toISOString()} ${message}\n`);
const supervisor = identify(process.pid);
if (!supervisor) throw new Error("/proc does not show this process");

const server = await startPostgres({
  dataDir: testServerDir,
  durable: false,
  log: say,
  onExit: (reason) => end(reason),
});
const connection = server.connection("postgres");
const content: ServerFile = { supervisor, connection };
writeFileSync(`${serverFile}.new`, JSON.stringify(content), { mode: 0o600 });
renameSync(`${serverFile}.new`, serverFile);

let ending = false;
function end(reason: string): void {
  if (ending) return;
  ending = true;
  say(`stopping: ${reason}`);
  rmSync(serverFile, { force: true });
  server.stop().then(
    () => process.exit(0),
    (error: unknown) => {
      say(String(error));
      process.exit(1);
    },
  );
}
process.on("SIGTERM", () => end("SIGTERM"));
process.on("SIGINT", () => end("SIGINT"));

let lastUse = Date.now();
setInterval(() => void look(), LOOK_EVERY_MS);

async function look(): Promise<void> {
  try {
    lastUse = Math.max(lastUse, statSync(serverFile).mtimeMs);
    if ((await countOthers()) > 0) lastUse = Date.now();
    else if (Date.now() - lastUse > IDLE_LIMIT_MS) end("nobody used it");
  } catch (error) {
    say(`cannot look who is connected: ${String(error)}`);
  }
}

async function countOthers(): Promise<number> {
  const client = new Client(connection);
  await client.connect();
  try {
    const { rows } = await client.query<{ n: number }>(
      "select count(*)::int as n from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()",
    );
    return rows[0]?.n ?? 0;
  } finally {
    await client.end();
  }
}
