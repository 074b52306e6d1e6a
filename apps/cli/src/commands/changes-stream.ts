import type { Api } from "../action-command.ts";
import { parseParameters } from "../api/parameters.ts";
import { printReply } from "../api/reply.ts";
import { buildRequest } from "../api/request.ts";

/** `changes stream`: the server-sent events as they come, until the server ends them. `changes read --follow` goes on for ever. */
export async function streamChanges(api: Api, data: string[]): Promise<number> {
  const request = buildRequest(api.profile, api.resource.handler, api.action, [], await parseParameters(data));
  // In order: each write begins when the one before has left.
  let written = Promise.resolve();
  const onData = (chunk: Buffer) => {
    written = written.then(() => api.shell.out(chunk));
  };
  const reply = await api.exchange({ ...request, onData });
  await written;
  return reply.status === 200 ? 0 : printReply(reply, api.shell);
}
