/** Time spans as scripts and the API write them. */

/**
 * Seconds of `30`, `MM:SS`, `HH:MM:SS` or `D HH:MM:SS`, or of an ISO 8601 span of days, hours, minutes and seconds; undefined when it is none of them.
 */
export function parseDuration(text: string): number | undefined {
  const value = text.trim();
  if (/^\d{1,9}$/.test(value)) return Number(value);
  const iso = /^P(?:(\d{1,5})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,7})M)?(?:(\d{1,9})S)?)?$/i.exec(value);
  if (iso && /\d/.test(value)) return sum(iso.slice(1));
  const clock = /^(?:(\d{1,5})(?:\s+|\s*days?,?\s+))?(?:(\d{1,6}):)?(\d{1,2}):(\d{1,2})$/.exec(value);
  return clock ? sum(clock.slice(1)) : undefined;
}

const UNIT_SECONDS = [86_400, 3600, 60, 1];

function sum(parts: (string | undefined)[]): number {
  return parts.reduce((total, part, i) => total + Number(part ?? 0) * (UNIT_SECONDS[i] ?? 0), 0);
}

/** `H:MM:SS`, from one day on `N days, H:MM:SS`; parts of a second are cut off. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (n: number) => String(n).padStart(2, "0");
  const days = Math.floor(whole / 86_400);
  const rest = whole % 86_400;
  const clock = `${Math.floor(rest / 3600)}:${two(Math.floor((rest % 3600) / 60))}:${two(rest % 60)}`;
  return days === 0 ? clock : `${days} day${days === 1 ? "" : "s"}, ${clock}`;
}
