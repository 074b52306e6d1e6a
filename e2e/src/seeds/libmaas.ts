/** python-libmaas, the Python library that people write their tools with, against the region. */
import assert from "node:assert/strict";
import { pythonWith } from "@rackwright/testkit/python-env";
import type { Session } from "./session.ts";

/** @param id  a Ready machine; Ready again afterwards */
export async function libmaas(session: Session, id: string): Promise<void> {
  const { shell, host, apiKey, step, note } = session;
  let python: string;
  try {
    python = await pythonWith(["python-libmaas==0.6.8"]);
  } catch (error) {
    note(`LEFT OUT: python-libmaas: ${error instanceof Error ? error.message : String(error)}`);
    return;
  }
  await step("python-libmaas lists, allocates and releases", async () => {
    const done = await shell.json<{ user: string; listed: string[]; owner: string; after: string }>(
      "$PYTHON -W ignore $FIXTURES/libmaas_session.py",
      { PYTHON: python, MAAS_URL: `${host}/`, API_KEY: apiKey, SYSTEM_ID: id },
    );
    assert.deepEqual([done.user, done.owner, done.after], ["admin", "admin", "READY"]);
    assert.ok(done.listed.includes(id));
  });
}
