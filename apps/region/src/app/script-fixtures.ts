/** Machines and scripts for the tests of this family, on a real database. */
import { testDatabase, type TestDatabase } from "@rackwright/db/testing/database";
import { insertScript, insertVersion } from "@rackwright/db/scripts";
import { transaction, type Tx } from "@rackwright/db/connect";
import type { Script } from "@rackwright/domain/scripts/script";
import { scriptStatus } from "@rackwright/domain/scripts/status";
import { type Ctx, type Region, systemActor } from "../context.ts";

export interface Fixture {
  test: TestDatabase;
  ctx: Ctx;
  clock: { now: Date };
  run<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  machine(hostname: string): Promise<{ id: number; systemId: string; hostname: string }>;
  script(fields: Partial<Script> & { name: string }, text?: string): Promise<number>;
  /** Name, status and further columns of the results of a run, by name and device. */
  results(setId: number | null): Promise<ResultRow[]>;
  close(): Promise<void>;
}

export interface ResultRow {
  id: number;
  name: string;
  status: number;
  parameters: Record<string, { type: string; value?: unknown }>;
  block_device_id: number | null;
  interface_id: number | null;
  exit_status: number | null;
  started_at: Date | null;
  ended_at: Date | null;
  script_id: number | null;
  version_id: number | null;
}

export async function scriptFixture(): Promise<Fixture> {
  const test = await testDatabase();
  const clock = { now: new Date("2026-03-01T10:00:00Z") };
  // Only what this family touches; anything else would fail loudly.
  const region = { db: test.db, now: () => clock.now } as unknown as Region;
  const ctx: Ctx = { region, actor: systemActor, tokenKey: null };
  let machines = 0;
  return {
    test,
    ctx,
    clock,
    run: (work) => transaction(test.db, work),
    async machine(hostname) {
      machines += 1;
      const systemId = `abc${String(machines).padStart(3, "0")}`;
      const { rows } = await test.db.pool.query<{ id: number }>(
        "insert into node (system_id, hostname, power_type) values ($1, $2, 'manual') returning id",
        [systemId, hostname],
      );
      return { id: rows[0]?.id ?? 0, systemId, hostname };
    },
    script: (fields, text = "#!/bin/sh\n") =>
      transaction(test.db, async (tx) => {
        const id = await insertScript(tx, { ...blank, ...fields });
        await insertVersion(tx, id, { content: Buffer.from(text), comment: null, createdAt: clock.now });
        return id;
      }),
    async results(setId) {
      const { rows } = await test.db.pool.query<ResultRow>(
        `select id, name, status, parameters, block_device_id, interface_id, exit_status, started_at, ended_at, script_id, version_id
         from script_result where set_id = $1 order by name collate "C", block_device_id, interface_id, id`,
        [setId],
      );
      return rows;
    },
    close: () => test.close(),
  };
}

const blank: Omit<Script, "id" | "name"> = {
  title: "",
  description: "",
  tags: [],
  type: 0,
  hardwareType: 0,
  parallel: 0,
  results: {},
  parameters: {},
  packages: {},
  timeoutSeconds: 0,
  destructive: false,
  builtin: false,
  forHardware: [],
  mayReboot: false,
  recommission: false,
  applyConfiguredNetworking: false,
};

export const { pending, running, passed, failed, skipped, aborted } = scriptStatus;
