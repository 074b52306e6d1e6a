import assert from "node:assert/strict";
import { test } from "node:test";
import { type Order, wrongOrders } from "./power-journal.ts";

/** `on` did something, `(on)` did not. */
const orders = (text: string): Order[] =>
  text
    .split(" ")
    .filter((word) => word !== "")
    .map((word) => ({
      at: 0,
      phase: "deploy",
      wanted: word.includes("on") ? "on" : "off",
      did: !word.startsWith("("),
      doing: "script",
    }));

test("a cycle starts the machine once, whatever it was before; orders that change nothing are no harm", () => {
  for (const text of ["on", "off on", "off (off) on (on)", "(off) on"])
    assert.deepEqual(wrongOrders(orders(text), "cycle"), []);
  assert.deepEqual(wrongOrders(orders("off on off on"), "cycle"), [
    "cycle: off (script), on (script), off (script), on (script)",
  ]);
  for (const text of ["", "off", "on off", "on off on", "(on)"])
    assert.equal(wrongOrders(orders(text), "cycle").length, 1, text);
});

test("a machine that was on may have restarted by itself before anybody switched it", () => {
  for (const text of ["", "off on", "(off) on"]) assert.deepEqual(wrongOrders(orders(text), "cycle or none"), []);
  for (const text of ["off", "off on off"]) assert.equal(wrongOrders(orders(text), "cycle or none").length, 1, text);
});

test("what is to be off is switched off at most once, and what is to be left alone not at all", () => {
  assert.deepEqual([...wrongOrders(orders("off"), "off"), ...wrongOrders(orders("(off)"), "off")], []);
  assert.equal(wrongOrders(orders("off on off"), "off").length, 1);
  assert.equal(wrongOrders(orders("on"), "nothing").length, 1);
});
