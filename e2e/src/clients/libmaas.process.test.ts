/** python-libmaas, the Python library that people write their tools with, on a region with emulated machines. */
import { join } from "node:path";
import { test } from "node:test";
import { pythonWith } from "@rackwright/testkit/python-env";
import { ADMIN_PASSWORD, clientRoom } from "./room.ts";
import { runSteps } from "./steps.ts";

const LIBMAAS = "python-libmaas==0.6.8";

test(LIBMAAS, { timeout: 600_000 }, async (t) => {
  let python: string;
  try {
    python = await pythonWith([LIBMAAS]);
  } catch (error) {
    t.skip(`LEFT OUT: ${error instanceof Error ? error.message : String(error)}`);
    return;
  }
  await using room = await clientRoom();
  await runSteps(t, room, [python, "-W", "ignore", join(import.meta.dirname, "libmaas.py")], {
    MAAS_PASSWORD: ADMIN_PASSWORD,
  });
});
