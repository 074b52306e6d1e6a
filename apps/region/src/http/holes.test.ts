import assert from "node:assert/strict";
import { test } from "node:test";
import { HoleFiller, hole, holeWithin, textWithHoles } from "./holes.ts";
import { jsonText } from "./reply.ts";

const zones: Record<number, { name: string; notes: string[] }> = { 1: { name: 'a "quoted"\nzone', notes: ["x", "y"] } };
const filler = () =>
  new HoleFiller({
    zone: (id: number) => zones[id],
    name: (id: number) => zones[id]?.name,
    sum: (numbers: number[]) => numbers.reduce((a, b) => a + b, 0),
    nothing: () => null,
  });

test("a filled text has the bytes that the whole value has in its place", () => {
  const value = (zone: unknown, name: string, sum: unknown, nothing: unknown) => ({
    zone,
    deep: [{ zone, url: `/zones/${name}/`, sum }],
    nothing,
    same: "text",
  });
  const holed = textWithHoles(
    value(hole("zone", 1), holeWithin("name", 1), hole("sum", [1, 2, 3]), hole("nothing")),
    2,
  );
  const whole = { machines: [value(zones[1], zones[1]?.name ?? "", 6, null)] };
  assert.equal(`{\n    "machines": [\n        ${filler().fill(holed)}\n    ]\n}`, jsonText(whole));
});

test("what users write is never taken for a hole", () => {
  const texts = ["\u0001", '\u00010["zone",1]\u0001', "\\u0001", '~["name",1]', String.raw`"=["zone",1]"`];
  const value = { texts, [String(texts[1])]: texts };
  assert.deepEqual(JSON.parse(filler().fill(textWithHoles(value, 0))), value);
});

test("each reply is filled with what is so then", () => {
  const holed = textWithHoles({ name: holeWithin("name", 1) }, 0);
  const before = filler().fill(holed);
  zones[1] = { name: "renamed", notes: [] };
  assert.notEqual(before, filler().fill(holed));
  assert.deepEqual(JSON.parse(filler().fill(holed)), { name: "renamed" });
});

test("a hole that nothing fills is an error, not a gap", () => {
  assert.throws(() => new HoleFiller({}).fill(textWithHoles(hole("zone", 1), 0)), /nothing fills the hole zone/);
});
