/** XML as programs print it: elements, attributes, text. No DTD, namespaces or own entities: a document that has them is refused. */
export interface Element {
  name: string;
  attributes: Readonly<Record<string, string>>;
  children: Element[];
  /** Text directly inside, trimmed. */
  text: string;
}

const TOKEN =
  /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<\/([\w:.-]+)\s*>|<([\w:.-]+)((?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|[^<]+/y;
const ATTRIBUTE = /([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;
/** Deeper than anything libvirt prints. */
const MAX_DEPTH = 64;

/** @returns the document's only element. @throws SyntaxError */
export function parseXml(text: string): Element {
  const top: Element = { name: "", attributes: {}, children: [], text: "" };
  const open: Element[] = [top];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    const current = open.at(-1) ?? top;
    if (!match) throw new SyntaxError(`not XML at character ${at}: ${text.slice(at, at + 40)}`);
    const [token, closing, opening, attributes = "", empty] = match;
    if (closing !== undefined) {
      if (closing !== current.name) throw new SyntaxError(`</${closing}> where </${current.name}> is due`);
      current.text = current.text.trim();
      open.pop();
    } else if (opening !== undefined) {
      const element: Element = { name: opening, attributes: attributesOf(attributes), children: [], text: "" };
      current.children.push(element);
      if (empty === "") open.push(element);
      if (open.length > MAX_DEPTH) throw new SyntaxError(`elements in elements, more than ${MAX_DEPTH} deep`);
    } else if (!token.startsWith("<")) current.text += unescape(token);
  }
  const [root] = top.children;
  if (open.length !== 1 || !root || top.children.length !== 1) throw new SyntaxError("not one complete XML document");
  return root;
}

/** The elements at a path of names below `element`, all of them: `find(domain, "devices", "disk")`. */
export function find(element: Element, ...path: readonly string[]): Element[] {
  return path.reduce<Element[]>(
    (found, name) => found.flatMap((one) => one.children.filter((child) => child.name === name)),
    [element],
  );
}

export const textAt = (element: Element, ...path: readonly string[]): string => find(element, ...path)[0]?.text ?? "";

export function attributeAt(element: Element, attribute: string, ...path: readonly string[]): string {
  return find(element, ...path)[0]?.attributes[attribute] ?? "";
}

/** For text and attribute values alike. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

function attributesOf(text: string): Record<string, string> {
  const pairs = [...text.matchAll(ATTRIBUTE)].map((m) => [m[1] ?? "", unescape(m[2] ?? m[3] ?? "")]);
  return Object.fromEntries(pairs) as Record<string, string>;
}

const named: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function unescape(text: string): string {
  return text.replace(
    /&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(\w+));/gi,
    (whole, decimal?: string, hex?: string, name = "") => {
      if (decimal === undefined && hex === undefined) return named[name as string] ?? whole;
      const code = decimal === undefined ? Number.parseInt(hex ?? "", 16) : Number(decimal);
      return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    },
  );
}
