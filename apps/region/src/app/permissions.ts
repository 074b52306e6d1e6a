/** Machines only for those who may: the rules are in packages/domain/src/machine/permissions.ts. */
import type { LoadedMachine } from "@rackwright/db/machines";
import { DomainError } from "@rackwright/domain/errors";
import type { Action } from "@rackwright/domain/machine/lifecycle";
import type { Actor } from "@rackwright/domain/machine/machine";
import { actionForbidden, forbiddance, type Permission } from "@rackwright/domain/machine/permissions";

function found(loaded: LoadedMachine | undefined): LoadedMachine {
  if (!loaded) throw new DomainError("not_found", "No Machine matches the given query.");
  return loaded;
}

/**
 * The machine, when the actor may do this to it.
 * @throws DomainError not_found when there is none, forbidden when it is not the actor's to touch
 */
export function permitted(actor: Actor, permission: Permission, loaded: LoadedMachine | undefined): LoadedMachine {
  const one = found(loaded);
  const forbidden = forbiddance(actor, permission, one.machine);
  if (forbidden) throw forbidden;
  return one;
}

/** The same for an action of the lifecycle. Whether its status allows it is asked afterwards. */
export function permittedTo(actor: Actor, action: Action, loaded: LoadedMachine | undefined): LoadedMachine {
  const one = found(loaded);
  const forbidden = actionForbidden(actor, action, one.machine);
  if (forbidden) throw forbidden;
  return one;
}
