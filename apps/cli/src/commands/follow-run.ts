/** `node-script-result follow`: what the scripts of a run print, as they print it, until the run has ended. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Api } from "../action-command.ts";
import { actionWord } from "../api/describe.ts";
import { parseParameters } from "../api/parameters.ts";
import { printReply } from "../api/reply.ts";
import { buildRequest } from "../api/request.ts";
import { CliError } from "../errors.ts";
import { eventReader, type ServerEvent } from "./events.ts";
import { FOLLOW_MS, MOST_FAILURES } from "./follow.ts";
import { RunPrinter } from "./run-printer.ts";

/** @returns 0 when the run passed, 1 when it did not, and as ever when the server refuses */
export async function followRun(api: Api, positionals: readonly string[], data: readonly string[]): Promise<number> {
  // `read --follow` is the same.
  const action = api.resource.handler.actions.find((it) => actionWord(it.name) === "follow");
  if (!action) throw new CliError("this server cannot follow a run of scripts: it is another product, or an older one");
  const given = await parseParameters(data);
  const printer = new RunPrinter(api.shell);
  let place: string | undefined;
  for (let failures = 0; ; ) {
    const others = place === undefined ? given : given.filter(({ key }) => key !== "after");
    const parameters = place === undefined ? others : [...others, { key: "after", value: place }];
    const before = place;
    // In order: each event is printed when the one before has left.
    let printed = Promise.resolve();
    const onEvent = (event: ServerEvent) => {
      place = event.id;
      if (event.name !== "") printed = printed.then(() => printer.print(event));
    };
    const request = buildRequest(api.profile, api.resource.handler, action, positionals, parameters);
    const reply = await api.exchange({ ...request, onData: eventReader(onEvent) }).catch(async (error: unknown) => {
      // The first question says whether address and key are right; later ones may meet a restart.
      if (place === undefined) throw error;
      return undefined;
    });
    await printed;
    if (printer.ended !== undefined) return printer.ended;
    const isAway = reply === undefined || reply.status >= 500;
    if (reply && reply.status !== 200 && !(isAway && place !== undefined)) return printReply(reply, api.shell);
    failures = place !== before ? 0 : failures + 1;
    if (failures > MOST_FAILURES) throw new CliError("the server cannot be reached any more");
    if (isAway || place === before) await sleep(FOLLOW_MS);
  }
}
