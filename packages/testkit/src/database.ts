/** A database per test file. It lives with the database package, whose own tests need it too. */
export { testDatabase, type TestDatabase } from "@rackwright/db/testing/database";
