/** Who may do what with a machine (reference: lifecycle.md section 2). */
import type { LoadedMachine } from "@rackwright/db/machines";
import { DomainError } from "@rackwright/domain/errors";
import type { Actor, Machine } from "@rackwright/domain/machine/machine";

export type Permission = "view" | "edit" | "admin" | "admin_read" | "lock";

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
    case "admin":
      return actor.isSuperuser && !m.locked;
    case "admin_read":
      return actor.isSuperuser;
  }
}

/**
 * The machine, when the actor may do this to it.
 * @throws DomainError not_found when there is none, forbidden when it is not the actor's to touch
 */
export function permitted(actor: Actor, permission: Permission, loaded: LoadedMachine | undefined): LoadedMachine {
  if (!loaded) throw new DomainError("not_found", "No Machine matches the given query.");
  if (mayDo(actor, permission, loaded.machine)) return loaded;
  const why =
    loaded.machine.locked && permission !== "view"
      ? `${loaded.machine.hostname} is locked: unlock it first.`
      : `You may not ${permission} ${loaded.machine.hostname}.`;
  throw new DomainError("forbidden", why);
}
