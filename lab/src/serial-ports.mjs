// Leads the machines' serial ports to their BMCs, so that Serial over LAN works: QEMU's end is a unix socket that each run of QEMU connects to
// anew, the BMC's a TCP connection that stays. (ipmi_sim, left alone with QEMU, reconnects after 10 s, and sometimes never.)
// usage: serial-ports.mjs SOCKET PORT [SOCKET PORT]...
// Not TypeScript: it runs as long as the lab, and stripping types costs memory.
import { createServer } from "node:net";

/** What a BMC has not read yet; a console has no memory, so more than that is dropped, and no guest waits for it. */
const MOST_WAITING = 64 * 1024;

const words = process.argv.slice(2);
for (let i = 0; i + 1 < words.length; i += 2) leadThrough(words[i], Number(words[i + 1]));

function leadThrough(socketPath, port) {
  let machine;
  let bmc;
  const hand = (to, data) => {
    if (to?.writable && to.writableLength < MOST_WAITING) to.write(data);
  };
  const bmcs = createServer((socket) => {
    bmc = socket.setNoDelay().on("error", () => {});
    socket.on("data", (data) => hand(machine, data));
  });
  const machines = createServer((socket) => {
    machine = socket.on("error", () => {});
    socket.on("data", (data) => hand(bmc, data));
  });
  // The unix socket last: when it is there, both are.
  bmcs.listen(port, "127.0.0.1", () => machines.listen(socketPath));
}
