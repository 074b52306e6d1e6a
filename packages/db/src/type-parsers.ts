import { types, type CustomTypesConfig } from "pg";

// pg_type.oid of the types that are treated here.
const INT8 = 20;
const INT8_ARRAY = 1016;
const TEXT_ARRAY = 1009;
const DATE = 1082;
const DATE_ARRAY = 1182;

type Parser = (text: string) => unknown;

// Declared for pg's own list of types only, though it takes any oid.
const parserOf = types.getTypeParser as (oid: number, format?: "text" | "binary") => Parser;

/** int8: a number where that is exact; beyond 2^53 a bigint, which no JSON or arithmetic takes by mistake. */
function parseInt8(text: string): number | bigint {
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : BigInt(text);
}

const parseTexts = parserOf(TEXT_ARRAY, "text") as (text: string) => (string | null)[];

const own: Record<number, Parser> = {
  [INT8]: parseInt8,
  [INT8_ARRAY]: (text) => parseTexts(text).map((item) => (item === null ? null : parseInt8(item))),
  // A calendar day has no time zone: as a Date it would shift with that of the process.
  [DATE]: (text) => text,
  [DATE_ARRAY]: parseTexts,
};

/** How values come out of PostgreSQL: as pg does it (timestamptz as Date, json parsed), except for the types above. */
export const typeParsers: CustomTypesConfig = {
  getTypeParser(oid: number, format?: "text" | "binary"): Parser {
    return (format !== "binary" && own[oid]) || parserOf(oid, format);
  },
};
