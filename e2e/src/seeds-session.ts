/**
 * The session that the documentation describes, typed as it is there, against a region and a machine that is Ready. Each
 * step names the rows of the requirements that it checks.
 */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { forwardPort } from "@rackwright/lab/forward";
import { aroundTheMachine } from "./seeds/around.ts";
import { otherClients } from "./seeds/clients.ts";
import { libmaas } from "./seeds/libmaas.ts";
import { commission, deployAndRelease, findMachine, testAndAbort } from "./seeds/lifecycle.ts";
import { resultsByCli } from "./seeds/results.ts";
import { scriptsByCli } from "./seeds/scripts.ts";
import { type Session, sessionIn } from "./seeds/session.ts";
import { settingsByCli } from "./seeds/settings.ts";
import { userShell } from "./seeds/shell.ts";

export interface SeedsSessionOptions {
  /** The user's home: a new directory. */
  home: string;
  /** http://host:port/MAAS */
  host: string;
  apiKey: string;
}

/** What needs no machine that runs. */
export async function sessionWithoutMachine(t: TestContext, options: SeedsSessionOptions): Promise<void> {
  await loggedIn(t, options, async (session) => {
    await settingsByCli(session);
    await scriptsByCli(session);
    await otherClients(session);
  });
}

/** The whole of it; `hostname` is a Ready machine, and is Ready again afterwards. */
export async function sessionWithMachine(
  t: TestContext,
  options: SeedsSessionOptions & { hostname: string },
): Promise<void> {
  await loggedIn(t, options, async (session) => {
    await settingsByCli(session);
    await scriptsByCli(session);
    const found = await findMachine(session, options.hostname);
    const machine = await commission(session, found.system_id);
    await resultsByCli(session, machine);
    await aroundTheMachine(session, machine.system_id);
    await testAndAbort(session, machine.system_id);
    await deployAndRelease(session, machine.system_id, () => otherClients(session, machine.system_id));
    await libmaas(session, machine.system_id);
  });
}

async function loggedIn(
  t: TestContext,
  { home, host, apiKey }: SeedsSessionOptions,
  body: (session: Session) => Promise<void>,
): Promise<void> {
  const shell = await userShell(home, { MAAS_URL: `${host}/`, API_KEY: apiKey });
  assert.match(await shell.run("maas login $PROFILE $MAAS_URL $API_KEY"), /You are now logged in/);
  await body(sessionIn(t, shell, host, apiKey));
  await t.test("S2-041: log out", async () => {
    await shell.run("maas logout $PROFILE");
    assert.notEqual((await shell.attempt("maas $PROFILE machines read")).code, 0);
  });
}

/** The controller inside the lab's network, as a user outside of it reaches it. */
export async function reachable(socket: string): Promise<{ host: string; close: () => Promise<void> }> {
  const forward = await forwardPort({ port: 0, unixSocket: socket });
  return { host: `http://localhost:${forward.port}/MAAS`, close: () => forward.close() };
}
