/**
 * The session that the documentation describes, typed as it is there, against a region and a machine that is Ready. Each
 * part names the rows of the documentation that it checks: see seeds/facts/.
 */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { forwardPort } from "@rackwright/lab/forward";
import { otherClients } from "./seeds/clients.ts";
import { commandLine } from "./seeds/command-line.ts";
import { allocateAny, deployedFromReady, silentDeployment } from "./seeds/emulated/allocating.ts";
import { byHand } from "./seeds/emulated/by-hand.ts";
import { commissionAgain, firstLife, newMachine } from "./seeds/emulated/first-life.ts";
import { addSubnet, networks, wrongNetwork } from "./seeds/emulated/networks.ts";
import { pages } from "./seeds/emulated/pages.ts";
import { runsAlreadyByItself } from "./seeds/emulated/running.ts";
import type { Room } from "./seeds/emulated/room.ts";
import type { Ledger } from "./seeds/ledger.ts";
import { libmaas } from "./seeds/libmaas.ts";
import { commission, deployAndRelease, findMachine, reaches, testAndAbort } from "./seeds/lifecycle.ts";
import { aroundTheMachine } from "./seeds/links.ts";
import { machineShape } from "./seeds/machine-shape.ts";
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
  /** Takes what became of each row. */
  ledger?: Ledger;
}

/** What needs no machine that runs. */
export async function sessionWithoutMachine(t: TestContext, options: SeedsSessionOptions): Promise<void> {
  await loggedIn(t, options, async (session) => {
    await withoutMachine(session);
    await otherClients(session);
  });
}

async function withoutMachine(session: Session): Promise<void> {
  await commandLine(session);
  await settingsByCli(session);
  await scriptsByCli(session);
}

/** The whole of it; `hostname` is a Ready machine, and is Ready again afterwards. */
export async function sessionWithMachine(
  t: TestContext,
  options: SeedsSessionOptions & { hostname: string },
): Promise<void> {
  await loggedIn(t, options, async (session) => {
    await withoutMachine(session);
    const machine = await aLife(session, options.hostname, "abort");
    await machineShape(session);
    await libmaas(session, machine);
  });
}

/** @returns the machine's system id */
async function aLife(session: Session, hostname: string, end: "abort" | "deployed"): Promise<string> {
  const found = await findMachine(session, hostname);
  const id = found.system_id;
  const machine = await commission(session, id);
  await resultsByCli(session, machine);
  await aroundTheMachine(session, id);
  await testAndAbort(session, id);
  await deployAndRelease(session, id, end, () => otherClients(session, id));
  return id;
}

/** With machines whose scripts do what they are told to. */
export async function sessionWithEmulatedMachines(
  t: TestContext,
  room: Room,
  options: SeedsSessionOptions,
): Promise<void> {
  await loggedIn(t, options, async (session) => {
    session.everyMs = 200;
    session.hold = (script) => room.plays.hold(script);
    await withoutMachine(session);
    await addSubnet(session);
    const others = {
      silent: await newMachine(session, "silent", "10.9.0.2"),
      wrongNetwork: await newMachine(session, "wrongNetwork", "10.9.0.3"),
    };
    for (const ID of Object.values(others)) await session.shell.run("maas $PROFILE machine commission $ID", { ID });
    const { hostname } = await firstLife(session, room);
    for (const other of Object.values(others)) await reaches(session, other, "Ready", ["Commissioning", "Testing"]);
    const failsToDeploy = await silentDeployment(session, others.silent);
    const id = await aLife(session, hostname, "deployed");
    await commissionAgain(session, id);
    await machineShape(session);
    await networks(session, room, id);
    await wrongNetwork(session, others.wrongNetwork);
    await allocateAny(session);
    await deployedFromReady(session, id);
    await byHand(session, room);
    await runsAlreadyByItself(session);
    await pages(session, id);
    await failsToDeploy();
  });
}

async function loggedIn(
  t: TestContext,
  { home, host, apiKey, ledger }: SeedsSessionOptions,
  body: (session: Session) => Promise<void>,
): Promise<void> {
  const shell = await userShell(home, { MAAS_URL: `${host}/`, API_KEY: apiKey });
  assert.match(await shell.run("maas login $PROFILE $MAAS_URL $API_KEY"), /You are now logged in/);
  await body(sessionIn(t, shell, { host, apiKey, ledger }));
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
