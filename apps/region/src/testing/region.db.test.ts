import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type TestRegion, testRegion } from "./region.ts";

let t: TestRegion;
before(async () => {
  t = await testRegion();
});
after(() => t?.close());

test("a test region answers over HTTP, signed and unsigned", async () => {
  const reply = await t.request(null, "GET", "/version/");
  assert.equal(reply.status, 200);
  assert.deepEqual(Object.keys(reply.json as object), ["capabilities", "version", "subversion"]);
  assert.equal((await t.request(t.user, "GET", "/users/")).status, 200);
  assert.equal((await t.request({ ...t.user.token, tokenSecret: "wrong" }, "GET", "/users/")).status, 401);
});

test("its racks answer what the test says, and nothing unless they are connected", async () => {
  t.racks.answer("power", ({ action }) => ({ state: action === "off" ? "off" : "on" }));
  const call = (nodeId: number) => t.region.racks.call(nodeId, "pullDhcp", {});
  await assert.rejects(call(1), { code: "rack_unavailable" });
  t.racks.connect({ nodeId: 1 });
  await assert.rejects(call(1), { code: "rack_unavailable" }, "no answer was given for it");
  t.racks.answer("pullDhcp", () => null);
  assert.equal(await call(1), null);
  t.racks.disconnect(1);
  await assert.rejects(call(1), { code: "rack_unavailable" });
});

test("its clock stands where the test puts it", () => {
  const at = new Date("2026-01-01T00:00:00Z");
  t.clock.set(at);
  t.clock.advance(1_000);
  assert.equal(t.region.now().toISOString(), "2026-01-01T00:00:01.000Z");
  t.clock.set(undefined);
});
