import assert from "node:assert/strict";
import { test } from "node:test";
import { cannotListen } from "./listening.ts";

const at = { host: "10.0.0.1", port: 69 };
const why = (code: string) => String(cannotListen(Object.assign(new Error("raw"), { code }), "TFTP", at, "use --x"));

test("a port that cannot be had is named, with what to do", () => {
  assert.equal(
    why("EADDRINUSE"),
    "Error: TFTP cannot listen on 10.0.0.1 port 69: another program listens there. Stop that one, or use --x",
  );
  assert.match(why("EACCES"), /port 69: ports below 1024 need root/);
  assert.match(why("EADDRNOTAVAIL"), /no such address. Choose another one with --host/);
});

test("an error about something else stays what it is", () => {
  assert.equal(why("EMFILE"), "Error: raw");
});
