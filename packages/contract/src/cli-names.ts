/** What command lines make of names (reference: describe.md section 3). */
import { type Action, pathParams } from "./action.ts";

const words = (name: string): string[] => name.match(/(?:[A-Z]*[a-z0-9]+|[A-Z]+)(?=[^a-z0-9]|$)/g) ?? [];

/** `DNSResourceRecord` is dnsresource-record. */
export const commandOf = (resourceName: string): string =>
  words(resourceName)
    .map((word) => word.toLowerCase())
    .join("-");

/** The least that has to be typed: what the path names, and what is required. */
export function exampleCommand(action: Action): string {
  const path = pathParams(action.resource.path).map((name) => name.toUpperCase());
  const required = Object.entries(action.params)
    .filter(([, param]) => param.required)
    .map(([name, param]) => {
      if (param.kind === "bytes") return `${name}@=FILE`;
      return `${name}=${param.choices?.[0] ?? name.toUpperCase()}`;
    });
  const verb = words(action.name).join("-");
  return ["maas", "PROFILE", commandOf(action.resource.name), verb, ...path, ...required].join(" ");
}
