/** Which actions of the API succeeded in a test: recorded in a file where RACKWRIGHT_RECORD_ACTIONS names one. */
import { appendFileSync } from "node:fs";
import { basename } from "node:path";
import { keyOf, Routes } from "../http/route.ts";

/** The variable that names the file. Each line: Resource.action, a tab, the test file. */
export const RECORD_ACTIONS = "RACKWRIGHT_RECORD_ACTIONS";

const file = process.env[RECORD_ACTIONS];
if (file) record(file);

/** Those of every server in this process: a test may make one of its own. */
function record(into: string): void {
  const get = Reflect.get(Routes.prototype, "get");
  const seen = new Set<string>();
  Routes.prototype.get = function (action) {
    const bound = get.call(this, action);
    if (!bound) return undefined;
    return {
      ...bound,
      handler: async (call) => {
        const result = await bound.handler(call);
        const key = keyOf(action);
        // Several test files write at once: one short line is appended whole.
        if (!seen.has(key)) appendFileSync(into, `${key}\t${basename(process.argv[1] ?? "")}\n`);
        seen.add(key);
        return result;
      },
    };
  };
}
