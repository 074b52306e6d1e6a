/** Every way out of a driver: programs, HTTP, user-made patterns. Handed to drivers, so a test can put others in place. */
import type { Command, Finished } from "./outside/run-program.ts";
import { runProgram } from "./outside/run-program.ts";
import type { HttpReply, HttpRequest } from "./outside/http.ts";
import { httpRequest } from "./outside/http.ts";
import { streamProgram } from "./outside/stream-program.ts";
import { matchPattern } from "./outside/match.ts";

export interface Outside {
  /** Run a program to its end. Rejects with PowerError `unsupported` when it is not installed. */
  run(command: Command, signal: AbortSignal): Promise<Finished>;
  /** Run `command` until it or `signal` ends it, and hand on what it prints; resolves then. Rejects as `run` does. */
  stream(command: Command, onText: (text: string) => void, signal: AbortSignal): Promise<Finished>;
  /** One request, no redirects followed; rejects with the system error as it is. Host names are resolved here. */
  http(request: HttpRequest, signal: AbortSignal): Promise<HttpReply>;
  /** Whether a pattern that a user wrote matches, within a time limit. */
  matches(pattern: string, text: string, signal: AbortSignal): Promise<boolean>;
}

export const realOutside: Outside = {
  run: runProgram,
  stream: streamProgram,
  http: httpRequest,
  matches: matchPattern,
};
