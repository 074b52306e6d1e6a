/** Deleting a user: nothing that others may rely on goes with one, somebody else gets it first. */
import { appendChange, appendChanges } from "@rackwright/db/change";
import type { Tx } from "@rackwright/db/connect";
import * as db from "@rackwright/db/user-removal";
import { DomainError, invalidField } from "@rackwright/domain/errors";
import { type Ctx, inTransaction } from "../context.ts";
import { audit, userIdOf } from "./audit.ts";
import { entityOf } from "./node-zones.ts";

/**
 * A user who is gone already stays so.
 * @param heir name of who gets what the user owns; undefined: the user owns nothing
 * @throws DomainError bad_request for the caller's own, and a user who still owns something; not_found when there is no such heir
 */
export async function deleteUser(ctx: Ctx, username: string, heir: string | undefined): Promise<void> {
  await inTransaction(ctx, async (tx) => {
    const users = await db.lockUsers(tx, heir ? [username, heir] : [username]);
    const user = users.find((each) => each.username === username);
    if (!user) return;
    if (user.id === userIdOf(ctx))
      throw new DomainError("bad_request", "You cannot delete yourself: ask another administrator.");
    if (heir) {
      const to = users.find((each) => each.username === heir);
      if (!to) throw new DomainError("not_found", `There is no user '${heir}' to transfer resources to.`);
      await transfer(ctx, tx, user, to);
    } else refuseOwner(username, await db.belongings(tx, user.id));
    await db.deleteUserRow(tx, user.id);
    await appendChange(tx, { kind: "delete", entity: "user", entityId: username });
    await audit(ctx, tx, "AUTHORISATION", `Deleted user '${username}'.`);
  });
}

function refuseOwner(username: string, owned: db.Belongings): void {
  const parts = [
    owned.nodes > 0 && `${owned.nodes} node(s)`,
    owned.addresses > 0 && `${owned.addresses} IP address(es)`,
    owned.ranges > 0 && `${owned.ranges} IP range(s)`,
  ].filter((part) => part !== false);
  if (parts.length > 0)
    throw new DomainError(
      "bad_request",
      `User '${username}' cannot be deleted, and still owns ${parts.join(", ")}: release them, or name who gets them as transfer_resources_to.`,
    );
}

interface Named {
  id: number;
  username: string;
}

async function transfer(ctx: Ctx, tx: Tx, from: Named, to: Named): Promise<void> {
  if (from.id === to.id)
    throw invalidField("transfer_resources_to", "The user who goes cannot get them: name another.");
  const [clash] = await db.filesOfBoth(tx, from.id, to.id);
  if (clash !== undefined)
    throw invalidField(
      "transfer_resources_to",
      `'${to.username}' has a file '${clash}' too: delete one of them first.`,
    );
  const { nodes, rangeIds } = await db.transferBelongings(tx, from.id, to.id);
  for (const entity of new Set(nodes.map((node) => entityOf(node.nodeType)))) {
    const entityIds = nodes.filter((n) => entityOf(n.nodeType) === entity).map((n) => n.systemId);
    await appendChanges(tx, { kind: "update", entity, entityIds });
  }
  await appendChanges(tx, { kind: "update", entity: "ip_range", entityIds: rangeIds.map(String) });
  await audit(ctx, tx, "AUTHORISATION", `Gave what user '${from.username}' owned to '${to.username}'.`);
}
