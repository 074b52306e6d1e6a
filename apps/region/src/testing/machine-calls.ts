/** Calls about machines, as short as a test wants them. */
import assert from "node:assert/strict";
import type { TestRegion, TestUser } from "./region.ts";
import type { Values } from "./request.ts";

export function machineCalls(region: () => TestRegion) {
  const create = (who: TestUser | null, form: Values) => region().request(who, "POST", "machines/", { form });
  const op = (who: TestUser | null, m: { systemId: string }, name: string, form: Values = {}) =>
    region().request(who, "POST", `machines/${m.systemId}/`, { query: { op: name }, form });
  const ask = (who: TestUser | null, m: { systemId: string }, name: string) =>
    region().request(who, "GET", `machines/${m.systemId}/`, { query: { op: name } });
  const many = (who: TestUser | null, name: string, form: Values = {}) =>
    region().request(who, "POST", "machines/", { query: { op: name }, form });
  const list = async (who: TestUser, query: Values = {}) => {
    const reply = await region().request(who, "GET", "machines/", { query });
    assert.equal(reply.status, 200, reply.text);
    return (reply.json as { system_id: string }[]).map((m) => m.system_id);
  };
  return { create, op, ask, many, list };
}
