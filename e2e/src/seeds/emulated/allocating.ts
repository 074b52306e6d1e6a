/** Allocating any machine, deploying as a VM host, and a machine that falls silent while it is deployed. */
import assert from "node:assert/strict";
import { until } from "@rackwright/testkit/until";
import { reaches } from "../lifecycle.ts";
import type { MachineJson, Session } from "../session.ts";

export async function allocateAny({ shell, row, refuses }: Session): Promise<void> {
  await row(["S0-197", "S1-013"], async () => {
    const taken: string[] = [];
    const isLeft = async () =>
      (await shell.json<MachineJson[]>("maas $PROFILE machines read")).some((m) => m.status_name === "Ready");
    while (await isLeft()) {
      const mine = await shell.json<MachineJson>("maas $PROFILE machines allocate");
      assert.deepEqual([mine.status_name, mine.owner], ["Allocated", "admin"]);
      taken.push(mine.system_id);
    }
    assert.ok(taken.length > 0);
    assert.match(await refuses(409, "POST", "machines/?op=allocate"), /409 \S/);
    const none = await shell.attempt("maas $PROFILE machines allocate");
    assert.equal(none.code, 2);
    for (const ID of taken) await shell.run("maas $PROFILE machine release $ID", { ID });
  });
}

/** @param id  Ready */
export async function deployedFromReady(session: Session, id: string): Promise<void> {
  const { shell, row } = session;
  const vars = { SYSTEM_ID: id };
  await row(["S0-204", "S1-015"], async () => {
    const mine = await shell.json<MachineJson>("maas $PROFILE machine deploy $SYSTEM_ID", vars);
    assert.deepEqual([mine.status_name, mine.owner], ["Deploying", "admin"]);
    await reaches(session, id, "Deployed", ["Deploying"]);
    await shell.run("maas $PROFILE machine release $SYSTEM_ID", vars);
    await reaches(session, id, "Ready", ["Releasing"]);
  });
  await row(["S0-202", "S0-203"], async () => {
    for (const word of ["True", "true", "1"]) {
      const ran = await shell.attempt(`maas $PROFILE machine deploy $SYSTEM_ID install_kvm=${word}`, vars);
      if (ran.code !== 0) {
        assert.match(ran.out + ran.err, /install_kvm/);
        const why = `install_kvm=${word}: ${(ran.out + ran.err).trim().split("\n")[0]}`;
        return { notMet: `${why} With a real libvirtd: apps/controller/src/vm-host-deploy.root.test.ts` };
      }
      await reaches(session, id, "Deployed", ["Deploying"]);
      const hosts = await shell.json<{ host?: { system_id: string } }[]>("maas $PROFILE vm-hosts read");
      assert.ok(hosts.some((one) => one.host?.system_id === id));
      await shell.run("maas $PROFILE machine release $SYSTEM_ID", vars);
      await reaches(session, id, "Ready", ["Releasing"]);
    }
    return undefined;
  });
}

/** @param id  of a machine that hangs in its installer, Ready. @returns what waits for it to fail */
export async function silentDeployment(session: Session, id: string): Promise<() => Promise<void>> {
  const { shell, row } = session;
  const vars = { SYSTEM_ID: id };
  await shell.run("maas $PROFILE maas set-config name=node-timeout value=1");
  await shell.run("maas $PROFILE machine deploy $SYSTEM_ID", vars);
  const begunAt = performance.now();
  return () =>
    row("S0-205", async () => {
      const read = () => shell.json<MachineJson>("maas $PROFILE machine read $SYSTEM_ID", vars);
      const failed = await until(
        async () => {
          const now = await read();
          return now.status_name === "Deploying" ? undefined : now;
        },
        { timeoutMs: 150_000, everyMs: 1000, what: `${id} to be given up` },
      );
      assert.equal(failed.status_name, "Failed deployment");
      assert.ok(performance.now() - begunAt > 55_000, "not before its minute was over");
      await shell.run("maas $PROFILE maas set-config name=node-timeout value=30");
    });
}
