/** From a request line to an action: resource by path, action by op and method (reference: describe.md section 1). */
import type { Action, Method, Resource } from "./action.ts";

export interface Found {
  resource: Resource;
  pathValues: Record<string, string>;
  /** Operation named in the path (`/machines/op-allocate`). */
  pathOp: string | undefined;
}

interface Route {
  resource: Resource;
  names: string[];
  pattern: RegExp;
}

const escape = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

function compile(resource: Resource, template: string): Route {
  const names: string[] = [];
  const body = template
    .replace(/\/$/, "")
    .split(/(\{\w+\})/)
    .map((part) => {
      const name = /^\{(\w+)\}$/.exec(part)?.[1];
      if (name === undefined) return escape(part);
      names.push(name);
      return resource.deep ? "(.+?)" : "([^/]+)";
    })
    .join("");
  // A template that ends in a slash is found with that slash, or with /op-NAME; others with or without (gomaasclient asks both ways).
  const tail = template.endsWith("/") ? "(?:/|/op-([a-z_]+)/?)" : "(?:/?|/op-([a-z_]+)/?)";
  return { resource, names, pattern: new RegExp(`^${body}${tail}$`) };
}

/** @param path below the version's root, percent-encoded as it came, double slashes already collapsed */
export type Find = (path: string) => Found | undefined;

export function finder(resources: readonly Resource[]): Find {
  const routes = resources.flatMap((r) => [r.path, ...r.pathAliases].map((p) => compile(r, p)));
  // Literal paths before ones with parameters: /scripts/ is no script of an empty name.
  routes.sort((a, b) => a.names.length - b.names.length);
  return (path) => {
    for (const route of routes) {
      const match = route.pattern.exec(path);
      if (!match) continue;
      const pathValues: Record<string, string> = {};
      try {
        route.names.forEach((name, i) => {
          pathValues[name] = decodeURIComponent(match[i + 1] ?? "");
        });
      } catch {
        return undefined; // malformed percent-encoding names nothing
      }
      return { resource: route.resource, pathValues, pathOp: match[route.names.length + 1] };
    }
    return undefined;
  };
}

/** The action that `method` and `op` name, `op` null for none. */
export function findAction(resource: Resource, method: string, op: string | null): Action | undefined {
  return Object.values(resource.actions).find(
    (a) => a.method === method && (a.op === op || (op !== null && a.aliases.includes(op))),
  );
}

export function methodsOf(resource: Resource): Method[] {
  return [...new Set(Object.values(resource.actions).map((a) => a.method))];
}
