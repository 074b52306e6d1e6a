import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/**
 * Hand TCP connections on `host`:`port` to a unix socket: how a browser on the host reaches a controller inside the lab's
 * namespace, of which the host's network knows nothing. Port 0 takes a free one; the result says which.
 * @throws Error when the port cannot be had
 */
export function forwardPort(options: {
  port: number;
  host?: string;
  unixSocket: string;
}): Promise<{ port: number; close(): Promise<void> }> {
  const host = options.host ?? "127.0.0.1";
  const open = new Set<Socket>();
  // Half-open: who has said all may still listen; ends are passed on by pipe, after the data before them.
  const server = createServer({ allowHalfOpen: true }, (outside) => {
    const inside = connect({ path: options.unixSocket, allowHalfOpen: true });
    for (const [socket, other] of [
      [outside, inside],
      [inside, outside],
    ] as const) {
      open.add(socket);
      // A side that fails, or a controller that does not listen yet, ends this one connection.
      socket.on("error", () => other.destroy());
      socket.on("close", () => open.delete(socket));
    }
    outside.pipe(inside).pipe(outside);
  });
  const close = () =>
    new Promise<void>((done) => {
      server.close(() => done());
      for (const socket of open) socket.destroy();
    });
  return new Promise((resolve, reject) => {
    server.once("error", (cause) =>
      reject(new Error(`cannot forward ${host}:${options.port}: ${cause.message}`, { cause })),
    );
    server.listen(options.port, host, () => resolve({ port: (server.address() as AddressInfo).port, close }));
  });
}
