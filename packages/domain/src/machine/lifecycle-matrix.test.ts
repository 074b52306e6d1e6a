/** Every action, from every status, by every kind of caller: the rules against the reference's table. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ErrorCode } from "../errors.ts";
import { type Action, isDone, refusal, startsFrom } from "./lifecycle.ts";
import {
  ANY,
  CALLERS,
  type Caller,
  expected,
  expectedLocked,
  MATRIX,
  type Row,
  STATUS_NAMES,
} from "./lifecycle/matrix-fixture.ts";
import { machine } from "./lifecycle/testing.ts";
import type { Actor, Machine } from "./machine.ts";
import { actionForbidden } from "./permissions.ts";
import { type MachineStatus, machineStatuses, statusCode } from "./status.ts";

/** Statuses of HTTP, as clients get them for what the rules say. */
const answer: Partial<Record<ErrorCode, number>> = {
  bad_request: 400,
  invalid_fields: 400,
  forbidden: 403,
  machine_locked: 403,
  wrong_status: 409,
  conflict: 409,
};
const OWNER = 7;
const user = (userId: number, isSuperuser = false): Actor => ({
  kind: "user",
  userId,
  username: `u${userId}`,
  isSuperuser,
});
const actors: Record<Caller, Actor> = {
  nobody: { kind: "anonymous" },
  other: user(8),
  owner: user(OWNER),
  admin: user(9, true),
};
const status = (code: number) => STATUS_NAMES[code] as MachineStatus;
/** Operations by another name, and those that are no action of the lifecycle. */
const actionOf = (row: Row): Action | undefined => {
  const name = row.op === "set_owner_data" ? "set_workload_annotations" : row.op;
  return name !== null && name in startsFrom ? (name as Action) : undefined;
};

function answered(action: Action, actor: Actor, m: Machine): number {
  const problem = actionForbidden(actor, action, m) ?? (isDone(action, m) ? undefined : refusal(action, m));
  return problem === undefined ? 200 : (answer[problem.code] ?? 500);
}

/** What the rules say, where the table has the answer of a whole request. */
function wanted(row: Row, code: number): number {
  if (code === 401) return 403;
  if (code === (row.done ?? 200)) return 200;
  if (code === 400 && row.forbidden === 400) return row.op === "clone" ? 409 : 403;
  return code;
}

test("the table speaks of every status by its code", () => {
  assert.deepEqual(
    STATUS_NAMES.map((name) => [name, statusCode[name as MachineStatus]]),
    machineStatuses.map((name) => [name, statusCode[name]]).sort((a, b) => Number(a[1]) - Number(b[1])),
  );
});

/** Operations on parts of a machine (reference: networking-storage.md sections 6 and 14): an administrator's, else 409. */
const ON_PARTS: Partial<Record<Action, readonly number[]>> = {
  configure_network: [0, 4, 22, 10, 8],
  update_interface: [0, 4, 22, 10, 8, 6],
  tag_interface: ANY,
  configure_storage: [4],
  update_block_device: [4, 6],
  tag_partition: ANY,
};
/** Those that whoever holds the machine does too, on copies of his own. */
const HOLDERS: readonly Action[] = ["format_storage", "mount_special", "unmount_special"];

test("every action is in the table or among those on parts, but for allocate, which asks for a machine and not of one", () => {
  const listed = new Set(MATRIX.map(actionOf));
  assert.deepEqual(
    (Object.keys(startsFrom) as Action[]).filter(
      (action) => !listed.has(action) && !(action in ON_PARTS) && !HOLDERS.includes(action),
    ),
    ["allocate"],
  );
});

test("the parts of a machine are its administrator's, and change in few statuses", () => {
  for (const [action, from] of Object.entries(ON_PARTS) as [Action, readonly number[]][])
    for (const code of ANY) {
      const m = machine(status(code), { ownerId: OWNER });
      assert.equal(answered(action, actors.admin, m), from.includes(code) ? 200 : 409, `${action} of ${m.status}`);
      for (const caller of ["owner", "other", "nobody"] as const)
        assert.equal(answered(action, actors[caller], m), 403, `${action} of ${m.status} by ${caller}`);
    }
});

test("who holds a machine formats and mounts; while nobody does, an administrator does", () => {
  for (const action of HOLDERS)
    for (const code of ANY) {
      const mine = machine(status(code), { ownerId: OWNER });
      const allowed = [4, 10].includes(code) ? 200 : 409;
      const byUsers = code !== 4 ? allowed : action === "format_storage" ? 403 : 409;
      assert.equal(answered(action, actors.admin, mine), allowed, `${action} of ${mine.status}`);
      assert.equal(answered(action, actors.owner, mine), byUsers, `${action} of ${mine.status} by its owner`);
      assert.equal(answered(action, actors.other, mine), 403);
      assert.equal(answered(action, actors.nobody, mine), 403);
      const free = machine(status(code), { ownerId: null });
      assert.equal(answered(action, actors.other, free), byUsers, `${action} of nobody's ${free.status}`);
      assert.equal(answered(action, actors.admin, { ...mine, locked: true }), 403);
    }
});

test("permission and status answer as the table has it", () => {
  const wrong: string[] = [];
  let asked = 0;
  for (const row of MATRIX) {
    const action = actionOf(row);
    if (action === undefined) continue;
    for (const code of ANY)
      for (const owned of [true, false])
        for (const caller of CALLERS) {
          const m = machine(status(code), { ownerId: owned ? OWNER : null });
          const got = answered(action, actors[caller], m);
          let want = wanted(row, expected(row, code, caller, owned));
          // A destination that is another's is as much 400 as one in use: which of them, only the words say.
          if (row.op === "clone" && caller !== "admin") want = 403;
          if (got !== want)
            wrong.push(`${action} of ${m.status} (${owned ? "owned" : "nobody's"}) by ${caller}: ${got}, not ${want}`);
          asked += 1;
        }
  }
  assert.deepEqual(wrong, []);
  assert.ok(asked > 4000, String(asked));
});

test("a locked machine: nothing but reading and the lock", () => {
  for (const row of MATRIX) {
    const action = actionOf(row);
    if (action === undefined || row.forbidden === 400) continue;
    for (const caller of CALLERS)
      assert.equal(
        answered(action, actors[caller], machine("deployed", { locked: true })),
        wanted(row, expectedLocked(row, caller)),
        `${action} by ${caller}`,
      );
  }
});
