import { connect } from "node:net";
import { DomainError } from "@rackwright/domain/errors";

export interface KeaReply {
  /** 0 done; 1 error; 2 unsupported; 3 nothing matched ("empty"). */
  result: number;
  text: string;
  arguments: unknown;
}

/** Kea closes a connection whose request is larger than what it allows at 5 s of silence; ours are written in one piece. */
const TIMEOUT_MS = 10_000;

/**
 * One command over Kea's unix socket: one JSON object there, one back, then the end of the stream.
 * @throws DomainError `rack_unavailable` when nobody answers; an error that Kea reports is a reply, not an exception
 */
export async function keaCommand(
  socketPath: string,
  command: string,
  args?: object,
  timeoutMs = TIMEOUT_MS,
): Promise<KeaReply> {
  const fail = (why: string, cause?: unknown) =>
    new DomainError(
      "rack_unavailable",
      `cannot send ${command} to the DHCP server (kea-dhcp4) at ${socketPath}: ${why}`,
      { cause },
    );
  const text = await new Promise<string>((resolve, reject) => {
    const socket = connect(socketPath);
    const chunks: Buffer[] = [];
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    socket.on("connect", () => socket.write(JSON.stringify(args ? { command, arguments: args } : { command })));
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.on("end", () => resolve(Buffer.concat(chunks).toString("utf8")));
    socket.on("error", (error) => reject(fail(error.message, error)));
    socket.on("close", () => reject(fail("the connection was closed without an answer")));
  });
  let reply: Partial<KeaReply>;
  try {
    reply = JSON.parse(text) as Partial<KeaReply>;
  } catch (error) {
    throw fail(`the answer is not JSON: ${text.slice(0, 200)}`, error);
  }
  return { result: reply.result ?? 1, text: reply.text ?? "", arguments: reply.arguments };
}
