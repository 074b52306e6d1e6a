import { startPostgres } from "../start.ts";

/** A process for tests to kill: runs PostgreSQL on the directory it is given, says so in one line, ends it on SIGTERM. */
const [dataDir = ""] = process.argv.slice(2);
const server = await startPostgres({ dataDir, durable: false });
process.on("SIGTERM", () => void server.stop().then(() => process.exit(0)));
process.stdout.write(`${JSON.stringify({ pid: server.pid, adopted: server.adopted, url: server.url("postgres") })}\n`);
setInterval(() => {}, 60_000); // stays until it is ended
