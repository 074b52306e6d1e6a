/** Who changed what, for the audit log. Descriptions never carry a secret: names and ids alone. */
import type { Tx } from "@rackwright/db/connect";
import { insertEvents } from "@rackwright/db/history";
import type { EventType } from "@rackwright/domain/machine/event";
import { actorName, type Ctx } from "../context.ts";

export async function audit(ctx: Pick<Ctx, "actor">, tx: Tx, type: EventType, description: string): Promise<void> {
  await insertEvents(tx, { nodeId: null, hostname: "", username: actorName(ctx.actor) }, [{ type, description }]);
}

/** Id of the user who asks. @throws Error for anyone else: the door has let in users only */
export function userIdOf(ctx: Pick<Ctx, "actor">): number {
  if (ctx.actor.kind !== "user") throw new Error(`a user is needed here, not ${ctx.actor.kind}`);
  return ctx.actor.userId;
}
