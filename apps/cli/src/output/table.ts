/** Lists as rows under headings, single things as names and values. For people: what is long or nested is shortened. */
import { CliError } from "../errors.ts";
import { usualColumns } from "./columns.ts";

export interface TableOptions {
  columns?: readonly string[] | undefined;
  resource: string;
  /** Of the terminal; undefined: as wide as it comes. */
  width?: number | undefined;
}

type Row = Record<string, unknown>;
const GAP = "  ";
/** No column is made narrower for others to fit. */
const NARROWED = 24;

export function toTable(value: unknown, options: TableOptions): string {
  const rows = rowsIn(value);
  if (rows) return listTable(rows, options);
  if (!isRow(value)) return `${cell(value)}\n`;
  const names = options.columns ?? Object.keys(value);
  return layOut(
    names.map((name) => [name, cell(at(value, name))]),
    options.width,
  );
}

/** The list, or the one list that an object is wrapped around (`{events: […], count: 2}`). */
function rowsIn(value: unknown): Row[] | undefined {
  if (Array.isArray(value)) return value.map((item) => (isRow(item) ? item : { value: item }));
  if (!isRow(value)) return undefined;
  const lists = Object.values(value).filter((item) => Array.isArray(item));
  const others = Object.values(value).filter(
    (item) => typeof item === "object" && item !== null && !Array.isArray(item),
  );
  const [list] = lists;
  const isWrapper = lists.length === 1 && others.length === 0 && Object.keys(value).length <= 5;
  return isWrapper && list?.every(isRow) ? list : undefined;
}

function listTable(rows: readonly Row[], { columns, resource, width }: TableOptions): string {
  const chosen = columns ?? columnsOf(rows, resource);
  if (rows.length === 0) return "";
  const unknown = columns?.find((name) => rows.every((row) => at(row, name) === undefined));
  if (unknown !== undefined)
    throw new CliError(`--columns: nothing here has ${unknown}; there are ${Object.keys(rows[0] ?? {}).join(", ")}`);
  const cells = rows.map((row) => chosen.map((name) => cell(at(row, name))));
  const heads = chosen.map((name) => name.replace(/_/g, " ").toUpperCase());
  return layOut([heads, ...cells], width, columns === undefined);
}

/** Those that people look for first, else all that fit on a line: plain values, no addresses of their own. */
function columnsOf(rows: readonly Row[], resource: string): string[] {
  const usual = (usualColumns[resource] ?? []).filter((name) => rows.some((row) => at(row, name) !== undefined));
  if (usual.length > 1) return usual;
  const names = Object.keys(rows[0] ?? {}).filter((name) => name !== "resource_uri");
  const plain = names.filter((name) => rows.every((row) => !(typeof row[name] === "object" && row[name] !== null)));
  return plain.length > 0 ? plain : names;
}

/** Where a width is kept, the widest columns are cut first. @param mayDrop then leave columns at the right out */
function layOut(lines: readonly string[][], width: number | undefined, mayDrop = false): string {
  const widths = (lines[0] ?? []).map((_, i) =>
    lines.reduce((most, line) => Math.max(most, visible(line[i] ?? "")), 0),
  );
  if (width !== undefined) fit(widths, width, mayDrop);
  return lines
    .map((line) => {
      const cells = widths.map((room, i) => {
        const text = cut(line[i] ?? "", room);
        return text + " ".repeat(room - visible(text));
      });
      const text = cells.join(GAP).trimEnd();
      return `${width === undefined ? text : cut(text, width)}\n`;
    })
    .join("");
}

/** Changes `widths` until they fit, or nothing more can be given up. */
function fit(widths: number[], width: number, mayDrop: boolean): void {
  const excess = () => widths.reduce((sum, each) => sum + each + GAP.length, -GAP.length) - width;
  while (excess() > 0) {
    const widest = Math.max(...widths);
    if (widest > NARROWED) widths[widths.indexOf(widest)] = Math.max(NARROWED, widest - excess());
    else if (mayDrop && widths.length > 1) widths.pop();
    else return;
  }
}

const visible = (text: string): number => Array.from(text).length;
const cut = (text: string, width: number): string =>
  visible(text) <= width
    ? text
    : `${Array.from(text)
        .slice(0, Math.max(0, width - 1))
        .join("")}…`;

/** `pool.name` goes inside. */
function at(row: Row, path: string): unknown {
  let value: unknown = row;
  for (const name of path.split(".")) {
    if (value === null) return null;
    if (!isRow(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value;
}

const isRow = (value: unknown): value is Row => typeof value === "object" && value !== null && !Array.isArray(value);

/** One line; nested things by their names. Control characters could be a machine's own words to the terminal. */
function cell(value: unknown): string {
  if (value === null || value === undefined || value === "") return "-";
  if (Array.isArray(value)) return value.length === 0 ? "-" : value.map(cell).join(",");
  if (isRow(value)) return nameOf(value);
  return (typeof value === "string" ? value : JSON.stringify(value)).replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, " ");
}

function nameOf(value: Row): string {
  const name = value["name"] ?? value["hostname"] ?? value["cidr"] ?? value["id"];
  return name === undefined || name === null || typeof name === "object" ? cell(JSON.stringify(value)) : cell(name);
}
