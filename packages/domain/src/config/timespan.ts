/** Time spans as people write them: `15m`, `1h 30min`. */
const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };
const SPAN = /^(\d{1,9}\s*(s|sec|seconds?|m|min|minutes?|h|hours?)\s*)+$/;

/** @returns undefined for what is none */
export function timespanSeconds(text: string): number | undefined {
  if (!SPAN.test(text)) return undefined;
  let seconds = 0;
  for (const [, count = "", unit = ""] of text.matchAll(/(\d+)\s*([smh])/g))
    seconds += Number(count) * (UNIT_SECONDS[unit] ?? 0);
  return seconds;
}
