/** The process between the machines' serial ports and their BMCs. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { startDaemon } from "./daemon.ts";
import { until } from "./exec.ts";
import { inNamespace } from "./network.ts";
import type { Recorder } from "./record.ts";

/** Where QEMU connects to. */
export const serialSocket = (runDir: string, machine: string): string => join(runDir, `${machine}.serial`);

/** On the namespace's loopback, where nobody of the segment reaches it. */
export const serialPort = (machine: number): number => 7001 + machine;

/** @param names  of all machines, in their order */
export async function startSerialPorts(
  netns: string,
  names: readonly string[],
  places: { runDir: string; log: string },
  recorder: Recorder,
): Promise<void> {
  if (names.length === 0) return;
  const program = join(import.meta.dirname, "serial-ports.mjs");
  const sockets = names.map((name) => serialSocket(places.runDir, name));
  const argv = inNamespace(netns, [
    process.execPath,
    program,
    ...sockets.flatMap((socket, machine) => [socket, String(serialPort(machine))]),
  ]);
  const relay = startDaemon("serial ports", argv, places.log, recorder);
  await until(`the machines' serial ports can be connected to (see ${relay.log})`, 10_000, () => {
    relay.assertRunning();
    return sockets.every((socket) => existsSync(socket)) || undefined;
  });
}
