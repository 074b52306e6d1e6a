/** Clients of the API that are not ours: the documentation's examples in Python and Ruby. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import type { Session } from "./session.ts";

// Debian's own, whatever else is first on PATH: their packages are for these.
const PYTHON = "/usr/bin/python3";
const RUBY = "/usr/bin/ruby";

/** @param allocated  system ids of the machines that the key's owner has */
export async function otherClients(session: Session, ...allocated: string[]): Promise<void> {
  const { shell, host, apiKey, step, note } = session;
  const vars = { MAAS_HOST: host, API_KEY: apiKey };
  const runs = async (line: string) => (await shell.attempt(line)).code === 0;

  if (!existsSync(PYTHON) || !(await runs(`${PYTHON} -c 'import requests_oauthlib'`)))
    note("LEFT OUT: the Python example: no requests_oauthlib, see e2e/packages.txt");
  else {
    const example = `${PYTHON} $FIXTURES/list_machines.py`;
    await step("S4-005 S4-007 S4-008 S4-010 S4-013: the Python example lists the allocated machines", async () => {
      const mine = await shell.json<{ system_id: string; owner: string }[]>(example, vars);
      // There may be more: other parts of the session have machines at the same time.
      for (const id of allocated) assert.ok(mine.some((m) => m.system_id === id));
      for (const { owner } of mine) assert.equal(owner, "admin");
    });
    await step("S4-016: op=list on nodes and machines is the plain list", async () => {
      for (const collection of ["nodes", "machines"]) {
        const listed = await shell.json<{ system_id: string }[]>(example, {
          ...vars,
          COLLECTION: collection,
          OP: "list",
        });
        const plain = await shell.json<{ system_id: string }[]>(`maas $PROFILE ${collection} read`);
        assert.deepEqual(
          listed.map((n) => n.system_id),
          plain.map((n) => n.system_id),
        );
        if (allocated.length > 0) assert.ok(listed.length > 0, `no ${collection}`);
      }
    });
    await step("S4-011 S4-012: an unknown op and a wrong key raise HTTPError", async () => {
      const unknown = await shell.attempt(example, { ...vars, OP: "no_such_operation" });
      assert.match(unknown.err, /HTTPError: 400/);
      const wrong = await shell.attempt(example, { ...vars, API_KEY: apiKey.replace(/.{4}$/, "AAAA") });
      assert.match(wrong.err, /HTTPError: 401/);
    });
  }

  if (!existsSync(RUBY) || !(await runs(`${RUBY} -e 'require "oauth"'`)))
    note("LEFT OUT: the Ruby example: no ruby-oauth, see e2e/packages.txt");
  else
    await step("S4-015 S4-018: the Ruby example lists the nodes", async () => {
      const [code, ...body] = (await shell.run(`${RUBY} -W0 $FIXTURES/list_nodes.rb`, vars)).split("\n");
      assert.equal(code, "200");
      const nodes = JSON.parse(body.join("\n")) as { system_id: string }[];
      for (const id of allocated) assert.ok(nodes.some((n) => n.system_id === id));
    });
}
