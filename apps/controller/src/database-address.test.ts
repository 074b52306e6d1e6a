import assert from "node:assert/strict";
import { test } from "node:test";
import { databaseAddress } from "./database-address.ts";

test("host, port and name are read as libpq reads them", () => {
  assert.deepEqual(databaseAddress("postgresql://u:p@db:6000/rw"), { host: "db", port: 6000, name: "rw" });
  assert.deepEqual(databaseAddress("postgres://db/rw"), { host: "db", port: 5432, name: "rw" });
  assert.deepEqual(databaseAddress("postgresql://u:p@[fd00::1]/rw"), { host: "fd00::1", port: 5432, name: "rw" });
  assert.deepEqual(databaseAddress("postgresql://u:p@/rw?host=%2Frun%2Fpg&port=5433"), {
    host: "/run/pg",
    port: 5433,
    name: "rw",
  });
});

test("what is no address of a PostgreSQL database is told apart", () => {
  for (const wrong of ["mysql://u@db/x", "db/rw", "postgresql:db", "postgresql://u@db:port/rw"])
    assert.equal(databaseAddress(wrong), undefined, wrong);
});
