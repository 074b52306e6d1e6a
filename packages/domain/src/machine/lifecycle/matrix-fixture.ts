/**
 * What every operation on a machine answers, by status and caller: transcribed from the reference (lifecycle.md sections 1, 2, 5, 6, 8 and
 * 11 to 13), knowing nothing of the rules that it is held against. Two tests read it: of the pure rules, and of the API over HTTP.
 */

/** By their codes, 0 to 22. */
export const STATUS_NAMES =
  "new commissioning failed_commissioning missing ready reserved deployed retired broken deploying allocated failed_deployment releasing failed_releasing disk_erasing failed_disk_erasing rescue_mode entering_rescue_mode failed_entering_rescue_mode exiting_rescue_mode failed_exiting_rescue_mode testing failed_testing".split(
    " ",
  );

export const ANY = STATUS_NAMES.map((_, code) => code);

/** nobody: without credentials. other: a plain user who is not the machine's. */
export type Caller = "nobody" | "other" | "owner" | "admin";
export const CALLERS: readonly Caller[] = ["nobody", "other", "owner", "admin"];

export interface Row {
  /** GET, POST, PUT or DELETE of the machine; `many`: of all machines, which names it. */
  method: "GET" | "POST" | "PUT" | "DELETE" | "many";
  /** Operation; null: the plain method. */
  op: string | null;
  /** Permission (section 2). own: as edit, and only the machine's own user. */
  needs: "view" | "edit" | "admin" | "admin_read" | "lock" | "own";
  /** Codes of the statuses in which it is done; it is then answered with `done`. */
  from: readonly number[];
  done?: number;
  /** In any other status. */
  otherwise?: number;
  /** To a logged-in caller who lacks the permission. */
  forbidden?: number;
  /** Of an unowned machine, where that differs for whoever may edit it. */
  unowned?: number;
}

const get = (op: string | null, needs: Row["needs"]): Row => ({ method: "GET", op, needs, from: ANY });
const post = (op: string, needs: Row["needs"], from: readonly number[], more: Partial<Row> = {}): Row => ({
  method: "POST",
  op,
  needs,
  from,
  otherwise: 409,
  ...more,
});
const many = (op: string, needs: Row["needs"], from: readonly number[], more: Partial<Row> = {}): Row => ({
  ...post(op, needs, from, more),
  method: "many",
});

/** Section 1: what can be given back; section 11: Ready and Releasing are answered as if they had been, and nothing is done. */
const RELEASED = [10, 5, 8, 9, 6, 11, 15, 13, 4, 12];

export const MATRIX: readonly Row[] = [
  get(null, "view"),
  get("details", "view"),
  get("get_token", "admin_read"),
  get("power_parameters", "admin_read"),
  { method: "GET", op: "get_curtin_config", needs: "view", from: [9, 6, 11], otherwise: 400 },
  { method: "PUT", op: null, needs: "admin", from: ANY },
  { method: "DELETE", op: null, needs: "admin", from: ANY, done: 204 },

  post("commission", "admin", [0, 2, 4, 8], { otherwise: 400 }),
  post("test", "admin", [2, 0, 4, 5, 10, 11, 6, 3, 7, 8, 16, 13, 15, 18, 20, 22], { otherwise: 400 }),
  post("deploy", "edit", [4, 10]),
  post("release", "edit", RELEASED),
  post("abort", "edit", [1, 21, 9, 14]),
  post("power_on", "edit", ANY, { unowned: 409 }),
  post("power_off", "edit", ANY),
  post("lock", "lock", [6, 9]),
  // All of these are not locked; see LOCKED for those that are.
  post("unlock", "lock", []),
  // Section 4 has a way to Broken from everywhere.
  post("mark_broken", "own", ANY, { unowned: 403 }),
  post("mark_fixed", "admin", [8]),
  post("override_failed_testing", "admin", [22]),
  post("rescue_mode", "admin", [0, 2, 4, 5, 10, 11, 6, 3, 7, 8, 15, 18, 22]),
  post("exit_rescue_mode", "admin", [16, 17, 18, 20]),
  post("restore_default_configuration", "admin", [4, 22]),
  post("restore_networking_configuration", "admin", [4, 22]),
  post("restore_storage_configuration", "admin", [4, 22]),
  post("clear_default_gateways", "admin", ANY),
  post("set_storage_layout", "admin", [4]),
  post("set_workload_annotations", "own", ANY, { forbidden: 403, unowned: 409 }),
  post("set_owner_data", "own", ANY, { forbidden: 403, unowned: 409 }),

  many("accept", "admin", [0, 1, 4]),
  many("release", "edit", RELEASED),
  many("clone", "admin", [4, 22], { done: 204, otherwise: 400, forbidden: 400 }),
  many("set_zone", "admin", ANY, { forbidden: 400 }),
];

/** Operations on a locked machine that its permissions and not its status decide: of a Deployed one, by its owner or an administrator. */
export const LOCKED: Record<string, number> = { lock: 409, unlock: 200 };

/** What is answered to `caller` for a machine in status `code` that is not locked. */
export function expected(row: Row, code: number, caller: Caller, owned: boolean): number {
  if (caller === "nobody") return 401;
  const refused = permission(row, caller, owned);
  if (refused !== undefined) return refused;
  if (!owned && row.unowned !== undefined) return row.unowned;
  return row.from.includes(code) ? (row.done ?? 200) : (row.otherwise ?? 409);
}

function permission(row: Row, caller: Exclude<Caller, "nobody">, owned: boolean): number | undefined {
  const forbidden = row.forbidden ?? 403;
  // Nobody's machine is anybody's to see and edit; somebody's is his and the administrators'.
  if (owned && caller === "other") return forbidden;
  if ((row.needs === "admin" || row.needs === "admin_read") && caller !== "admin") return forbidden;
  // An administrator may edit it, but it is not his own: section 13 has 403 for one of these and 409 for the other.
  if (row.needs === "own" && owned && caller === "admin") return row.unowned;
  return undefined;
}

/** The same for a machine that is locked. */
export function expectedLocked(row: Row, caller: Caller): number {
  if (caller === "nobody") return 401;
  const refused = permission(row, caller, true);
  if (row.needs === "lock") return refused ?? LOCKED[row.op ?? ""] ?? 200;
  if (row.needs === "view" || row.needs === "admin_read") return refused ?? row.done ?? 200;
  return row.forbidden ?? 403;
}
