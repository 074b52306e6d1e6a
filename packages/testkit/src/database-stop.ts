import { stopTestServer } from "@rackwright/db/testing/server";

/** `node packages/testkit/src/database-stop.ts`: end the PostgreSQL that tests of this user share. It also ends by itself. */
const stopped = await stopTestServer();
process.stdout.write(stopped ? "the test server has stopped\n" : "no test server was running\n");
