/** An installation is for real machines or for emulated ones, and cannot be made the other. */
export function otherKind(simulated: boolean): Error {
  return new Error(
    simulated
      ? "this installation is for real machines: --simulated needs a data directory (and database) of its own"
      : "this installation was made with --simulated, for emulated machines: start it with that option",
  );
}
