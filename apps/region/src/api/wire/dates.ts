/** Dates in the forms that are not ISO 8601 (reference: describe.md section 14). */

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const two = (n: number) => String(n).padStart(2, "0");

/** `2018-12-07T20:11:08.123`, in UTC and not saying so: clients in Go and python-libmaas parse it in this form alone. */
export const plainDate = (at: Date): string => at.toISOString().replace(/Z$/, "");

/** `Fri, 07 Dec. 2018 20:11:08`, in UTC: events and addresses of subnets. */
export function eventDate(at: Date): string {
  const time = [at.getUTCHours(), at.getUTCMinutes(), at.getUTCSeconds()].map(two).join(":");
  return `${DAYS[at.getUTCDay()]}, ${two(at.getUTCDate())} ${MONTHS[at.getUTCMonth()]}. ${at.getUTCFullYear()} ${time}`;
}
