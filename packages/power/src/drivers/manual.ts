import { powerDriver } from "../driver.ts";

/** Somebody walks to the machine. Nothing is sent, and the state stays unknown. */
export const manual = powerDriver({
  name: "manual",
  description: "Manual",
  settings: {},
  queryable: false,
  canSetBootOrder: false,
  query: async () => "unknown",
  on: async () => {},
  off: async () => {},
});
