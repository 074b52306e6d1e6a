/** Reads JSON that a machine sent: every refusal names the place, nothing is unbounded, nothing comes out that a database cannot hold. */

/** The report cannot be used. Its message names what is missing or wrong and goes into the script's result. */
export class BadReport extends Error {
  constructor(message: string) {
    super(message);
    this.name = "BadReport";
  }
}

const MAX_TEXT = 255;

/** One JSON object of the report and where it stands. */
export class Part {
  readonly path: string;
  readonly #value: Record<string, unknown>;

  constructor(value: unknown, path: string) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new BadReport(`${path || "the report"} is no JSON object`);
    }
    this.path = path;
    this.#value = value as Record<string, unknown>;
  }

  at(key: string): string {
    return this.path === "" ? key : `${this.path}.${key}`;
  }

  /** The value; null where it is absent. */
  raw(key: string): unknown {
    return Object.hasOwn(this.#value, key) ? (this.#value[key] ?? null) : null;
  }

  /** @throws BadReport unless each of these keys is there */
  require(...keys: string[]): this {
    const missing = keys.find((key) => !Object.hasOwn(this.#value, key));
    if (missing !== undefined) throw new BadReport(`${this.at(missing)} is missing`);
    return this;
  }

  part(key: string): Part {
    return new Part(this.require(key).raw(key), this.at(key));
  }

  /** An object that may be absent or null. */
  maybe(key: string): Part | undefined {
    return this.raw(key) === null ? undefined : this.part(key);
  }

  /** Elements of a list; none where it is absent or null. */
  list(key: string, max: number): unknown[] {
    const value = this.raw(key) ?? [];
    if (!Array.isArray(value)) throw new BadReport(`${this.at(key)} is no list`);
    if (value.length > max) throw new BadReport(`${this.at(key)} has ${value.length} elements, more than ${max}`);
    return value;
  }

  parts(key: string, max: number): Part[] {
    return this.list(key, max).map((each, i) => new Part(each, `${this.at(key)}[${i}]`));
  }

  entries(max: number): [string, Part][] {
    const all = Object.entries(this.#value);
    if (all.length > max) throw new BadReport(`${this.path} has ${all.length} entries, more than ${max}`);
    return all.map(([key, value]) => [key, new Part(value, this.at(key))]);
  }

  /** Trimmed and cut; empty where it is absent. */
  text(key: string, max = MAX_TEXT): string {
    const value = this.raw(key) ?? "";
    if (typeof value !== "string") throw new BadReport(`${this.at(key)} is no text`);
    return cleanText(value, max);
  }

  /** Absent where it is empty. */
  word<K extends string>(name: K, key: string): { readonly [P in K]?: string } {
    const value = this.text(key);
    return (value === "" ? {} : { [name]: value }) as { readonly [P in K]?: string };
  }

  /** A whole number from 0 on; `otherwise` where it is absent. */
  natural(key: string, otherwise = 0, max = Number.MAX_SAFE_INTEGER): number {
    const value = this.raw(key) ?? otherwise;
    if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0 || value > max) {
      throw new BadReport(`${this.at(key)} is no whole number from 0 to ${max}`);
    }
    return value;
  }

  flag(key: string): boolean {
    const value = this.raw(key) ?? false;
    if (typeof value !== "boolean") throw new BadReport(`${this.at(key)} is neither true nor false`);
    return value;
  }
}

/** PostgreSQL's text holds neither NUL nor half of a surrogate pair; other control characters help nobody who reads it. */
export function cleanText(text: string, max = MAX_TEXT): string {
  // oxlint-disable-next-line no-control-regex
  const printable = text.replace(/[\u0000-\u001f\u007f]+/g, " ");
  return printable.trim().slice(0, max).toWellFormed();
}
