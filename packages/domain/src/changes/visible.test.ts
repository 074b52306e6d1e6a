import assert from "node:assert/strict";
import { test } from "node:test";
import type { Actor } from "../machine/machine.ts";
import { comparePlaces, decidingMachine, maySee, parsePlace, placeText } from "./visible.ts";

const user: Actor = { kind: "user", userId: 2, username: "u", isSuperuser: false };
const admin: Actor = { kind: "user", userId: 1, username: "a", isSuperuser: true };
const owners: Record<string, number> = { mine: 2, theirs: 3 };
const may = (actor: Actor, entity: string, entityId = "x", visibleTo: string | null = null) =>
  maySee(actor, { entity, entityId, visibleTo }, (id) => owners[id] ?? null);

test("a user sees what is common, own and nobody's; not what is another's or of administrators", () => {
  assert.ok(may(user, "subnet") && may(user, "tag") && may(user, "config"));
  assert.ok(may(user, "machine", "mine") && may(user, "machine", "free") && may(user, "machine", "x", "2"));
  assert.ok(
    !may(user, "machine", "theirs") && !may(user, "script_result", "theirs") && !may(user, "machine", "x", "3"),
  );
  assert.ok(may(user, "ssh_key", "7", "2") && !may(user, "ssh_key", "7"));
  assert.ok(!may(user, "user", "a") && !may(user, "what_comes_later"));
});

test("an administrator sees everything; a machine and a stranger nothing", () => {
  assert.ok(may(admin, "machine", "theirs") && may(admin, "user") && may(admin, "machine", "x", "3"));
  assert.ok(!may({ kind: "machine", systemId: "mine" }, "subnet") && !may({ kind: "anonymous" }, "subnet"));
});

test("a change that says for whom it is asks for no owner", () => {
  assert.equal(decidingMachine({ entity: "machine", entityId: "m", visibleTo: "2" }), undefined);
  assert.equal(decidingMachine({ entity: "machine", entityId: "m", visibleTo: null }), "m");
  assert.equal(decidingMachine({ entity: "tag", entityId: "m", visibleTo: null }), undefined);
});

test("places are read, written and compared beyond what a number holds", () => {
  const place = { txid: "9007199254740993", id: 4 };
  assert.deepEqual(parsePlace(placeText(place)), place);
  for (const text of ["", "1", "1:", ":1", "a:1", "1:1:1", "-1:1"]) assert.equal(parsePlace(text), undefined, text);
  assert.ok(comparePlaces({ txid: "9007199254740992", id: 9 }, place) < 0);
  assert.ok(comparePlaces({ txid: "10", id: 1 }, { txid: "9", id: 5 }) > 0);
  assert.equal(comparePlaces(place, { ...place }), 0);
});
