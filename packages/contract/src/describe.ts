/** The description document that the official CLI and other clients build their commands from (reference: describe.md section 2). */
import { createHash } from "node:crypto";
import { type Action, pathParams, type Resource } from "./action.ts";
import { additionOf } from "./additions.ts";

export interface DescribedAction {
  name: string;
  op: string | null;
  restful: boolean;
  method: string;
  doc: string;
}

export interface DescribedHandler {
  name: string;
  doc: string;
  params: string[];
  path: string;
  uri: string;
  actions: DescribedAction[];
}

export interface DescribedResource {
  name: string;
  anon: DescribedHandler | null;
  auth: DescribedHandler | null;
}

export interface Description {
  doc: string;
  hash: string;
  resources: DescribedResource[];
  handlers: DescribedHandler[];
}

/**
 * Help of an action: title, text, parameters. Clients offer key=value arguments only where ":param" occurs after the first paragraph, so
 * an action with parameters must show them here.
 */
export function actionDoc(action: Action): string {
  const addition = additionOf(action);
  const blocks = addition === undefined ? [action.doc] : [action.doc, "Only Rackwright has this: API 2.0 does not."];
  const params = Object.entries(action.params);
  for (const [name, param] of params) {
    const choices = param.choices ? ` One of: ${param.choices.join(", ")}.` : "";
    blocks.push(
      `:param ${name}: ${param.required ? "Required" : "Optional"}. ${param.doc}${choices}\n:type ${name}: ${typeName(param.kind)}`,
    );
  }
  if (action.wildcard !== undefined) {
    const { name, doc } = action.wildcardDoc ?? wildcardDoc(action.wildcard);
    blocks.push(`:param ${name}: Optional. ${doc}\n:type ${name}: string`);
  }
  return blocks.join("\n\n");
}

function wildcardDoc(prefix: string): { name: string; doc: string } {
  return prefix === ""
    ? { name: "SCRIPT_PARAM", doc: "A parameter of a script, for all scripts that have it or for one." }
    : { name: `${prefix}NAME`, doc: "One setting of the power type." };
}

function typeName(kind: string): string {
  switch (kind) {
    case "integer":
      return "integer";
    case "number":
      return "float";
    case "flag":
      return "boolean";
    case "bytes":
      return "file";
    default:
      return "string";
  }
}

function describeHandler(root: string, r: Resource, actions: Action[], anonymous: boolean): DescribedHandler | null {
  if (actions.length === 0) return null;
  const path = `${root}${r.path}`;
  const described = actions.map((a) => ({
    name: a.name,
    op: a.op,
    restful: a.op === null,
    method: a.method,
    doc: actionDoc(a),
  }));
  described.sort((a, b) => (a.name < b.name ? -1 : 1));
  return {
    name: `${anonymous ? "Anon" : ""}${r.name}Handler`,
    doc: r.doc,
    params: pathParams(r.path),
    path,
    uri: path,
    actions: described,
  };
}

/** Everything but host and hash. */
function withoutHost(root: string, resources: readonly Resource[]): Omit<Description, "hash"> {
  const list = resources
    .filter((r) => !r.hidden)
    .map((r) => {
      const actions = Object.values(r.actions);
      const open = actions.filter((a) => a.access === "anonymous");
      const onlyOpen = open.length === actions.length && r.name === "Version";
      const anon = describeHandler(root, r, open, !onlyOpen);
      const auth = onlyOpen ? null : describeHandler(root, r, actions, false);
      return { name: `${r.name}Handler`, anon, auth };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const present = (h: DescribedHandler | null): h is DescribedHandler => h !== null;
  return {
    doc: "MAAS API",
    resources: list,
    handlers: [...list.map((r) => r.anon).filter(present), ...list.map((r) => r.auth).filter(present)],
  };
}

export interface Describer {
  /** SHA-1 of the document without host: the same for every caller. Sent as X-MAAS-API-Hash with each reply. */
  hash: string;
  /** @param origin scheme and host of the request, e.g. http://10.0.0.1:5240 */
  describe: (origin: string) => Description;
}

/** Computed once for each version. */
export function describer(root: string, resources: readonly Resource[]): Describer {
  const base = withoutHost(root, resources);
  const hash = createHash("sha1").update(JSON.stringify(base)).digest("hex");
  return {
    hash,
    describe(origin) {
      const withHost = (h: DescribedHandler | null) => (h === null ? null : { ...h, uri: origin + h.path });
      return {
        doc: base.doc,
        handlers: base.handlers.map((h) => ({ ...h, uri: origin + h.path })),
        hash,
        resources: base.resources.map((r) => ({ ...r, anon: withHost(r.anon), auth: withHost(r.auth) })),
      };
    },
  };
}
