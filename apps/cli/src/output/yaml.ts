/** JSON values as YAML 1.2 in block style. What YAML 1.1 would read as another type is quoted too. */

export const toYaml = (value: unknown): string => `${lines(value).join("\n")}\n`;

function lines(value: unknown): string[] {
  if (Array.isArray(value)) return value.length === 0 ? ["[]"] : value.flatMap((item) => under("-", item));
  if (!isObject(value)) return [scalar(value)];
  const entries = Object.entries(value);
  return entries.length === 0 ? ["{}"] : entries.flatMap(([key, item]) => inKey(`${text(key)}:`, item));
}

/** A list's item begins on the line of its dash. */
function under(dash: string, item: unknown): string[] {
  const [first = "", ...rest] = lines(item);
  return [`${dash} ${first}`, ...rest.map((line) => `  ${line}`)];
}

function inKey(key: string, item: unknown): string[] {
  const inner = lines(item);
  const isShort = !(Array.isArray(item) || isObject(item)) || inner[0] === "[]" || inner[0] === "{}";
  return isShort ? [`${key} ${inner[0] ?? ""}`] : [key, ...inner.map((line) => `  ${line}`)];
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const scalar = (value: unknown): string => (typeof value === "string" ? text(value) : JSON.stringify(value));

/** Letters first, and nothing in it that means something; else as JSON writes it, which is YAML too. */
function text(value: string): string {
  const isPlain =
    /^[A-Za-z_/][\w/.+@-]*(?: [\w/.+@-]+)*$/.test(value) && !/^(?:true|false|yes|no|on|off|null|y|n)$/i.test(value);
  // JSON leaves the controls of C1 as they are; they are orders to a terminal.
  return isPlain
    ? value
    : JSON.stringify(value).replace(
        /[\u007f-\u009f\u2028\u2029\ufeff]/g,
        (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`,
      );
}
