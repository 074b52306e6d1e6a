/** What the tests of Kea share: answers in a form that reads well, and a database whose door can be closed. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { chmodSync, existsSync, readFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";

export const DISCOVER = 1;
export const OFFER = 2;
export const REQUEST = 3;
export const ACK = 5;
export const NAK = 6;
export const RELEASE = 7;

/** What the options of a request say of who asks. */
export const firmware = {
  bios: { arch: 0, vendor: "PXEClient:Arch:00000:UNDI:002001" },
  "unknown architecture": { arch: 0x99, vendor: "PXEClient:Arch:00153:UNDI:002001" },
  "no architecture": { vendor: "PXEClient" },
  uefi: { arch: 7, vendor: "PXEClient:Arch:00007:UNDI:003001" },
  "uefi byte code": { arch: 9, vendor: "PXEClient:Arch:00009:UNDI:003001" },
  "uefi http": { arch: 16, vendor: "HTTPClient:Arch:00016:UNDI:003001" },
  ipxe: { arch: 7, vendor: "PXEClient:Arch:00007:UNDI:003001", user_class: "iPXE" },
  arm64: { arch: 11, vendor: "PXEClient:Arch:00011:UNDI:003001" },
  "arm64 http": { arch: 19, vendor: "HTTPClient:Arch:00019:UNDI:003001" },
  powernv: { arch: 14, vendor: "PXEClient" },
} as const;

export interface Answer {
  type?: number;
  yiaddr: string;
  siaddr: string;
  file: string;
  server: string;
  options: Record<number, string>;
  ms: number;
}

/** PostgreSQL's unix socket once more in another directory: closing this is an outage for who uses it, and for nobody else. */
export async function openDoor(
  directory: string,
  { host, port }: { host: string; port: number },
): Promise<{ close(): Promise<void> }> {
  const name = `.s.PGSQL.${port}`;
  const open = new Set<Socket>();
  const server = createServer((inner) => {
    const outer = connect(join(host, name));
    for (const socket of [inner, outer]) {
      open.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        inner.destroy();
        outer.destroy();
        open.delete(socket);
      });
    }
    inner.pipe(outer).pipe(inner);
  });
  server.listen(join(directory, name));
  await once(server, "listening");
  chmodSync(join(directory, name), 0o777);
  return {
    close: async () => {
      if (!server.listening) return;
      const closed = once(server, "close");
      server.close();
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}

export const readMac = (name: string) => readFileSync(`/sys/class/net/${name}/address`, "utf8").trim();
/** Empty for a process that is gone or a zombie. */
export const readCommandLine = (pid: number) =>
  existsSync(`/proc/${pid}`) ? readFileSync(`/proc/${pid}/cmdline`, "utf8") : "";
export const text = (ascii: string) => Buffer.from(ascii).toString("hex");
export const ms = (value: number) => `${value.toFixed(1)} ms`;
export const options = ({ options: all }: Answer) =>
  Object.fromEntries(Object.entries(all).filter(([code]) => ![12, 53, 54, 58, 59, 119].includes(Number(code))));
/** Next server, file (header field and option 67 must agree), vendor class. */
export function boot(answer: Answer): string[] {
  const file67 = Buffer.from(answer.options[67] ?? "", "hex").toString();
  assert.equal(file67, answer.file);
  return [answer.siaddr, answer.file, Buffer.from(answer.options[60] ?? "", "hex").toString()];
}
