import assert from "node:assert/strict";
import { test } from "node:test";
import { didYouMean, nearest } from "./suggest.ts";

test("the nearest word is offered when it is near", () => {
  const words = ["login", "logout", "list", "refresh", "machines", "machine"];
  assert.equal(nearest("lgoin", words), "login");
  assert.equal(nearest("machnes", words), "machines");
  assert.equal(nearest("refesh", words), "refresh");
  assert.equal(nearest("banana", words), undefined);
  assert.equal(didYouMean("logot", words), "; did you mean logout?");
  assert.equal(didYouMean("xyz", words), "");
});
