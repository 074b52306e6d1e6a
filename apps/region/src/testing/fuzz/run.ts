/**
 * Requests at random over the whole contract. Whatever is sent: an answer within seconds, less than 500, with a type, and refusals with
 * something to read; and what is refused leaves the database as it was.
 */
import type { Action } from "@rackwright/contract/action";
import { allActions } from "@rackwright/contract/table";
import type { TestRegion } from "../region.ts";
import type { Response } from "../request.ts";
import { Dice } from "./dice.ts";
import { changed, stateOf, tablesOf } from "./state.ts";
import { There } from "./there.ts";
import { nonsense, valueFor } from "./values.ts";
import { bodyOf, type Field, urlencode } from "./wire.ts";
import { buildWorld } from "./world.ts";

export interface FuzzResult {
  requests: number;
  /** How often each status was answered. */
  statuses: Map<number, number>;
  failures: string[];
}

/** Nothing takes longer, on a loaded host either. */
const HANGS_MS = 20_000;
/** What successful requests delete is made again so often. */
const REBUILD_EVERY = 1500;
const LOOK_EVERY = 40;
/** A region of which so much is wrong need not be asked further. */
const ENOUGH = 40;

export async function fuzz(
  t: TestRegion,
  options: { seed: number; requests: number; limitMs?: number; onProgress?: (done: number) => void },
): Promise<FuzzResult> {
  const dice = new Dice(options.seed);
  const actions = allActions();
  const tables = await tablesOf(t.db);
  const result: FuzzResult = { requests: 0, statuses: new Map(), failures: [] };
  const began = performance.now();
  let there = await There.look(t.db, actions);
  let before = await stateOf(t.db, tables);
  for (let n = 0; n < options.requests && result.failures.length < ENOUGH; n += 1) {
    if (performance.now() - began > (options.limitMs ?? Infinity)) break;
    if (n % REBUILD_EVERY === 0) {
      await buildWorld(t, n / REBUILD_EVERY);
      before = await stateOf(t.db, tables);
    }
    if (n % LOOK_EVERY === 0) there = await There.look(t.db, actions);
    const action = dice.pick(actions);
    const { who, method, target, headers, body, label } = requestFor(dice, t, action, there);
    const sent = t.request(who, method, target, { ...(body ? { body } : {}), headers });
    const reply = await within(sent).catch((error: unknown) => String(error));
    const after = await stateOf(t.db, tables);
    const wrong = complaints(reply, method, changed(before, after));
    before = after;
    if (typeof reply !== "string") result.statuses.set(reply.status, (result.statuses.get(reply.status) ?? 0) + 1);
    for (const text of wrong) result.failures.push(`#${n} ${label}: ${text}`);
    result.requests += 1;
    if (n % 1000 === 999) options.onProgress?.(n + 1);
  }
  return result;
}

function complaints(reply: Response | string, method: string, tables: string[]): string[] {
  if (typeof reply === "string") return [`no answer: ${reply}`];
  const { status, text, headers } = reply;
  const wrong: string[] = [];
  // Racks are simulated and may be away; 503 and 504 say so. 500 is a bug of ours.
  if (status >= 500 && ![503, 504].includes(status)) wrong.push(`${status}: ${text.slice(0, 300)}`);
  if (headers["content-type"] === undefined) wrong.push(`${status} without a type`);
  if (status >= 400 && method !== "HEAD" && text.trim() === "") wrong.push(`${status} without a word`);
  if (status >= 400 && tables.length > 0) wrong.push(`${status} (${text.slice(0, 200)}) changed ${tables.join(", ")}`);
  return wrong;
}

async function within(reply: Promise<Response>): Promise<Response> {
  let timer: NodeJS.Timeout | undefined;
  const hangs = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing within ${HANGS_MS} ms`)), HANGS_MS);
  });
  try {
    return await Promise.race([reply, hangs]);
  } finally {
    clearTimeout(timer);
  }
}

function requestFor(dice: Dice, t: TestRegion, action: Action, there: There) {
  const who = dice.percent(75) ? t.admin : dice.pick([t.user, t.user, t.other, null]);
  const rows = there.rowsFor(action.resource.path);
  const row = rows.length > 0 ? dice.pick(rows) : {};
  const path = action.resource.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = dice.percent(90) ? (row[name] ?? String(1 + dice.below(20))) : nonsense(dice);
    return urlencode([["", value]]).slice(1, 2_000) || "x";
  });
  const fields = fieldsFor(dice, action, there);
  // A stream that is accepted never ends; asked by HEAD, it answers and has no body.
  const method =
    action.name === "stream" ? "HEAD" : dice.percent(98) ? action.method : dice.pick(["GET", "POST", "PUT", "DELETE"]);
  const query: Field[] = [["op", dice.percent(98) ? (action.op ?? "") : nonsense(dice)]];
  const inQuery = method === "GET" || method === "HEAD" || (method === "DELETE" && dice.percent(90)) || dice.percent(5);
  const { headers, body } = inQuery ? { headers: {}, body: undefined } : bodyOf(dice, fields);
  // Requests have no more than this before their body; longer lines are refused before anybody looks.
  const asked = urlencode(inQuery ? [...query, ...fields] : query)
    .slice(0, 14_000)
    .replace(/%[0-9A-F]?$/, "");
  const said = fields.map(
    ([name, value]) =>
      `${name}=${JSON.stringify(
        Buffer.from(value as Uint8Array)
          .toString("latin1")
          .slice(0, 80),
      )}`,
  );
  const type = Object.values(headers)[0] ?? "";
  const label = `${who?.username ?? "nobody"} ${method} ${path.slice(0, 100)} op=${action.op} (${action.resource.name}.${action.name}) ${type} ${said.join(" ").slice(0, 700)}`;
  return { who, method, target: `${path}?${asked}`, headers: headers as Record<string, string>, body, label };
}

function fieldsFor(dice: Dice, action: Action, there: There): Field[] {
  const fields: Field[] = [];
  // Few parameters are often right together, many seldom.
  const share = dice.pick([15, 40, 80]);
  for (const [name, param] of Object.entries(action.params)) {
    if (!dice.percent(param.required ? 93 : share)) continue;
    const times = dice.percent(6) ? 2 + dice.below(3) : 1;
    for (let n = 0; n < times; n += 1) fields.push([name, valueFor(dice, name, param, there)]);
  }
  if (action.wildcard !== undefined && dice.percent(50))
    fields.push([
      `${action.wildcard}${dice.pick(["", "x", "power_address", "__proto__"])}`,
      valueFor(dice, "", undefined, there),
    ]);
  if (dice.percent(5))
    fields.push([dice.pick(["unknown", "__proto__", "constructor", "op", "oauth_token", "\u0000"]), nonsense(dice)]);
  return fields;
}
