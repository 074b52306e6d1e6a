import assert from "node:assert/strict";
import { test } from "node:test";
import type { Actor } from "../machine/machine.ts";
import { isFor, missingValues } from "./recipients.ts";

const user = (userId: number, isSuperuser = false): Actor => ({ kind: "user", userId, username: "u", isSuperuser });
const nobody = { userId: null, users: false, admins: false };

test("it is for whom it names, and no one else", () => {
  assert.equal(isFor(user(1), { ...nobody, userId: 1 }), true);
  assert.equal(isFor(user(2, true), { ...nobody, userId: 1 }), false);
  assert.equal(isFor(user(2), { ...nobody, admins: true }), false);
  assert.equal(isFor(user(2, true), { ...nobody, admins: true }), true);
  assert.equal(isFor(user(2, true), { ...nobody, users: true }), true);
  assert.equal(isFor(user(2, true), nobody), false);
  assert.equal(isFor({ kind: "anonymous" }, { ...nobody, users: true }), false);
});

test("placeholders need values of the context's own", () => {
  assert.deepEqual(missingValues("{a} and {b} and {b}, {{c}}", { a: 1 }), ["b"]);
  assert.deepEqual(missingValues("{toString}", {}), ["toString"]);
});
