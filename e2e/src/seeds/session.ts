/** What the parts of the session share: a shell that is logged in, and how a part is reported. */
import type { TestContext } from "node:test";
import type { UserShell } from "./shell.ts";

export interface Session {
  shell: UserShell;
  /** http://host:port/MAAS, as the documentation's examples have it */
  host: string;
  apiKey: string;
  /** One requirement after another, named by its rows of the inventory; those after a failed one go on. */
  step: (rows: string, body: () => Promise<void>) => Promise<void>;
  note: (text: string) => void;
}

export const sessionIn = (t: TestContext, shell: UserShell, host: string, apiKey: string): Session => ({
  shell,
  host,
  apiKey,
  step: (rows, body) => t.test(rows, body),
  note: (text) => t.diagnostic(text),
});

/** A machine as far as the session looks into it. */
export interface MachineJson extends Record<string, unknown> {
  system_id: string;
  hostname: string;
  status_name: string;
  owner: string | null;
  tag_names: string[];
  interface_set: Record<string, unknown>[];
  current_commissioning_result_id: number;
  current_testing_result_id: number;
  current_installation_result_id: number | null;
}

export interface ScriptJson {
  name: string;
  title: string;
  description: string;
  type_name: string;
  tags: string[];
  history: { id: number; created: string; comment: string | null }[];
}

export interface ResultJson extends Record<string, unknown> {
  id: number;
  name: string;
  status: number;
  status_name: string;
  exit_status: number | null;
  suppressed: boolean;
  parameters: Record<string, unknown>;
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
