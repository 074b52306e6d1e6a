import assert from "node:assert/strict";
import { test } from "node:test";
import { GuessingGuard } from "./guessing.ts";

/** Attempts that were read, out of so many, one every `everyMs`. */
function readOf(guard: GuessingGuard, attempts: number, everyMs: number, who: (i: number) => [string, string]): number {
  let read = 0;
  for (let i = 0; i < attempts; i++) {
    const [address, user] = who(i);
    if (guard.begin(address, user, i * everyMs) === 0) read += 1;
  }
  return read;
}

test("a thousand guesses a minute at one user come down to a handful", () => {
  assert.ok(readOf(new GuessingGuard(), 1000, 60, () => ["10.0.0.1", "admin"]) < 12);
});

test("one address that tries many users is slowed down as well", () => {
  assert.ok(readOf(new GuessingGuard(), 1000, 60, (i) => ["10.0.0.1", `user${i}`]) < 40);
});

test("the pauses grow, and end", () => {
  const guard = new GuessingGuard();
  const waits: number[] = [];
  let now = 0;
  for (let i = 0; i < 20; i++) {
    const wait = guard.begin("10.0.0.1", "admin", now);
    if (wait > 0) {
      waits.push(wait);
      now += wait;
    }
  }
  assert.deepEqual(waits.slice(0, 3), [2_000, 4_000, 8_000]);
  assert.ok(Math.max(...waits) <= 15 * 60_000);
});

test("a password that was right forgets the failures, and others are not held up", () => {
  const guard = new GuessingGuard();
  for (let i = 0; i < 100; i++) {
    assert.equal(guard.begin("10.0.0.1", "admin", i), 0, "whoever knows the password is never slowed down");
    guard.succeeded("10.0.0.1", "admin");
  }
  for (let i = 0; i < 6; i++) guard.begin("10.0.0.1", "admin", 1_000);
  assert.ok(guard.begin("10.0.0.1", "admin", 1_000) > 0);
  assert.equal(guard.begin("10.0.0.2", "admin", 1_000), 0);
  assert.equal(guard.begin("10.0.0.1", "user", 1_000), 0);
});
