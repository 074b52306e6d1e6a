/** The facts of API 2.0 by our actions: what each is said to answer. packages/contract/src/conformance.test.ts compares the rest. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Action, Method } from "@rackwright/contract/action";
import { findAction } from "@rackwright/contract/find";
import { api20 } from "@rackwright/contract/versions";

interface Fact {
  method: Method;
  op: string | null;
  success: number;
  errors?: number[];
}

export interface KnownAction {
  action: Action;
  success: number;
  /** Statuses of its refusals. */
  errors: readonly number[];
}

const FILE = join(import.meta.dirname, "..", "..", "..", "..", "packages", "contract", "src", "facts", "api-2.0.json");

/** All 390, those twice that have a side for callers without credentials. @throws Error when one is not declared */
export function knownActions(): KnownAction[] {
  const facts = JSON.parse(readFileSync(FILE, "utf8")) as Record<string, { actions: Fact[] }>;
  return Object.entries(facts).flatMap(([path, { actions }]) =>
    actions.map(({ method, op, success, errors = [] }) => {
      const found = api20.find(path.replaceAll(/\{\w+\}/g, "1"));
      const action = found && findAction(found.resource, method, op);
      if (!action) throw new Error(`${method} ${path} op=${op} is not declared`);
      return { action, success, errors };
    }),
  );
}
