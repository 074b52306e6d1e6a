/** A machine's timeline, a line for each item; with --follow, what comes too, until it is interrupted. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Api } from "../action-command.ts";
import { parseParameters, type Parameter } from "../api/parameters.ts";
import { printReply } from "../api/reply.ts";
import { buildRequest } from "../api/request.ts";
import { CliError } from "../errors.ts";

interface Item {
  id: string;
  at: string;
  source: string;
  kind: string;
  level: string;
  text: string;
  username: string | null;
}

interface Timeline {
  items: Item[];
  next: string;
}

export const FOLLOW_MS = 1000;
/** The server may be restarted meanwhile: so many attempts fail before it is given up. */
const MOST_FAILURES = 60;
/** Of items shown; those that were not settled come again, within seconds. */
const REMEMBERED = 5000;

export async function followTimeline(
  api: Api,
  positionals: readonly string[],
  data: readonly string[],
): Promise<number> {
  const given = await parseParameters(data);
  const shown = new Set<string>();
  let after: string | undefined;
  for (let failures = 0; ; ) {
    const reply = await ask(api, positionals, given, after).catch((error: unknown) => {
      // The first question says whether address and key are right; later ones may meet a restart.
      if (after === undefined || ++failures > MOST_FAILURES) throw error;
      return undefined;
    });
    if (reply && reply.status >= 500 && after !== undefined && ++failures <= MOST_FAILURES) {
      await sleep(FOLLOW_MS);
      continue;
    }
    if (reply && (reply.status < 200 || reply.status > 299)) return printReply(reply, api.shell);
    if (reply) {
      failures = 0;
      const page = parse(reply.body);
      const news = page.items.filter((item) => !shown.has(item.id));
      for (const item of news) shown.add(item.id);
      for (const id of shown) {
        if (shown.size <= REMEMBERED) break;
        shown.delete(id);
      }
      await api.shell.out(news.map(line).join(""));
      const isBehind = after !== undefined && after !== page.next && page.items.length > 0;
      after = page.next;
      if (isBehind) continue;
    }
    await sleep(FOLLOW_MS);
  }
}

function ask(api: Api, positionals: readonly string[], given: readonly Parameter[], after: string | undefined) {
  const others = after === undefined ? given : given.filter(({ key }) => key !== "before" && key !== "after");
  const parameters = after === undefined ? others : [...others, { key: "after", value: after }];
  return api.exchange(buildRequest(api.profile, api.resource.handler, api.action, positionals, parameters));
}

function parse(body: Buffer): Timeline {
  try {
    const page = JSON.parse(body.toString("utf8")) as Timeline;
    if (Array.isArray(page.items) && typeof page.next === "string") return page;
  } catch {
    // No JSON: said below.
  }
  throw new CliError("the server's reply is no timeline: is it another product, or another version?");
}

/** `2026-06-01 10:00:00 dhcp      DHCP ack 10.0.0.7 on eth0`, one line whatever the text holds. */
export function line({ at, source, kind, level, text, username }: Item): string {
  const when = at.slice(0, 19).replace("T", " ");
  const mark = level === "error" ? "!! " : level === "warning" ? "! " : kind === "status" ? "== " : "";
  const who = username === null ? "" : ` (${username})`;
  // Control characters could be a machine's own words to the terminal.
  const plain = text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, " ");
  return `${when} ${source.padEnd(9)} ${mark}${plain}${who}\n`;
}
