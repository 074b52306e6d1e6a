/** Who may do what with a machine: the only place that says so (reference: lifecycle.md sections 2 and 13). */
import { DomainError, type ErrorCode } from "../errors.ts";
import type { Action } from "./lifecycle.ts";
import type { Actor, Machine } from "./machine.ts";

/** own: of nobody else, and not of a machine that nobody holds; what API 1.0 asks of those who change something. */
export type Permission = "view" | "edit" | "own" | "admin" | "admin_read" | "lock";

/** What each action asks of its caller. Reading, changing and deleting have no row: they name their permission. */
export const permissionFor = {
  accept: "admin",
  commission: "admin",
  test: "admin",
  allocate: "edit",
  deploy: "edit",
  release: "edit",
  abort: "edit",
  power_on: "edit",
  power_off: "edit",
  lock: "lock",
  unlock: "lock",
  mark_broken: "edit",
  mark_fixed: "admin",
  override_failed_testing: "admin",
  rescue_mode: "admin",
  exit_rescue_mode: "admin",
  set_workload_annotations: "edit",
  clear_default_gateways: "admin",
  set_storage_layout: "admin",
  configure_network: "admin",
  update_interface: "admin",
  tag_interface: "admin",
  configure_storage: "admin",
  update_block_device: "admin",
  format_storage: "edit",
  mount_special: "edit",
  unmount_special: "edit",
  tag_partition: "admin",
  restore_default_configuration: "admin",
  restore_networking_configuration: "admin",
  restore_storage_configuration: "admin",
  clone: "admin",
  get_curtin_config: "view",
} as const satisfies Record<Action, Permission>;

/** Only the machine's user: an administrator too would do it to somebody else's machine. With the code that clients know. */
const usersOwn: Partial<Record<Action, ErrorCode>> = { mark_broken: "forbidden", set_workload_annotations: "conflict" };

/** What a holder does to copies of his own would, of a machine that nobody holds, stay for whoever comes next. With the code that clients know. */
const administratorsWhileReady: Partial<Record<Action, ErrorCode>> = {
  format_storage: "forbidden",
  mount_special: "wrong_status",
  unmount_special: "wrong_status",
};

/** Actions in a sentence where only the user may. */
const ownDeed: Partial<Record<Action, string>> = {
  mark_broken: "marks a machine broken",
  set_workload_annotations: "annotates a machine",
};

type Subject = Pick<Machine, "hostname" | "ownerId" | "locked">;

export function mayDo(actor: Actor, permission: Permission, m: Pick<Machine, "ownerId" | "locked">): boolean {
  if (actor.kind === "system") return true;
  if (actor.kind !== "user") return false;
  const holds = actor.isSuperuser || m.ownerId === null || m.ownerId === actor.userId;
  switch (permission) {
    case "view":
    case "lock":
      return holds;
    case "edit":
      return holds && !m.locked;
    case "own":
      return (actor.isSuperuser || m.ownerId === actor.userId) && !m.locked;
    case "admin":
      return actor.isSuperuser && !m.locked;
    case "admin_read":
      return actor.isSuperuser;
  }
}

/** Why this caller may not, in words; undefined when he may. */
export function forbiddance(actor: Actor, permission: Permission, m: Subject): DomainError | undefined {
  if (mayDo(actor, permission, m)) return undefined;
  const locked = m.locked && mayDo(actor, permission, { ...m, locked: false });
  return new DomainError(
    "forbidden",
    locked
      ? `${m.hostname} is locked: unlock it first.`
      : permission === "own"
        ? `${m.hostname} is not yours: only its user and administrators may do this.`
        : `You may not ${permission} ${m.hostname}.`,
  );
}

/** The same for an action: its permission, and whose machine it has to be. */
export function actionForbidden(
  actor: Actor,
  action: Action,
  m: Subject & Pick<Machine, "status">,
): DomainError | undefined {
  const forbidden = forbiddance(actor, permissionFor[action], m);
  if (forbidden) return forbidden;
  const whileFree = administratorsWhileReady[action];
  if (whileFree !== undefined && m.status === "ready" && !mayDo(actor, "admin", m))
    return new DomainError(whileFree, `Nobody holds ${m.hostname}: only an administrator changes its disks.`);
  const code = usersOwn[action];
  if (code === undefined || actor.kind !== "user" || m.ownerId === actor.userId) return undefined;
  return new DomainError(
    code,
    `${m.hostname} is not allocated to you: only its user ${ownDeed[action] ?? "does that"}.`,
  );
}
