import { isIPv6 } from "node:net";

/** Where a server that listens on `host` is reached from its own host; one that listens on every address by the name `own`. */
export function originFor(host: string, port: number, own: "localhost" | "127.0.0.1"): string {
  const everywhere = host === "" || host === "0.0.0.0" || host === "::";
  const name = everywhere ? own : isIPv6(host) ? `[${host}]` : host;
  return `http://${name}:${port}`;
}
