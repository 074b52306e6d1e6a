/** Actions of ours that API 2.0 has not, and what for. Whatever shows the contract marks them; a test compares with the facts. */
import type { Action } from "./action.ts";

/** `GET /machines/{system_id}/?op=timeline` */
export const labelOf = ({ method, op, resource }: Pick<Action, "method" | "op" | "resource">): string =>
  `${method} ${resource.path}${op === null ? "" : `?op=${op}`}`;

export const additions: Readonly<Record<string, string>> = {
  "GET /changes/": "the record of what changed, for programs that keep a copy",
  "GET /changes/?op=stream": "as above, as it happens",
  "GET /machines/{system_id}/?op=timeline": "what happened to a machine, and was seen of it, as one list",
  "GET /machines/{system_id}/?op=diagnose": "what is wrong with a machine and what to check",
  "GET /machines/{system_id}/?op=inventory_diff": "what has changed in a machine since it was commissioned before",
  "GET /machines/{system_id}/?op=support_bundle": "as above, to be sent to whoever helps",
  "GET /machines/?op=search": "machines by a filter that people write, a page at a time",
  "GET /machines/?op=search_counts": "how many of them there are, in all and by group",
  "GET /nodes/{system_id}/results/{id}/?op=follow": "what scripts print while they run, as they print it",
  "PUT /nodes/{system_id}/results/": "the manual's node-script-results update",
  "GET /simulator/": "emulated machines: they exist on installations made with --simulated alone",
  "POST /simulator/?op=take": "as above",
  "POST /simulator/?op=report": "as above",
  "GET /tags/{name}/?op=evaluation": "how far the machines of a tag's definition have been found",
};

/** What the action is for, when it is an addition of ours. */
export const additionOf = (action: Pick<Action, "method" | "op" | "resource">): string | undefined =>
  Object.hasOwn(additions, labelOf(action)) ? additions[labelOf(action)] : undefined;
