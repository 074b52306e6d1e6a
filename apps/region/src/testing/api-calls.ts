/** Calls of the API by one user, as short as a test wants them. */
import assert from "node:assert/strict";
import { after } from "node:test";
import { type TestRegion, testRegion, type TestUser } from "./region.ts";

// oxlint-disable-next-line typescript/no-explicit-any
export type Json = any;
export type Fields = Record<string, string | number | string[]>;
export interface Reply {
  status: number;
  json: Json;
}

export interface Caller {
  get(path: string): Promise<Reply>;
  post(path: string, fields?: Fields): Promise<Reply>;
  put(path: string, fields?: Fields): Promise<Reply>;
  delete(path: string): Promise<Reply>;
  /** What a POST made or did. Fails unless it was taken. */
  made(path: string, fields?: Fields): Promise<Json>;
}

/** A region for all tests of a file, with calls by its users. It ends with them. */
export async function regionWithCallers(): Promise<{ t: TestRegion; admin: Caller; user: Caller }> {
  const t = await testRegion();
  after(() => t.close());
  return { t, admin: caller(t, t.admin), user: caller(t, t.user) };
}

export function caller(t: TestRegion, who: TestUser | null): Caller {
  const call = async (method: string, path: string, fields?: Fields): Promise<Reply> => {
    const response = await t.request(who, method, path, fields ? { form: fields } : {});
    const { text } = response;
    return { status: response.status, json: /^[{["\dtfn]/.test(text) ? parsed(text) : text };
  };
  return {
    get: (path) => call("GET", path),
    post: (path, fields = {}) => call("POST", path, fields),
    put: (path, fields = {}) => call("PUT", path, fields),
    delete: (path) => call("DELETE", path),
    async made(path, fields = {}) {
      const { status, json } = await call("POST", path, fields);
      assert.equal(status, 200, `POST ${path} ${JSON.stringify(fields)}: ${JSON.stringify(json)}`);
      return json;
    },
  };
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** The names of the fields that a 400 complains of. */
export const refused = async (reply: Promise<Reply>): Promise<string[]> => {
  const { status, json } = await reply;
  assert.equal(status, 400, JSON.stringify(json));
  return Object.keys(json);
};
