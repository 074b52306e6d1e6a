/** Waiting in tests: until a condition holds, never for a fixed time. */
export { until } from "@rackwright/db/testing/until";
