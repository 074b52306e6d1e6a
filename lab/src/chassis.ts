/** The lab's end of ipmi_sim's chassis_control program: a unix socket per machine, one request line per connection. */
import { createServer, type Socket } from "node:net";
import type { BootDevice, Machine } from "./machine.ts";

const bootDevices: readonly string[] = ["none", "pxe", "default", "cdrom", "bios"] satisfies BootDevice[];

/**
 * Answer one request, in the words ipmi_sim uses ("get power", "set boot pxe"; ipmi_lan(5) leaves them out).
 * @throws Error for a request that no machine can do
 */
export async function answerChassis(machine: Machine, request: string): Promise<string> {
  const [verb, what, value = ""] = request.trim().split(/\s+/);
  switch (`${verb} ${what}`) {
    case "get power":
      return `power:${machine.isOn ? 1 : 0}\n`;
    case "get boot":
      return `boot:${machine.bootDevice}\n`;
    case "set power":
      await (value === "0" ? machine.powerOff() : machine.powerOn());
      return "";
    case "set reset":
      await machine.reset();
      return "";
    case "set shutdown":
      await machine.pressPowerButton();
      return "";
    case "set identify":
      return ""; // no lamp
    case "set boot":
      if (!bootDevices.includes(value)) throw new Error(`no boot device is called ${value}`);
      machine.setBootDevice(value as BootDevice);
      return "";
    default:
      throw new Error(`the lab does not know the chassis request "${request.trim()}"`);
  }
}

export interface ChassisServer {
  close(): Promise<void>;
}

export function serveChassis(machine: Machine, path: string, log: (line: string) => void): Promise<ChassisServer> {
  const server = createServer({ allowHalfOpen: true }, (socket) => void serve(socket, machine, log));
  return new Promise((resolve, reject) => {
    server.once("error", (cause) => reject(new Error(`cannot listen on ${path}: ${cause.message}`, { cause })));
    server.listen(path, () => resolve({ close: () => new Promise((done) => server.close(() => done())) }));
  });
}

async function serve(socket: Socket, machine: Machine, log: (line: string) => void): Promise<void> {
  socket.on("error", () => socket.destroy()); // ipmi_sim went away; the action is done all the same
  socket.setEncoding("utf8");
  let request = "";
  for await (const text of socket) request += text as string;
  const reply = await answerChassis(machine, request).then(
    (text) => `ok\n${text}`,
    (error: Error) => {
      log(`BMC: ${request.trim()}: ${error.message}`);
      return `${error.message}\n`;
    },
  );
  if (socket.writable) socket.end(reply);
}
