import type { TftpRequest } from "@rackwright/wire/tftp/codec";
import { bootPath } from "../boot-path.ts";

/** What happened to a request, for the flight recorder. */
export interface TftpEvent {
  file: string;
  remoteAddress: string;
  /** Ours, as the machine sees it; undefined when refused before a transfer was begun. */
  localAddress?: string;
  outcome: "started" | "finished" | "failed" | "not_found";
  /** Bytes the machine has acknowledged. */
  bytes: number;
  /** How often something had to be sent again. */
  retries: number;
  durationMs: number;
  reason?: string;
}

/** The name as events show it: the path it stands for, or what was sent where it stands for none. */
export const requestedName = (request: TftpRequest): string => bootPath(request.file) ?? request.file.slice(0, 200);

/** A failure of a connected UDP socket, in words for the timeline. */
export function socketFailure(error: Error): string {
  const code = "code" in error ? String(error.code) : error.message;
  return code === "ECONNREFUSED" ? "the machine closed its port" : `cannot send to the machine: ${code}`;
}
