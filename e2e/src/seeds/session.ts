/** What the parts of the session share: a shell that is logged in, and how what was seen of each row is kept. */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { ApiError, RegionApi } from "@rackwright/testkit/fleet/region-api";
import { factOf } from "./facts/all.ts";
import { Ledger, reasonOf } from "./ledger.ts";
import { plainUser } from "./plain-user.ts";
import type { UserShell } from "./shell.ts";

/** Something that is honestly not there, and why. */
export interface NotMet {
  notMet: string;
}

export type Check = () => Promise<void | NotMet>;

type Method = "GET" | "POST" | "PUT" | "DELETE";

export interface Session {
  shell: UserShell;
  /** http://host:port/MAAS, as the documentation's examples have it */
  host: string;
  apiKey: string;
  ledger: Ledger;
  /** Rows that one look decides; those after a failed one go on. */
  row: (ids: string | readonly string[], check: Check) => Promise<void>;
  /** What is in no row of these documents. */
  step: (title: string, body: () => Promise<void>) => Promise<void>;
  note: (text: string) => void;
  /** By the API itself: the command line knows only that it was refused. @returns what was said */
  refuses: (status: number, method: Method, path: string, form?: Record<string, string>) => Promise<string>;
  /** Logs a user in who is no administrator. @returns the profile's name */
  plain: () => Promise<string>;
  /** Between two looks at a machine that is busy. */
  everyMs: number;
  /**
   * Where machines are emulated: this script goes on until it is let go, or its machine's power is cut. Real ones take long enough.
   * @returns what lets it go
   */
  hold?: (script: string) => () => void;
  /** Each machine JSON that the session printed, by where it came from: the shape of all is looked at in the end. */
  shown: [where: string, machine: MachineJson][];
}

export function sessionIn(
  t: TestContext,
  shell: UserShell,
  { host, apiKey, ledger = new Ledger() }: { host: string; apiKey: string; ledger?: Ledger | undefined },
): Session {
  const api = new RegionApi(host, apiKey);
  let plain: Promise<string> | undefined;
  return {
    shell,
    host,
    apiKey,
    ledger,
    shown: [],
    everyMs: 2000,
    step: (title, body) => t.test(title, body),
    note: (text) => t.diagnostic(text),
    async row(ids, check) {
      const facts = [ids].flat().map((id) => {
        const fact = factOf(id);
        if (!fact) throw new Error(`there is no row ${id}: see facts/`);
        return fact;
      });
      const [first] = facts;
      const title = `${facts.map(([id]) => id).join(" ")}: ${first?.[1]} -> ${first?.[2]}`;
      await t.test(title, async (sub) => {
        try {
          const missing = await check();
          if (missing) sub.todo(missing.notMet);
          for (const [id] of facts)
            ledger.put(id, missing ? { kind: "NOT MET", why: missing.notMet } : { kind: "PASS" });
        } catch (error) {
          for (const [id] of facts) ledger.put(id, { kind: "FAIL", why: reasonOf(error) });
          throw error;
        }
      });
    },
    async refuses(status, method, path, form = {}) {
      try {
        await api.call(method, path, Object.entries(form));
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        assert.equal(error.status, status, error.message);
        return error.message;
      }
      assert.fail(`${method} ${path} ${JSON.stringify(form)} was taken`);
    },
    plain: () => (plain ??= plainUser(shell, host)),
  };
}

/** A machine as far as the session looks into it. */
export interface MachineJson extends Record<string, unknown> {
  system_id: string;
  hostname: string;
  status_name: string;
  owner: string | null;
  tag_names: string[];
  interface_set: InterfaceJson[];
  current_commissioning_result_id: number;
  current_testing_result_id: number;
  current_installation_result_id: number | null;
}

export interface InterfaceJson extends Record<string, unknown> {
  id: number;
  name: string;
  mac_address: string;
  link_connected: boolean;
  link_speed: number;
  interface_speed: number;
}

export interface ScriptJson {
  id: number;
  name: string;
  title: string;
  description: string;
  type_name: string;
  hardware_type_name: string;
  tags: string[];
  default: boolean;
  apply_configured_networking: boolean;
  history: { id: number; created: string; comment: string | null }[];
}

export interface ResultJson extends Record<string, unknown> {
  id: number;
  name: string;
  status: number;
  status_name: string;
  exit_status: number | null;
  suppressed: boolean;
  script_revision_id: number | null;
  parameters: Record<string, { type: string; value?: unknown; argument_format?: string }>;
}

export interface ScriptSetJson {
  id: number;
  type: number;
  type_name: string;
  status_name: string;
  results: ResultJson[];
}

/** RFC 2822 with -0000, as the seeds show their dates. */
export const RFC2822 = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d -0000$/;
