import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { ClientConfig } from "pg";
import { PgBoss } from "pg-boss";
import { parseConnection } from "./connect.ts";

/** The schema that pg-boss keeps its tables in. */
export const JOBS_SCHEMA = "pgboss";

/** pg-boss' own version: it decides what its schema looks like. */
export const jobsVersion: string = readVersion();

function readVersion(): string {
  const main = createRequire(import.meta.url).resolve("pg-boss"); // .../dist/index.js
  const { version } = JSON.parse(readFileSync(join(dirname(dirname(main)), "package.json"), "utf8")) as {
    version: string;
  };
  return version;
}

/** Create or upgrade pg-boss' schema. Runs beside the migrations, so that a job can be enqueued before any worker starts. */
export async function installJobs(connection: string | ClientConfig): Promise<void> {
  const boss = new PgBoss({
    ...(parseConnection(connection) as object),
    schema: JOBS_SCHEMA,
    max: 2,
    supervise: false,
    schedule: false,
  });
  const failed = new Promise<never>((_, reject) => boss.once("error", reject));
  failed.catch(() => {});
  await Promise.race([boss.start(), failed]);
  await boss.stop({ graceful: false });
}
