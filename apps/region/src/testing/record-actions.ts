/** Which actions of the API succeeded in a test: recorded in a file where RACKWRIGHT_RECORD_ACTIONS names one. */
import { appendFileSync } from "node:fs";
import { basename } from "node:path";
import { keyOf, type Routes } from "../http/route.ts";

/** The variable that names the file. Each line: Resource.action, a tab, the test file. */
export const RECORD_ACTIONS = "RACKWRIGHT_RECORD_ACTIONS";

export function recordActions(routes: Routes): Routes {
  const file = process.env[RECORD_ACTIONS];
  if (!file) return routes;
  const get = routes.get.bind(routes);
  const seen = new Set<string>();
  routes.get = (action) => {
    const bound = get(action);
    if (!bound) return undefined;
    return {
      ...bound,
      handler: async (call) => {
        const result = await bound.handler(call);
        const key = keyOf(action);
        // Several test files write at once: one short line is appended whole.
        if (!seen.has(key)) appendFileSync(file, `${key}\t${basename(process.argv[1] ?? "")}\n`);
        seen.add(key);
        return result;
      },
    };
  };
  return routes;
}
