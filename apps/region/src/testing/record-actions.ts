/** What tests saw the API answer: recorded in a file where RACKWRIGHT_RECORD_ACTIONS names one. */
import { subscribe } from "node:diagnostics_channel";
import { appendFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { basename } from "node:path";
import { findAction } from "@rackwright/contract/find";
import { api20 } from "@rackwright/contract/versions";
import { collapseSlashes } from "../http/dispatch.ts";
import { keyOf } from "../http/route.ts";

/** The variable that names the file. Each line: Resource.action, its status, the test file; tabs between them. */
export const RECORD_ACTIONS = "RACKWRIGHT_RECORD_ACTIONS";

const file = process.env[RECORD_ACTIONS];
if (file) record(file);

/** Those of every server in this process: a test may make one of its own. */
function record(into: string): void {
  const test = basename(process.argv[1] ?? "");
  const seen = new Set<string>();
  subscribe("http.server.response.finish", (message) => {
    const { request, response } = message as { request: IncomingMessage; response: ServerResponse };
    const key = actionOf(request);
    const line = `${key}\t${response.statusCode}\t${test}\n`;
    if (key === undefined || seen.has(line)) return;
    seen.add(line);
    // Several test files write at once: one short line is appended whole.
    appendFileSync(into, line);
  });
}

/** As it would be dispatched. An operation that is named in the body is not seen: tests name it in the address. */
function actionOf({ url = "", method = "" }: IncomingMessage): string | undefined {
  const { pathname, searchParams } = new URL(url, "http://localhost");
  const path = collapseSlashes(pathname);
  const found = path.startsWith(api20.root) ? api20.find(path.slice(api20.root.length)) : undefined;
  const op = searchParams.get("op") || found?.pathOp || null;
  const action = found && findAction(found.resource, method, op?.replaceAll("-", "_") ?? null);
  return action && keyOf(action);
}
