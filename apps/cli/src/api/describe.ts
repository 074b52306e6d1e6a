/** The server's description of its API, and the command words that come from it. */

export interface ApiAction {
  name: string;
  op: string | null;
  method: string;
  doc: string | null;
}

export interface ApiHandler {
  name: string;
  path: string;
  params: string[];
  doc: string | null;
  actions: ApiAction[];
}

export interface ApiDescription {
  hash?: string;
  resources: { name: string; auth: ApiHandler | null; anon: ApiHandler | null }[];
}

export interface Resource {
  word: string;
  handler: ApiHandler;
}

/** Resources by command word. Without credentials only those that answer anybody, yet in their full form. */
export function resourcesOf(description: ApiDescription, isAnonymous: boolean): Resource[] {
  return description.resources
    .filter(({ anon }) => !isAnonymous || anon)
    .flatMap(({ name, auth, anon }) => {
      const handler = auth ?? anon;
      return handler ? [{ word: handlerWord(name), handler }] : [];
    })
    .toSorted((a, b) => (a.word < b.word ? -1 : 1));
}

/** `VmHostHandler` -> `vm-host`, `DNSResourceRecordHandler` -> `dnsresource-record`. */
export const handlerWord = (name: string): string =>
  pieces(name)
    .map((piece) => piece.toLowerCase())
    .filter((piece) => piece !== "handler")
    .join("-");

/** `power_parameters` -> `power-parameters`. */
export const actionWord = (name: string): string => pieces(name).join("-");

/** A run of capitals belongs to the small letters after it; a piece ends before anything but small letters and digits. */
const pieces = (name: string): string[] => name.match(/(?:[A-Z]*[a-z0-9]+|[A-Z]+)(?=[^a-z0-9]|$)/g) ?? [];

/** The first paragraph on one line, and the rest. */
export function splitDoc(doc: string | null): { title: string; body: string } {
  const [first = "", ...rest] = (doc ?? "").trim().split(/\n[ \t]*\n/);
  const title = first
    .split("\n")
    .map((line) => line.trim())
    .join(" ");
  return { title, body: rest.join("\n\n").replace(/^\n+|\s+$/g, "") };
}

/** Whether an action takes key=value: its documentation names a parameter after the first paragraph. */
export const takesData = (action: ApiAction): boolean => splitDoc(action.doc).body.includes(":param");
