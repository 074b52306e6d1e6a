/** Why a port could not be listened on, for whoever chose it. */

/** @param how what to do to get another port. @returns the error itself when it is about something else */
export function cannotListen(
  error: unknown,
  what: string,
  { host, port }: { host: string; port: number },
  how: string,
): unknown {
  const { code } = error as NodeJS.ErrnoException;
  const where = `${what} cannot listen on ${host} port ${port}`;
  if (code === "EADDRINUSE")
    return new Error(`${where}: another program listens there. Stop that one, or ${how}`, { cause: error });
  if (code === "EACCES")
    return new Error(`${where}: ports below 1024 need root. Run it as root, or ${how}`, { cause: error });
  if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND")
    return new Error(`${where}: this host has no such address. Choose another one with --host`, { cause: error });
  return error;
}
