/** The one shape in which every API operation is declared. Routing, validation, describe, OpenAPI, the CLI and the tests read it. */
import type { Params } from "./params.ts";

export type Method = "GET" | "POST" | "PUT" | "DELETE";

/**
 * Lowest level that can succeed; what an object's permission adds is checked where the object is read. A worker is a rack controller that
 * calls API 1.0 by its own key.
 */
export type Access = "anonymous" | "user" | "admin" | "worker" | "worker_or_admin";

/** What callers without credentials hear where some are needed; 401 but for what API 1.0 did otherwise. */
export type Stranger = 400 | 401 | 403;

export interface ActionSpec<P extends Params = Params> {
  method: Method;
  /** Operation name; null for plain create, read, update, delete. */
  op: string | null;
  access: Access;
  /** One sentence, then what a caller should know. Ours. */
  doc: string;
  params: P;
  /** Name in `objects.ts`, with [] for a list and |null where it may be null. */
  returns: string;
  success: number;
  /** When each refusal happens, by status. */
  errors: Record<number, string>;
  stranger: Stranger;
  /** What is wrong with parameters is told as text, not as an object with a list for each field. */
  plainErrors: boolean;
  /** Parameters whose names begin with this are taken too (power_parameters_...), unparsed. */
  wildcard?: string;
  /** How help calls and explains those parameters. Default: parameters of scripts, or settings of the power type. */
  wildcardDoc?: { name: string; doc: string };
  /** Parameters that no one declared: ignored, or refused with 400 "No such constraint." */
  unknown: "ignore" | "refuse";
  /** Other spellings of `op` that are accepted, and not shown. */
  aliases: readonly string[];
}

export interface Action<P extends Params = Params> extends ActionSpec<P> {
  name: string;
  resource: Resource;
}

export interface Resource {
  /** Handler name without "Handler": Machines. */
  name: string;
  /** Below the version's root, braces around parameters: /machines/{system_id}/ */
  path: string;
  /** Further templates that reach the same actions. */
  pathAliases: readonly string[];
  doc: string;
  /** Not in the description document. */
  hidden: boolean;
  /** What callers without credentials hear who ask for an operation that is not there. */
  stranger: Stranger;
  /** Values of the path may hold slashes. */
  deep: boolean;
  actions: Record<string, Action>;
}

type ActionInput<P extends Params> = Partial<Omit<ActionSpec<P>, "method" | "doc">> & { method: Method; doc: string };

/** Declare one action; the name is its key in the resource. `op` defaults to that key unless it is create, read, update or delete. */
export function action<P extends Params>(input: ActionInput<P>): ActionInput<P> {
  return input;
}

const CRUD = ["create", "read", "update", "delete"];

type Declared<A extends Record<string, ActionInput<Params>>> = {
  [K in keyof A]: A[K] extends ActionInput<infer P> ? Action<P> : never;
};

export function resource<A extends Record<string, ActionInput<Params>>>(input: {
  name: string;
  path: string;
  pathAliases?: readonly string[];
  doc: string;
  hidden?: boolean;
  stranger?: Stranger;
  deep?: boolean;
  actions: A;
}): Omit<Resource, "actions"> & { actions: Declared<A> } {
  const declared: Resource = {
    name: input.name,
    path: input.path,
    pathAliases: input.pathAliases ?? [],
    doc: input.doc,
    hidden: input.hidden ?? false,
    stranger: input.stranger ?? 401,
    deep: input.deep ?? false,
    actions: {},
  };
  for (const [name, spec] of Object.entries(input.actions)) {
    declared.actions[name] = {
      op: CRUD.includes(name) ? null : name,
      access: "user",
      params: {},
      returns: "null",
      success: 200,
      errors: {},
      unknown: "ignore",
      aliases: [],
      stranger: declared.stranger,
      plainErrors: false,
      ...spec,
      name,
      resource: declared,
    };
  }
  return declared as unknown as Omit<Resource, "actions"> & { actions: Declared<A> };
}

/** Names of the parameters in a path template, in order. */
export function pathParams(path: string): string[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map((m) => m[1] ?? "");
}
