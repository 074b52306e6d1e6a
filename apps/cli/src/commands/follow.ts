/** `--follow`: a line for each item that there is, and for what comes too, until it is interrupted. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Api } from "../action-command.ts";
import { parseParameters, type Parameter } from "../api/parameters.ts";
import { printReply } from "../api/reply.ts";
import { buildRequest } from "../api/request.ts";
import { CliError } from "../errors.ts";
import { changesFeed } from "./changes.ts";
import { timelineFeed } from "./machine-timeline.ts";

interface Item {
  id: string;
}

/** A list that is read page by page, each from where the last one ended. */
export interface Feed {
  /** The field of the reply that holds the page. */
  items: string;
  line: (item: Item) => string;
}

interface Page {
  items: Item[];
  next: string;
}

export const FOLLOW_MS = 1000;
/** The server may be restarted meanwhile: so many attempts fail before it is given up. */
export const MOST_FAILURES = 60;
/** Of items shown; those that were not settled come again, within seconds. */
const REMEMBERED = 5000;

export async function follow(api: Api, positionals: readonly string[], data: readonly string[]): Promise<number> {
  const feed = api.resource.word === "changes" ? changesFeed : timelineFeed;
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
      const page = parse(reply.body, feed);
      const news = page.items.filter((item) => !shown.has(item.id));
      for (const item of news) shown.add(item.id);
      for (const id of shown) {
        if (shown.size <= REMEMBERED) break;
        shown.delete(id);
      }
      await api.shell.out(news.map(feed.line).join(""));
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

function parse(body: Buffer, feed: Feed): Page {
  try {
    const { [feed.items]: items, next } = JSON.parse(body.toString("utf8")) as Record<string, unknown>;
    if (Array.isArray(items) && typeof next === "string") return { items: items as Item[], next };
  } catch {
    // No JSON: said below.
  }
  throw new CliError("the server's reply has no items to follow: is it another product, or another version?");
}
