import { once } from "node:events";
import { testDatabase } from "./database.ts";

/** A process for tests, also to kill: opens a test database, says its name, and closes it when its input ends. */
const t = await testDatabase();
process.stdout.write(`${t.connection.database}\n`);
process.stdin.resume();
await once(process.stdin, "end");
await t.close();
