/** Handlers by action: what `api/` fills and `dispatch.ts` reads. */
import type { Action } from "@rackwright/contract/action";
import type { Params, ValuesOf } from "@rackwright/contract/params";
import type { Readable } from "node:stream";
import type { Ctx } from "../context.ts";

export interface Call<P extends Params> {
  ctx: Ctx;
  /** Parameters of the path, by name. */
  path: Record<string, string>;
  params: ValuesOf<P>;
  /** Values under the action's wildcard, the prefix taken off. */
  extra: Record<string, string>;
  /** Names that the caller gave at all: updates leave the others alone. */
  given: ReadonlySet<string>;
  request: {
    origin: string;
    body: Readable;
    contentLength: number | undefined;
    lastEventId: string | undefined;
    /** Address of the caller, also behind a rack of ours. */
    address: () => Promise<string>;
  };
}

export type Handler<P extends Params = Params> = (call: Call<P>) => Promise<unknown>;

export class Routes {
  // By the declaration itself: two versions may call things alike.
  private readonly handlers = new Map<Action, { handler: Handler; rawBody: boolean }>();

  /** Bind a handler to an action. @throws Error when the action has one */
  on<P extends Params>(action: Action<P>, handler: Handler<P>, options: { rawBody?: boolean } = {}): void {
    const key = action as unknown as Action;
    if (this.handlers.has(key)) throw new Error(`${action.resource.name}.${action.name} has two handlers`);
    this.handlers.set(key, { handler: handler as unknown as Handler, rawBody: options.rawBody ?? false });
  }

  get(action: Action): { handler: Handler; rawBody: boolean } | undefined {
    return this.handlers.get(action);
  }
}

export function keyOf(action: Pick<Action, "name" | "resource">): string {
  return `${action.resource.name}.${action.name}`;
}
